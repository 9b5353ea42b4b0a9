"""Queries of the schedules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, false, func, not_, or_, select, text

from backline.errors import UnknownName
from backline.storage import run_tables as t
from backline.storage.runs import RunRow

PAGE = 200


@dataclass(frozen=True)
class NewSchedule:
    """A schedule as it is asked for; `next_slot` in microseconds since 1970 UTC."""

    id: str
    task: str
    version: int
    job: str
    cron: str
    zone: str
    catch_up: str
    next_slot: int
    created_by: str


def insert_schedule(connection: Connection, now_sql: str, new: NewSchedule) -> None:
    """Insert an enabled schedule."""
    statement = text(
        "INSERT INTO backline_schedule (id, task, version, job, cron, zone, catch_up, enabled, next_slot, created_at, "
        f"created_by) VALUES (:id, :task, :version, :job, :cron, :zone, :catch_up, true, :next_slot, {now_sql}, :created_by)"
    )
    connection.execute(statement, vars(new))


def lock_due(
    connection: Connection,
    now: int,
    versions: Mapping[str, int],
    *,
    skip_locked: bool,
    after: RunRow | None = None,
) -> list[RunRow]:
    """A page of enabled schedules with a due slot, oldest slot first, locked for this transaction.

    Only those of tasks in `versions` (name: newest version known here); another scheduler's are skipped.
    `after` is the last row of the page before.
    """
    query = select(t.schedule).where(t.schedule.c.enabled, t.schedule.c.next_slot <= now, _is_known(versions))
    if after is not None:
        is_later = t.schedule.c.next_slot > after.next_slot
        is_next = and_(t.schedule.c.next_slot == after.next_slot, t.schedule.c.id > after.id)
        query = query.where(or_(is_later, is_next))
    query = query.order_by(t.schedule.c.next_slot, t.schedule.c.id).limit(PAGE)
    return list(connection.execute(query.with_for_update(skip_locked=True) if skip_locked else query).all())


def count_unknown(connection: Connection, versions: Mapping[str, int]) -> dict[str, int]:
    """Enabled schedules of a task, or a version of one, that is not in `versions`: how many per task."""
    query = select(t.schedule.c.task, func.count()).where(t.schedule.c.enabled, not_(_is_known(versions)))
    rows = connection.execute(query.group_by(t.schedule.c.task).order_by(t.schedule.c.task))
    return {str(task): int(count) for task, count in rows}


def _is_known(versions: Mapping[str, int]) -> ColumnElement[bool]:
    pairs = [
        and_(t.schedule.c.task == task, t.schedule.c.version <= version) for task, version in versions.items()
    ]
    return or_(false(), *pairs)


def is_slot_due(connection: Connection, now_sql: str) -> bool:
    """A cheap look before a write lock is taken."""
    statement = text(
        f"SELECT EXISTS (SELECT 1 FROM backline_schedule WHERE enabled AND next_slot <= {now_sql})"
    )
    return bool(connection.execute(statement).scalar_one())


def advance_schedule(connection: Connection, schedule_id: str, slot: int, upcoming: int) -> None:
    """Move on from `slot` to `upcoming`."""
    connection.execute(
        t.schedule.update()
        .where(t.schedule.c.id == schedule_id, t.schedule.c.next_slot == slot)
        .values(next_slot=upcoming)
    )


def read_schedule(connection: Connection, schedule_id: str) -> RunRow:
    """One schedule by its id. Raises `UnknownName`."""
    row = connection.execute(select(t.schedule).where(t.schedule.c.id == schedule_id)).first()
    if row is None:
        raise UnknownName(f"No schedule {schedule_id!r}.", remedy="`backline schedule list` shows them.")
    return row


def find_rhythm(connection: Connection, run_id: str) -> int | None:
    """Microseconds from the slot of a run to the next one of its schedule; None where no schedule asked for it."""
    query = (
        select(t.schedule.c.next_slot - t.run.c.slot)
        .join(t.run, t.run.c.schedule_id == t.schedule.c.id)
        .where(t.run.c.id == run_id, t.schedule.c.enabled)
    )
    found = connection.execute(query).scalar()
    return None if found is None else max(0, int(found))


def list_schedules(connection: Connection) -> list[RunRow]:
    """All schedules, next one first."""
    return list(
        connection.execute(select(t.schedule).order_by(t.schedule.c.next_slot, t.schedule.c.id)).all()
    )


def set_enabled(
    connection: Connection, schedule_id: str, *, enabled: bool, next_slot: int | None = None
) -> None:
    """Pause or resume; resuming may set the next slot anew."""
    values: dict[str, object] = {"enabled": enabled}
    if next_slot is not None:
        values["next_slot"] = next_slot
    connection.execute(t.schedule.update().where(t.schedule.c.id == schedule_id).values(**values))


def delete_schedule(connection: Connection, schedule_id: str) -> None:
    """Remove a schedule; the runs it made stay."""
    connection.execute(t.schedule.delete().where(t.schedule.c.id == schedule_id))
