"""A worker and a scheduler whose clock is a day wrong, and is stepped while they run: the database's clock counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backline.runtime.schedule import add_schedule
from tests.conftest import skip_missing
from tests.journeys.conftest import on
from tests.journeys.plug_in import journey_tasks
from tests.journeys.processes import wait_for
from tests.journeys.stacks import Stack, idle
from tests.services.faketime import DAY, WrongClock
from tests.services.programs import Missing

MINUTE = 60_000_000  # microseconds
TIMES = "SELECT created_at, due_at, claimed_at, started_at, finished_at, lease_until FROM backline_run"


def give_clock(stack: Stack, seconds: int) -> WrongClock:
    """Whatever the crew starts from now on has this clock."""
    clock, missing = None, ""
    try:
        clock = WrongClock(stack.folder / "clock", seconds)
    except Missing as error:
        missing = str(error)
    if clock is None:
        skip_missing(missing)
    stack.crew.extend(clock.env)
    return clock


@pytest.mark.parametrize("days", [pytest.param(1, marks=pytest.mark.long), -1], ids=["ahead", "behind"])
@on("redis")
def test_a_day_wrong(stack: Stack, days: int) -> None:
    clock = give_clock(stack, days * DAY)
    with stack.database.write() as connection:
        now = stack.database.now(connection)
        schedule = {"cron": "0 0 1 1 *", "zone": "UTC", "catch_up": "none", "who": "journey"}
        job = journey_tasks.mark.read_job(90)
        add_schedule(connection, stack.database, journey_tasks.mark, job, **schedule)
        due = add_schedule(
            connection, stack.database, journey_tasks.mark, job, **{**schedule, "catch_up": "last"}
        )
        connection.exec_driver_sql(
            f"UPDATE backline_schedule SET next_slot = {now - MINUTE} WHERE id = '{due}'"
        )
    moment = datetime.now(UTC)
    soon = stack.submit(journey_tasks.mark, 1, eta=moment + timedelta(seconds=3))
    far = stack.submit(journey_tasks.mark, 2, eta=moment + timedelta(hours=12))
    good = stack.submit(journey_tasks.mark, 3, expires=3600)
    late = stack.submit(journey_tasks.mark, 4, eta=moment + timedelta(seconds=2), expires=1)
    held = stack.submit(journey_tasks.work, 5, 5000)  # longer than a lease
    stack.crew.worker()
    stack.crew.scheduler()
    wait_for("the run in hand", lambda: stack.state(held) == "running")
    clock.step(-days * DAY)  # two days at once, with a run in hand
    ended = (soon, good, held)
    wait_for("all that is due", lambda: all(stack.state(run) == "succeeded" for run in ended), 40)
    wait_for("the slot that is due", lambda: stack.effects(90) == 1)
    wait_for("what comes too late", lambda: stack.state(late) == "expired")
    assert stack.state(far) == "scheduled"
    assert [stack.effects(number) for number in (1, 2, 3, 4, 5, 90)] == [1, 0, 1, 0, 1, 1]
    assert stack.one("SELECT sum(lost) AS n FROM backline_run").n == 0  # nobody took a lease for run out
    until = stack.one("SELECT max(next_slot) AS n FROM backline_schedule").n
    assert until - now < 367 * DAY * 1_000_000
    for row in stack.query(TIMES):
        for moment_at in filter(None, (row.created_at, row.claimed_at, row.started_at, row.finished_at)):
            assert now - MINUTE < moment_at < now + 5 * MINUTE


@pytest.mark.parametrize("days", [1, pytest.param(-1, marks=pytest.mark.long)], ids=["ahead", "back"])
@on("embedded")
def test_the_clock_of_an_embedded_stack_is_set_with_a_run_in_hand(stack: Stack, days: int) -> None:
    """SQLite has no clock but the machine's: all processes see the step, and each effect counts once."""
    clock = give_clock(stack, 0)
    held = stack.submit(journey_tasks.work, 1, 2500)
    stack.crew.worker(concurrency=1)
    wait_for("the run in hand", lambda: stack.state(held) == "running")
    clock.step(days * DAY)
    stack.crew.scheduler()
    wait_for("its end", lambda: stack.state(held) == "succeeded", 40)
    idle(1.0)
    assert stack.effects(1) == 1
    assert not stack.crew.has_ended()


@on("embedded")
def test_a_lease_beyond_all_leases_is_lost(stack: Stack) -> None:
    """The clock went back by a day while a worker died: nobody waits a day for its lease."""
    clock = give_clock(stack, DAY)
    held = stack.submit(journey_tasks.deaf, 1, 1500)
    stack.crew.worker(concurrency=1)
    wait_for("the run in hand", lambda: stack.state(held) == "running")
    stack.crew.kill_all()
    clock.step(0)
    stack.crew.worker("another", concurrency=1)
    wait_for("somebody to carry it", lambda: stack.state(held) == "succeeded", 40)
    assert stack.effects(1) == 1


def test_the_folder_of_a_clock_is_needed(tmp_path: Path) -> None:
    with pytest.raises((FileNotFoundError, Missing)):
        WrongClock(tmp_path / "absent" / "clock")
