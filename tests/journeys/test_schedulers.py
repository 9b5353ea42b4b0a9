"""Any number of schedulers: each slot fires once."""

from __future__ import annotations

from backline.runtime.schedule import add_schedule
from tests.journeys.conftest import on
from tests.journeys.plug_in import journey_tasks
from tests.journeys.processes import wait_for
from tests.journeys.stacks import Stack

HOUR = 3_600_000_000  # microseconds


def add_past_schedule(stack: Stack, catch_up: str) -> str:
    """A schedule of every minute whose slots of the last hour are due."""
    with stack.database.write() as connection:
        schedule_id = add_schedule(
            connection, stack.database, journey_tasks.mark, journey_tasks.Mark(number=7),
            cron="* * * * *", zone="UTC", catch_up=catch_up, who="journey",
        )  # fmt: skip
        connection.exec_driver_sql(f"UPDATE backline_schedule SET next_slot = next_slot - {HOUR}")
    return schedule_id


@on()
def test_two_schedulers_fire_each_slot_once(stack: Stack) -> None:
    stack.crew.scheduler("scheduler-1")
    stack.crew.scheduler("scheduler-2")
    stack.crew.worker()
    wait_for("both schedulers", lambda: all("watching" in stack.crew.log(f"scheduler-{n}") for n in (1, 2)))
    for round_number in range(3):
        schedule_id = add_past_schedule(stack, "all")
        with stack.database.write() as connection:  # the earlier rounds' schedules rest
            connection.exec_driver_sql(
                f"UPDATE backline_schedule SET enabled = false WHERE id <> '{schedule_id}'"
            )
        sql = "SELECT slot FROM backline_run WHERE schedule_id = :id"
        slots = wait_for(
            "an hour of slots",
            lambda sql=sql, which=schedule_id: len(found := stack.query(sql, id=which)) >= 60 and found,
        )
        assert len({row.slot for row in slots}) == len(slots), round_number
    with stack.database.write() as connection:  # or the minute that begins now brings one more
        connection.exec_driver_sql("UPDATE backline_schedule SET enabled = false")
    total = stack.one("SELECT count(*) AS n FROM backline_run").n
    wait_for("all runs", lambda: stack.crew.look() or stack.count("succeeded") >= total)
    assert stack.effects(7) == stack.one("SELECT count(*) AS n FROM backline_run").n
