"""What a process needs before it carries runs: every need of every task has somebody who provides it."""

from __future__ import annotations

from typing import Any

import pytest

from backline.runtime.claim import Watch
from backline.runtime.steps import Steps
from backline.runtime.task import BadTask
from backline.storage.database import Database
from tests.runtime.stage import Done, Stage, Word, declare


def test_a_need_that_nobody_provides_stops_the_start(database: Database) -> None:
    class Amplifier:
        """Nothing provides it."""

    def work(job: Word, amplifier: Any) -> Done:
        return Done()

    work.__annotations__["amplifier"] = Amplifier
    odd = declare()(work)
    with pytest.raises(BadTask, match="nothing provides Amplifier for amplifier"):
        Stage(database, odd)


def with_steps(job: Word, steps: Steps) -> Done:
    return Done()


def with_watch(job: Word, watch: Watch) -> Done:
    return Done()


@pytest.mark.parametrize("function", [with_steps, with_watch])
def test_a_short_task_has_no_steps_and_no_watch(database: Database, function: Any) -> None:
    with pytest.raises(BadTask, match="is short"):
        Stage(database, declare(short=True)(function))
    Stage(database, declare()(function))
