"""Refusals before a run starts, and the verdict over its end; the whole of it is tested in test_run.py."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from backline.errors import LeaseLost, TimeLimit, TryLater
from backline.runtime.settle import end_cancelled, put_end, refuse_unready, seconds_left
from tests.runtime.conftest import MakeStage
from tests.runtime.stage import Done, Word, declare

SECOND = 1_000_000


def make_row(**values: Any) -> Any:
    plain = {
        "id": "r", "task": "probe.work", "version": 1, "attempt": 0, "faults": 0, "bugs": 0, "fence": 0, "now_at": 0,
        "cancel_requested_at": None, "expires_at": None, "deadline_at": None, "started_at": None,
    }  # fmt: skip
    return SimpleNamespace(**plain | values)


def say(job: Word) -> Done:
    return Done()


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, None),
        ({"cancel_requested_at": 1}, "cancelled"),
        ({"expires_at": 0}, "expired"),
        ({"expires_at": 0, "started_at": 0}, None),
        ({"deadline_at": 0}, "needs_attention"),
        ({"version": 2}, "blocked"),
    ],
)
def test_what_must_not_start_is_refused(values: dict[str, Any], state: str | None) -> None:
    refusal = refuse_unready(make_row(**values), declare()(say))
    assert (refusal.state if refusal else None) == state


def test_an_unknown_task_rests_longer_each_time() -> None:
    delays = [refuse_unready(make_row(fence=fence), None) for fence in (0, 2, 8, 40)]
    assert [end.delay for end in delays if end] == [0.0, 2.0, 16.0, 900.0]


def test_a_wait_beyond_the_deadline_needs_attention(stage: MakeStage) -> None:
    runtime = stage(declare()(say)).runtime
    row = make_row(deadline_at=60 * SECOND)
    assert seconds_left(row) == 60
    assert put_end(runtime, row, TryLater(30)).state == "scheduled"
    late = put_end(runtime, row, TryLater(90))
    assert (late.state, late.error_kind, late.final) == ("needs_attention", "deadline", True)
    assert put_end(runtime, make_row(deadline_at=0), TimeLimit("x")).state == "needs_attention"


def test_a_run_that_another_claimed_under_the_same_fence_is_not_cancelled(stage: MakeStage) -> None:
    """A crash of the server may take a claim back (docs/decisions/0009): nobody asked for an end."""
    on = stage(declare()(say))
    run_id = on.submit(on.tasks["probe.work"], "a")
    with on.database.write() as connection:
        row = on.runtime.leases.pick(connection, "probe")
        assert row is not None
        claimed = on.runtime.leases.claim(connection, row, "host/other/2")
    ours: Any = SimpleNamespace(watch=SimpleNamespace(fence=claimed.fence), job=None)
    with on.database.write() as connection, pytest.raises(LeaseLost):
        end_cancelled(on.runtime, connection, row, ours)
    assert (on.row(run_id).state, on.row(run_id).worker) == ("running", "host/other/2")
    on.change(run_id, cancel_requested_at=1)
    with on.database.write() as connection:
        assert end_cancelled(on.runtime, connection, row, ours).state == "cancelled"
    assert on.row(run_id).state == "cancelled"
