"""Schedules that stand at a slot of long ago which their own rule will never fire."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import Connection

from backline.errors import BadInput
from backline.runtime.slots import next_slot
from backline.storage.clock import from_micros, read_now, to_micros
from backline.storage.runs import RunRow
from backline.storage.schedules import advance_schedule, list_schedules

LONG_AGO = timedelta(days=1)


def count_stale(connection: Connection) -> int:
    """How many."""
    return sum(1 for _ in _list_stale(connection))


def move_on(connection: Connection) -> int:
    """Let each go on with the next slot from now, or from its beginning where every slot counts; how many."""
    count = 0
    for row, upcoming in list(_list_stale(connection)):
        advance_schedule(connection, row.id, row.next_slot, upcoming)
        count += 1
    return count


def _list_stale(connection: Connection) -> Iterator[tuple[RunRow, int]]:
    """With the slot at which each goes on.

    Of `none` whatever is long ago: it fires only in time. Of `last` and `all` only what is before the schedule
    itself, which nobody can have counted: their missed slots are still owed, and a scheduler catches up.
    """
    now = from_micros(read_now(connection))
    for row in list_schedules(connection):
        slot, created = from_micros(row.next_slot), from_micros(row.created_at)
        is_late = slot < now - LONG_AGO and row.catch_up == "none"
        is_impossible = slot < created - LONG_AGO
        if not row.enabled or not (is_late or is_impossible):
            continue
        try:
            upcoming = next_slot(row.cron, row.zone, created if row.catch_up == "all" else now)
        except BadInput:  # it never fires again, which a scheduler says
            continue
        yield row, to_micros(upcoming)
