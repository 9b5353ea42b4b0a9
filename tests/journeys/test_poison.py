"""Runs that kill or hold their worker end; they do not go round for ever."""

from __future__ import annotations

from tests.journeys.conftest import on
from tests.journeys.plug_in import journey_tasks
from tests.journeys.processes import wait_for
from tests.journeys.stacks import Stack

FORMS = {"redis": journey_tasks.poison, "embedded": journey_tasks.short_poison}


@on(*FORMS)
def test_poison_is_dead_after_three_losses(stack: Stack) -> None:
    run_id = stack.submit(FORMS[stack.name], 1)
    stack.crew.worker(concurrency=1)

    def is_over() -> bool:
        stack.crew.look()
        return stack.state(run_id) in ("dead", "failed", "succeeded")

    wait_for("the poison to be dead", is_over, 60)
    row = stack.one("SELECT state, error_kind, lost FROM backline_run WHERE id = :id", id=run_id)
    assert tuple(row) == ("dead", "poison", 3)
    after = stack.submit(journey_tasks.mark, 2)
    wait_for("the worker to go on", lambda: stack.crew.look() or stack.state(after) == "succeeded", 30)


HANGS = {"rabbitmq": journey_tasks.hang, "embedded": journey_tasks.short_hang}


@on(*HANGS)
def test_hard_limit_ends_a_run_that_hears_nothing(stack: Stack) -> None:
    run_id = stack.submit(HANGS[stack.name], 1)
    stack.crew.worker(concurrency=1)

    def tried() -> list[object]:
        return stack.query("SELECT outcome, error_text FROM backline_attempt WHERE run_id = :id", id=run_id)

    rows = wait_for("the hard limit", tried, 30)
    assert "Still busy after 1.5 s" in rows[0].error_text
    after = stack.submit(journey_tasks.mark, 2)
    wait_for("the worker to go on", lambda: stack.crew.look() or stack.state(after) == "succeeded", 30)
    assert stack.effects(2) == 1
    wait_for("two more tries and the end", lambda: stack.crew.look() or stack.state(run_id) == "dead", 60)
    assert len(tried()) == 3
