"""Content of an account leaves at its time, and all of it with the account."""

from __future__ import annotations

from sqlalchemy import func, select

from backline.storage.account_expire import count_expired, expire_accounts, purge_account
from backline.storage.account_read import read_lists
from backline.storage.account_rows import AccountChange, KeptThing, PartSync, Played, Slot
from backline.storage.account_tables import EXPIRING, TABLES
from backline.storage.account_write import (
    DAY,
    Look,
    prolong_slots,
    write_changes,
    write_kept,
    write_lists,
    write_part,
    write_plays,
    write_slots,
)
from backline.storage.database import Database
from tests.storage.account_books import HEAD, LOOK, later


def fill(database: Database, look: Look = LOOK) -> None:
    """A row in each table."""
    with database.write() as connection:
        write_lists(connection, look, [HEAD], [], [], [])
        write_slots(connection, look, "p1", "s1", [Slot("u")])
        write_kept(connection, look, "track", [KeptThing("track", "u", "T")], [])
        write_plays(connection, look, [Played(5, "u", "T")], (1, 5))
        write_changes(connection, look, [AccountChange("track", "u", "listed", None, "5", "T")])
        write_part(connection, look, "track", PartSync(4))


def count(database: Database) -> dict[str, int]:
    with database.read() as connection:
        found = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in TABLES
        }
    return {name: number for name, number in found.items() if number}


def test_content_leaves_at_its_time_and_how_far_was_read_stays(database: Database) -> None:
    fill(database)
    with database.write() as connection:
        assert expire_accounts(connection, 40 * DAY - 1) == {}
        assert set(count_expired(connection, 40 * DAY).values()) == {1}
        assert expire_accounts(connection, 40 * DAY) == {table.name: 1 for table in EXPIRING}
    assert count(database) == {"backline_account_sync": 1}


def test_what_was_seen_again_stays_and_its_former_states_leave(database: Database) -> None:
    fill(database)
    with database.write() as connection:
        write_slots(connection, LOOK, "p1", "s2", [])
        write_lists(connection, later(5), [], [], ["p1"], [])
        prolong_slots(connection, later(5), ["p1"])
        expire_accounts(connection, 40 * DAY)
        assert read_lists(connection, "ann")["p1"].snapshot == "s2"
    assert count(database) == {
        "backline_playlist": 1,
        "backline_playlist_state": 1,
        "backline_account_sync": 1,
    }


def test_a_purge_takes_one_account_whole(database: Database) -> None:
    fill(database)
    other = Look("bo", LOOK.now, LOOK.keep_until, "run-1")
    fill(database, other)
    with database.write() as connection:
        assert purge_account(connection, "ann") == {table.name: 1 for table in TABLES}
        assert purge_account(connection, "ann") == {}
    assert count(database) == {table.name: 1 for table in TABLES}
