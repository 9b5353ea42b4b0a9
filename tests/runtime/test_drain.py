"""What a bell sets going, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from backline.errors import LeaseLost
from backline.runtime.drain import AWAY, drain_queue
from backline.runtime.effects import Effects
from tests.runtime.conftest import MakeStage
from tests.runtime.stage import QUEUE, Done, Stage, Word, declare, write_word


def say(job: Word, effects: Effects) -> Done:
    effects.add(write_word(job.word))
    return Done(word=job.word)


def _drain(on: Stage, seconds: float = 60) -> tuple[int, int]:
    before = len(on.broker.rung)
    return drain_queue(on.runtime, QUEUE, seconds), len(on.broker.rung) - before


def test_a_bell_begets_at_most_one_bell(stage: MakeStage) -> None:
    task = declare(short=True)(say)
    on = stage(task)
    for _ in range(4):
        on.submit(task)
    assert _drain(on) == (4, 1)  # called at the second run
    on.submit(task)
    assert _drain(on) == (1, 0)  # one run needs one pair of hands
    for _ in range(5):
        on.submit(task)
    assert _drain(on, seconds=0) == (1, 1)  # the slice ends first: one bell for whoever goes on
    assert _drain(on) == (4, 1)


def test_a_long_run_calls_for_others_before_it_begins(stage: MakeStage) -> None:
    """Several long runs asked for at once are rung for with one bell."""
    rung: list[int] = []

    def work(job: Word) -> Done:
        rung.append(len(on.broker.rung))
        return Done()

    task = declare()(work)
    on = stage(task)
    for _ in range(3):
        on.submit(task)
    on.broker.rung.clear()
    assert _drain(on, seconds=0) == (1, 1)
    assert rung == [1]
    assert _drain(on) == (2, 1)
    assert rung == [1, 2, 2]


def test_a_lost_lease_does_not_end_the_slice(stage: MakeStage) -> None:
    def work(job: Word) -> Done:
        if job.word == "lost":
            raise LeaseLost
        return Done()

    task = declare()(work)
    on = stage(task)
    on.submit(task, "lost")
    behind = on.submit(task, "behind")
    assert _drain(on)[0] == 2
    assert on.row(behind).state == "succeeded"


def test_a_worker_that_is_to_stop_begins_no_further_run(stage: MakeStage) -> None:
    def work(job: Word) -> Done:
        on.runtime.stop.give()
        return Done()

    task = declare(short=True)(work)
    on = stage(task)
    first, second = on.submit(task), on.submit(task)
    assert _drain(on) == (1, 1)  # its bell is for another worker
    assert [on.row(first).state, on.row(second).state] == ["succeeded", "queued"]
    assert _drain(on) == (0, 1)
    assert _drain(on.other()) == (1, 0)


class Shaky:
    """Leases whose first looks find the database away."""

    def __init__(self, on: Stage, times: int, *, dead: bool) -> None:
        self._real = on.runtime.leases
        self._times = times
        self._dead = dead

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def pick(self, connection: Connection, queue: str) -> object:
        if self._times:
            self._times -= 1
            error = ConnectionResetError("gone")
            raise OperationalError("SELECT", {}, error, connection_invalidated=self._dead)
        return self._real.pick(connection, queue)


def test_a_dead_connection_of_the_pool_costs_nothing(stage: MakeStage) -> None:
    task = declare()(say)
    on = stage(task)
    on.submit(task)
    on.runtime.leases = Shaky(on, 1, dead=True)  # type: ignore[assignment]  # stands in for the real one
    assert _drain(on) == (1, 0)


def test_a_bell_is_not_lost_where_the_database_is_away(
    stage: MakeStage, caplog: pytest.LogCaptureFixture
) -> None:
    task = declare()(say)
    on = stage(task)
    on.submit(task)
    on.runtime.leases = Shaky(on, 1, dead=False)  # type: ignore[assignment]  # stands in for the real one
    assert _drain(on) == (0, 1)
    assert "its bell rings again" in caplog.text and AWAY <= 1
    assert _drain(on)[0] == 1
