"""Rows of schedules; how they fire is tested in tests/runtime/test_schedule.py."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from backline.errors import UnknownName
from backline.storage.database import Database
from backline.storage.schedules import (
    PAGE,
    NewSchedule,
    advance_schedule,
    count_unknown,
    delete_schedule,
    find_rhythm,
    insert_schedule,
    is_slot_due,
    list_schedules,
    lock_due,
    read_schedule,
    set_enabled,
)
from tests.storage.rows import make_run

KNOWN = {"probe.work": 2}


def add(database: Database, name: str, slot: int, catch_up: str = "none") -> None:
    new = NewSchedule(name, "probe.work", 2, "{}", "0 6 * * *", "UTC", catch_up, slot, "ann")
    with database.write() as connection:
        insert_schedule(connection, database.now_sql, new)


def test_due_means_enabled_and_not_later_than_now(database: Database) -> None:
    add(database, "past", 5)
    add(database, "future", 2**60)
    with database.write() as connection:
        assert is_slot_due(connection, database.now_sql)
        assert [row.id for row in lock_due(connection, 10, KNOWN, skip_locked=False)] == ["past"]
        assert [row.id for row in list_schedules(connection)] == ["past", "future"]
        assert (read_schedule(connection, "past").version, read_schedule(connection, "past").enabled) == (
            2,
            True,
        )
        set_enabled(connection, "past", enabled=False)
        assert not is_slot_due(connection, database.now_sql)
        assert lock_due(connection, 10, KNOWN, skip_locked=False) == []
        set_enabled(connection, "past", enabled=True, next_slot=2**59)
        assert read_schedule(connection, "past").next_slot == 2**59


def test_what_this_code_does_not_know_is_counted_and_not_locked(database: Database) -> None:
    add(database, "s", 5)
    with database.write() as connection:
        for versions, ids in (({}, []), ({"probe.work": 1}, []), ({"other": 1, "probe.work": 3}, ["s"])):
            rows = lock_due(connection, 10, versions, skip_locked=False)
            assert [row.id for row in rows] == ids
            assert count_unknown(connection, versions) == ({} if ids else {"probe.work": 1})
        set_enabled(connection, "s", enabled=False)
        assert count_unknown(connection, {}) == {}


def test_pages_follow_one_another_through_equal_slots(database: Database) -> None:
    names = [f"s{number:03d}" for number in range(PAGE + 2)]
    for number, name in enumerate(names):
        add(database, name, 5 if number < PAGE + 1 else 6)
    with database.write() as connection:
        first = lock_due(connection, 10, KNOWN, skip_locked=False)
        rest = lock_due(connection, 10, KNOWN, skip_locked=False, after=first[-1])
    assert [row.id for row in first + rest] == names and len(first) == PAGE


def test_only_whoever_saw_the_slot_moves_it_on(database: Database) -> None:
    add(database, "s", 5)
    with database.write() as connection:
        advance_schedule(connection, "s", 4, 100)
        assert read_schedule(connection, "s").next_slot == 5
        advance_schedule(connection, "s", 5, 100)
        assert read_schedule(connection, "s").next_slot == 100


def test_a_locked_schedule_is_passed_over(database: Database) -> None:
    add(database, "s", 5)
    with database.write() as connection:
        assert len(lock_due(connection, 10, KNOWN, skip_locked=not database.is_sqlite)) == 1
        if not database.is_sqlite:
            with database.write() as other:
                assert lock_due(other, 10, KNOWN, skip_locked=True) == []


def test_unknown_and_impossible_ones_are_refused(database: Database) -> None:
    with pytest.raises(IntegrityError):
        add(database, "s", 5, catch_up="some")
    add(database, "s", 5)
    with database.write() as connection:
        delete_schedule(connection, "s")
        with pytest.raises(UnknownName, match="'s'"):
            read_schedule(connection, "s")


def test_only_a_run_of_a_schedule_has_a_rhythm(database: Database) -> None:
    add(database, "daily", 90)
    fired, plain = make_run(database, schedule_id="daily", slot=50), make_run(database)
    with database.write() as connection:
        assert (find_rhythm(connection, fired), find_rhythm(connection, plain)) == (40, None)
        set_enabled(connection, "daily", enabled=False)
        assert find_rhythm(connection, fired) is None
