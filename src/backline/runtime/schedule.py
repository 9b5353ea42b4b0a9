"""Schedules whose slots are rows: any number of schedulers, each slot once."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection

from backline.errors import BadInput
from backline.runtime.contract import read_stored_job
from backline.runtime.retry import first_line, is_passing
from backline.runtime.slots import check_cron, next_slot
from backline.runtime.submit import Ask, submit_run
from backline.runtime.task import Job, Task, list_versions
from backline.storage.clock import from_micros, to_micros
from backline.storage.database import Database
from backline.storage.run_ids import new_run_id
from backline.storage.runs import RunRow
from backline.storage.schedules import (
    PAGE,
    NewSchedule,
    advance_schedule,
    count_unknown,
    insert_schedule,
    lock_due,
)

log = logging.getLogger("backline.schedule")
CatchUp = Literal["none", "last", "all"]
JUST_NOW = 60_000_000  # microseconds: how late a slot may fire that is not caught up
MOST_SLOTS = 1000  # caught up per schedule and sweep; the rest follows with the next sweep


def add_schedule(
    connection: Connection,
    database: Database,
    task: Task[Any, Any],
    job: Job,
    *,
    cron: str,
    zone: str,
    catch_up: CatchUp,
    who: str,
) -> str:
    """Insert a schedule; its first slot is the next one from now. Returns its id."""
    check_cron(cron, zone)
    if catch_up not in ("none", "last", "all"):
        raise BadInput(f"{catch_up!r} is no way to catch up.", remedy="Use none, last or all.")
    now = from_micros(database.now(connection))
    schedule_id = "sch_" + new_run_id().replace("-", "")[-12:]
    first = to_micros(next_slot(cron, zone, now))
    insert_schedule(
        connection,
        database.now_sql,
        NewSchedule(
            schedule_id, task.name, task.version, job.model_dump_json(), cron, zone, catch_up, first, who
        ),
    )
    return schedule_id


class Scheduler:
    """Turns due slots into runs."""

    def __init__(
        self,
        database: Database,
        tasks: Mapping[str, Task[Any, Any]],
        ring: Callable[[str], bool],
        ring_again: float,
    ) -> None:
        self._database = database
        self._tasks = tasks  # more may be enlisted
        self._ring = ring
        self._ring_again = ring_again
        self._told: dict[str, str] = {}

    def fire_due(self) -> int:
        """Insert the runs of every due slot; the row and the next slot are one commit. Returns how many runs.

        Those that cannot fire keep their slot, so they are passed by page for page: they hide no other.
        """
        with self._database.read() as connection:
            now = self._database.now(connection)
            for task, count in count_unknown(connection, list_versions(self._tasks)).items():
                self._tell(task, f"this code knows no such task or version; {count} schedules of it")
        count, last = self._fire_page(now, None)
        while last is not None:
            more, last = self._fire_page(now, last)
            count += more
        return count

    def _fire_page(self, now: int, after: RunRow | None) -> tuple[int, RunRow | None]:
        """How many runs, and the last row where another page may follow."""
        queues: list[str] = []
        skip_locked = not self._database.is_sqlite
        versions = list_versions(self._tasks)
        with self._database.write() as connection:
            rows = lock_due(connection, now, versions, skip_locked=skip_locked, after=after)
            for row in rows:
                queues += self._try(connection, row, now)
        for queue in queues:
            self._ring(queue)
        return len(queues), rows[-1] if len(rows) == PAGE else None

    def _try(self, connection: Connection, row: RunRow, now: int) -> list[str]:
        """Fire one schedule; what is wrong with it must not keep the others from firing."""
        try:
            with connection.begin_nested():
                return self._fire(connection, row, self._tasks[row.task], now)
        except Exception as error:
            if is_passing(error):
                raise
            self._tell(f"schedule {row.id}", f"it cannot fire: {first_line(error)}; its slots")
            return []

    def _tell(self, what: str, words: str) -> None:
        """What is wrong with a schedule, once: it is tried again every second."""
        if self._told.get(what) != words:
            self._told[what] = words
            log.error("%s: %s wait", what, words)

    def _fire(self, connection: Connection, row: RunRow, task: Task[Any, Any], now: int) -> list[str]:
        job = read_stored_job(task, row.version, row.job)
        slots, upcoming = _list_slots(row, from_micros(now))
        queues: list[str] = []
        for slot in _choose_slots(slots, row.catch_up, now):
            key = f"{row.id}:{slot.isoformat()}"
            ask = Ask(f"schedule:{row.id}", key=key, schedule_id=row.id, slot=to_micros(slot))
            submit_run(connection, self._database.now_sql, task, job, ask, self._ring_again)
            queues.append(task.queue)
        advance_schedule(connection, row.id, row.next_slot, to_micros(upcoming))
        return queues


def _list_slots(row: RunRow, now: datetime) -> tuple[list[datetime], datetime]:
    """Slots that are due, oldest first, and the first one that is not handled yet.

    Where only the last one may fire (`none`, `last`) the long list before it is not gone through.
    """
    first = from_micros(row.next_slot)
    if row.catch_up == "all":
        return _walk(row, first, now)
    for back in (timedelta(hours=1), timedelta(days=1), timedelta(days=40)):
        begin = now - back
        if begin > first:
            slots, upcoming = _walk(row, next_slot(row.cron, row.zone, begin), now)
            if slots:
                return slots[-1:], upcoming
    slots, upcoming = _walk(row, first, now)
    return slots[-1:], upcoming


def _walk(row: RunRow, slot: datetime, now: datetime) -> tuple[list[datetime], datetime]:
    most = MOST_SLOTS if row.catch_up == "all" else sys.maxsize
    slots: list[datetime] = []
    while slot <= now and len(slots) < most:
        slots.append(slot)
        slot = next_slot(row.cron, row.zone, slot)
    return slots, slot


def _choose_slots(slots: list[datetime], catch_up: str, now: int) -> list[datetime]:
    """`all` of them, only the `last`, or (`none`) only one that is due just now."""
    if catch_up == "none":
        return [slot for slot in slots[-1:] if now - to_micros(slot) <= JUST_NOW]
    return slots if catch_up == "all" else slots[-1:]
