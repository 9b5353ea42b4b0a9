"""Schedules that their own rule will never fire go on; what is owed stays owed."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from backline.cli.doctor_schedules import count_stale, move_on
from backline.storage.database import Database
from backline.storage.schedules import NewSchedule, insert_schedule, read_schedule
from tests.storage.backups import count

DAY = 86_400_000_000


@pytest.mark.parametrize(
    ("catch_up", "slot", "stale"),
    [
        ("none", -3, True), ("none", -0.5, False), ("none", 1, False), ("last", -3, False), ("all", -3, False),
        ("last", -9, True), ("all", -9999, True),
    ],
)  # fmt: skip
def test_which_go_on(database: Database, catch_up: str, slot: float, stale: bool) -> None:
    """The schedule is a week old; slots are days from now."""
    now = count(database, f"SELECT {database.now_sql}")
    due = now + round(slot * DAY)
    with database.write() as connection:
        new = NewSchedule("s", "probe.add", 1, "{}", "0 6 * * *", "UTC", catch_up, due, "ann")
        insert_schedule(connection, database.now_sql, new)
        connection.execute(text("UPDATE backline_schedule SET created_at = :at"), {"at": now - 7 * DAY})
        assert count_stale(connection) == stale
        assert move_on(connection) == stale
        assert count_stale(connection) == 0
        upcoming = read_schedule(connection, "s").next_slot
    if not stale:
        assert upcoming == due
    elif catch_up == "all":
        assert now - 7 * DAY < upcoming <= now - 6 * DAY
    else:
        assert now < upcoming <= now + DAY


def test_what_is_paused_or_never_fires_is_left(database: Database) -> None:
    with database.write() as connection:
        for name, cron in (("a", "0 6 * * *"), ("b", "0 6 31 2 *")):
            new = NewSchedule(name, "probe.add", 1, "{}", cron, "UTC", "none", 5, "ann")
            insert_schedule(connection, database.now_sql, new)
        connection.execute(text("UPDATE backline_schedule SET enabled = false WHERE id = 'a'"))
        assert (count_stale(connection), move_on(connection)) == (0, 0)
