"""What leaves a task's call."""

from __future__ import annotations

import asyncio

import pytest

from backline.errors import TryLater
from backline.runtime.call import call_task
from tests.runtime.stage import Done, Word, declare


@pytest.mark.parametrize(
    ("raised", "leaves", "words"),
    [
        (ValueError("odd"), ValueError, "odd"),
        (TryLater(3), TryLater, None),
        (KeyboardInterrupt(), KeyboardInterrupt, None),
        (SystemExit(3), RuntimeError, r"sys\.exit\(3\)"),
        (asyncio.CancelledError(), RuntimeError, "CancelledError"),
        (GeneratorExit(), RuntimeError, "GeneratorExit"),
    ],
)
def test_only_exceptions_and_what_comes_from_outside_leave_a_task(
    raised: BaseException, leaves: type[BaseException], words: str | None
) -> None:
    def fail(job: Word) -> Done:
        raise raised

    with pytest.raises(leaves, match=words):
        call_task(declare()(fail), Word(), {})


def test_a_task_is_given_its_job_and_what_it_needs() -> None:
    def say(job: Word) -> Done:
        return Done(word=job.word)

    assert call_task(declare()(say), Word(word="b"), {}) == Done(word="b")
