"""Ways to ask for a run: now, later, at a time, in time or not at all, by schedule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.journeys.conftest import on
from tests.journeys.plug_in import journey_tasks
from tests.journeys.processes import wait_for
from tests.journeys.stacks import Stack
from tests.journeys.test_schedulers import add_past_schedule


@on()
def test_delay_then_get(stack: Stack) -> None:
    stack.crew.worker()
    app = stack.desk.app
    answers = [app.tasks["journey.mark"].delay(1).get(timeout=30)]
    answers.append(app.tasks["journey.work"].apply_async((2,), {"milliseconds": 5}).get(timeout=30))
    assert [(answer["task"], answer["number"]) for answer in answers] == [
        ("journey.mark", 1),
        ("journey.work", 2),
    ]
    assert [stack.effects(1), stack.effects(2)] == [1, 1]


@on()
def test_due_times_and_expiry_are_rows(stack: Stack) -> None:
    late = stack.submit(journey_tasks.mark, 3, expires=0.5)
    wait_for(
        "its time to be over",
        lambda: stack.query(f"SELECT 1 FROM backline_run WHERE expires_at < {stack.database.now_sql}"),
    )
    stack.crew.worker()
    wait_for("the worker to end what is late", lambda: stack.state(late) == "expired")
    soon = stack.submit(journey_tasks.mark, 1, countdown=1.5)
    then = stack.submit(journey_tasks.mark, 2, eta=datetime.now(UTC) + timedelta(seconds=1.5))
    assert {stack.state(soon), stack.state(then)} == {"scheduled"}
    wait_for("both", lambda: stack.count("succeeded") == 2)
    for row in stack.query("SELECT started_at, due_at FROM backline_run WHERE state = 'succeeded'"):
        assert 0 <= row.started_at - row.due_at < 15_000_000  # microseconds
    assert stack.state(late) == "expired"
    assert stack.effects(3) == 0


@on()
def test_slot_of_a_schedule_becomes_a_run_that_succeeds(stack: Stack) -> None:
    schedule_id = add_past_schedule(stack, "last")
    stack.crew.scheduler()
    stack.crew.worker()
    row = wait_for(
        "the slot's run",
        lambda: stack.one("SELECT id, asked_by FROM backline_run WHERE schedule_id = :id", id=schedule_id),
    )
    assert row.asked_by == f"schedule:{schedule_id}"
    wait_for("its success", lambda: stack.state(row.id) == "succeeded")
    assert stack.effects(7) == 1
