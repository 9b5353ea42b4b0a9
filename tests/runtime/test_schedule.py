"""Slots become runs, each once, whatever is caught up and however many schedulers look."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from backline.errors import BadInput
from backline.runtime.schedule import Scheduler, add_schedule
from backline.runtime.task import Task
from backline.storage.clock import from_micros, to_micros
from backline.storage.database import Database
from backline.storage.schedules import PAGE, delete_schedule, list_schedules, read_schedule, set_enabled
from tests.runtime.stage import Done, FakeBroker, Word, declare

HOUR = 3_600_000_000


def work(job: Word) -> Done:
    return Done()


class Plan:
    """A database with schedulers."""

    def __init__(self, database: Database, *tasks: Task[Any, Any]) -> None:
        self.database = database
        self.broker = FakeBroker()
        self.tasks = {task.name: task for task in tasks}

    def scheduler(self) -> Scheduler:
        return Scheduler(self.database, self.tasks, self.broker.ring, 25.0)

    def add(self, task: Task[Any, Any], cron: str = "0 * * * *", zone: str = "UTC", **options: Any) -> str:
        with self.database.write() as connection:
            return add_schedule(
                connection, self.database, task, Word(word=options.pop("word", "a")), cron=cron, zone=zone,
                catch_up=options.pop("catch_up", "none"), who="ann",
            )  # fmt: skip

    def row(self, schedule: str) -> Any:
        with self.database.read() as connection:
            return read_schedule(connection, schedule)

    def move(self, schedule: str, by: int) -> int:
        """Put the next slot so many microseconds back; returns it."""
        with self.database.write() as connection:
            connection.execute(
                text("UPDATE backline_schedule SET next_slot = next_slot - :by WHERE id = :id"),
                {"by": by, "id": schedule},
            )
        return int(self.row(schedule).next_slot)

    def runs(self) -> list[Any]:
        with self.database.read() as connection:
            return list(connection.execute(text("SELECT * FROM backline_run ORDER BY slot")).all())


@pytest.fixture
def plan(database: Database) -> Plan:
    return Plan(database, declare()(work))


def test_a_new_schedule_waits_for_its_next_slot(plan: Plan) -> None:
    schedule = plan.add(plan.tasks["probe.work"], "30 6 * * *", "Europe/Berlin", catch_up="last")
    row = plan.row(schedule)
    assert (row.cron, row.zone, row.catch_up) == ("30 6 * * *", "Europe/Berlin", "last")
    assert (row.task, row.version, row.created_by) == ("probe.work", 1, "ann")
    assert json.loads(row.job)["word"] == "a" and row.enabled
    with plan.database.read() as connection:
        wait = row.next_slot - plan.database.now(connection)
    assert 0 < wait <= 25 * HOUR
    assert plan.scheduler().fire_due() == 0 and plan.runs() == []


@pytest.mark.parametrize(
    ("cron", "zone", "catch_up"),
    [("x", "UTC", "none"), ("0 * * * *", "X", "none"), ("0 * * * *", "UTC", "some")],
)
def test_a_schedule_that_cannot_be_is_refused(plan: Plan, cron: str, zone: str, catch_up: str) -> None:
    with pytest.raises(BadInput):
        plan.add(plan.tasks["probe.work"], cron, zone, catch_up=catch_up)
    with plan.database.read() as connection:
        assert list_schedules(connection) == []


@pytest.mark.parametrize(("catch_up", "fired"), [("none", 0), ("last", 1), ("all", 24)])
def test_missed_slots(plan: Plan, catch_up: str, fired: int) -> None:
    schedule = plan.add(plan.tasks["probe.work"], catch_up=catch_up)
    first = plan.move(schedule, 24 * HOUR)
    with plan.database.read() as connection:  # not within the minute in which `none` still fires
        late = (plan.database.now(connection) - first) % HOUR
    if late <= 60_000_000 and catch_up == "none":
        fired = 1
    assert plan.scheduler().fire_due() == fired
    slots = [row.slot for row in plan.runs()]
    expected = [first + number * HOUR for number in range(24)]
    assert slots == expected[len(expected) - fired :]
    assert plan.broker.rung == ["probe"] * fired
    assert plan.row(schedule).next_slot == first + 24 * HOUR
    assert plan.scheduler().fire_due() == 0


def test_a_slot_that_is_due_just_now_fires_whatever_is_caught_up(plan: Plan) -> None:
    schedule = plan.add(plan.tasks["probe.work"], "* * * * *", catch_up="none")
    slot = plan.move(schedule, 60_000_000)
    assert plan.scheduler().fire_due() == 1
    (run,) = plan.runs()
    assert (run.schedule_id, run.slot, run.asked_by) == (schedule, slot, f"schedule:{schedule}")
    assert run.idempotency_key == f"{schedule}:{from_micros(slot).isoformat()}"


@pytest.mark.parametrize("catch_up", ["none", "last"])
def test_a_long_silence_is_not_gone_through_slot_by_slot(plan: Plan, catch_up: str) -> None:
    schedule = plan.add(plan.tasks["probe.work"], "* * * * *", catch_up=catch_up)
    first = plan.move(schedule, 400 * 24 * HOUR)
    began = plan.row(schedule).next_slot
    assert plan.scheduler().fire_due() == 1
    (run,) = plan.runs()
    assert run.slot > first + 399 * 24 * HOUR and (run.slot - began) % 60_000_000 == 0
    assert plan.row(schedule).next_slot == run.slot + 60_000_000


def test_a_rare_slot_is_found_however_long_ago(plan: Plan) -> None:
    schedule = plan.add(plan.tasks["probe.work"], "0 0 1 1 *", catch_up="last")
    with plan.database.read() as connection:
        year = from_micros(plan.database.now(connection)).year
    new_year = from_micros(plan.row(schedule).next_slot).replace(year=year)
    plan.move(schedule, plan.row(schedule).next_slot - to_micros(new_year.replace(year=year - 3)))
    assert plan.scheduler().fire_due() == 1
    assert [run.slot for run in plan.runs()] == [to_micros(new_year)]


def test_any_number_of_schedulers_fire_each_slot_once(plan: Plan) -> None:
    for number in range(3):
        plan.move(plan.add(plan.tasks["probe.work"], catch_up="all", word=str(number)), 10 * HOUR)
    fired: list[int] = []
    gate = threading.Barrier(4)

    def look(scheduler: Scheduler) -> None:
        gate.wait()
        fired.append(scheduler.fire_due())

    threads = [threading.Thread(target=look, args=(plan.scheduler(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fired) == 4 and sum(fired) == 30
    assert len({(run.schedule_id, run.slot) for run in plan.runs()}) == len(plan.runs()) == 30


def test_a_slot_that_has_its_run_already_makes_no_second_one(plan: Plan) -> None:
    schedule = plan.add(plan.tasks["probe.work"], catch_up="all")
    plan.move(schedule, HOUR)
    plan.scheduler().fire_due()
    plan.move(schedule, HOUR)  # as after a restored backup of the schedule
    plan.scheduler().fire_due()
    assert len(plan.runs()) == 1


def test_a_paused_schedule_is_silent_and_a_resumed_one_goes_on_from_now(plan: Plan) -> None:
    schedule = plan.add(plan.tasks["probe.work"], catch_up="all")
    plan.move(schedule, 5 * HOUR)
    with plan.database.write() as connection:
        set_enabled(connection, schedule, enabled=False)
    assert plan.scheduler().fire_due() == 0
    with plan.database.write() as connection:
        upcoming = plan.database.now(connection) + HOUR
        set_enabled(connection, schedule, enabled=True, next_slot=upcoming)
    assert plan.scheduler().fire_due() == 0
    assert plan.row(schedule).next_slot == upcoming
    with plan.database.write() as connection:
        delete_schedule(connection, schedule)
        assert list_schedules(connection) == []


def test_one_bad_schedule_does_not_silence_the_others(plan: Plan, caplog: pytest.LogCaptureFixture) -> None:
    bad, gone, newer, good = (plan.add(plan.tasks["probe.work"], catch_up="all") for _ in range(4))
    slots = {schedule: plan.move(schedule, HOUR) for schedule in (bad, gone, newer, good)}
    with plan.database.write() as connection:
        for schedule, change in ((bad, "job = '{}x'"), (gone, "task = 'no.task'"), (newer, "version = 9")):
            connection.execute(text(f"UPDATE backline_schedule SET {change} WHERE id = '{schedule}'"))
    scheduler = plan.scheduler()
    assert [scheduler.fire_due() for _ in range(5)] == [1, 0, 0, 0, 0]
    assert caplog.text.count("wait") == 3  # each is told once
    assert [run.schedule_id for run in plan.runs()] == [good]
    for schedule in (bad, gone, newer):
        assert plan.row(schedule).next_slot == slots[schedule]  # its slots wait


@pytest.mark.parametrize("change", ["task = 'no.task'", "version = 9", "job = '{}x'", "cron = 'x'"])
def test_any_number_of_bad_schedules_silence_no_other(plan: Plan, change: str) -> None:
    with plan.database.write() as connection:
        for _ in range(PAGE):
            add_schedule(
                connection, plan.database, plan.tasks["probe.work"], Word(), cron="0 * * * *", zone="UTC",
                catch_up="all", who="ann",
            )  # fmt: skip
        connection.execute(text(f"UPDATE backline_schedule SET next_slot = 5, {change}"))
    good = plan.add(plan.tasks["probe.work"], catch_up="all")
    plan.move(good, HOUR)
    assert plan.scheduler().fire_due() == 1
    assert [run.schedule_id for run in plan.runs()] == [good]


def test_a_stored_job_of_an_older_version_is_upgraded(plan: Plan) -> None:
    schedule = plan.add(plan.tasks["probe.work"], catch_up="all")
    plan.move(schedule, HOUR)
    newer = declare(version=2, upgrades={1: lambda tree: tree | {"number": 7}})(work)
    assert Plan(plan.database, newer).scheduler().fire_due() == 1
    (run,) = plan.runs()
    assert (run.version, run.job) == (2, '{"word":"a","number":7}')


def test_zones_and_clock_changes_reach_the_rows(plan: Plan) -> None:
    schedule = plan.add(plan.tasks["probe.work"], "30 2 * * *", "Europe/Berlin", catch_up="all")
    begin = from_micros(plan.row(schedule).next_slot).replace(year=2025, month=3, day=29, hour=1, minute=30)
    with plan.database.write() as connection:
        set_enabled(connection, schedule, enabled=True, next_slot=to_micros(begin))
    plan.scheduler().fire_due()
    slots = [from_micros(run.slot) for run in plan.runs()][:3]
    assert slots == [begin, begin + timedelta(hours=23, minutes=30), begin + timedelta(hours=47)]
