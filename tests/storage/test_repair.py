"""What is out of joint in the database is seen and mended, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from backline.storage.database import Database
from backline.storage.repair import Repair, find_present, list_repairs
from backline.storage.rollups import count_dirty
from backline.storage.runs import list_attempts, read_run
from backline.storage.sweeps import Sweeps
from tests.storage.backups import count
from tests.storage.fact_writer import Fact, FactWriter
from tests.storage.rows import make_run

DAY = 20_693


def find(database: Database, name: str) -> Repair:
    return {one.name: one for one in list_repairs(Sweeps(database.dialect, database.now_sql, 25.0))}[name]


def look(database: Database, name: str) -> int:
    with database.read() as connection:
        return find(database, name).count(connection)


def mend(database: Database, name: str) -> Iterator[int]:
    """What each commit mended."""
    while True:
        with database.write() as connection:
            done = find(database, name).mend(connection)
        if not done:
            return
        yield done


@pytest.mark.parametrize("name", ["stuck leases", "orphans", "claims of no import", "rollups"])
def test_nothing_is_out_of_joint_in_a_new_database(database: Database, name: str) -> None:
    assert (look(database, name), list(mend(database, name))) == (0, [])


def test_stuck_leases_go_the_way_of_lost_ones(database: Database) -> None:
    now = count(database, f"SELECT {database.now_sql}")
    old = make_run(
        database, state="running", fence=2, lease_until=now - 700_000_000, claimed_at=now - 800_000_000
    )
    endless = make_run(database, state="running", fence=5, claimed_at=7)
    third = make_run(database, state="running", lost=2, lease_until=5, claimed_at=5)
    working = make_run(database, state="running", lease_until=now + 60_000_000, claimed_at=now)
    assert look(database, "stuck leases") == 3
    assert list(mend(database, "stuck leases")) == [3]
    assert look(database, "stuck leases") == 0
    with database.read() as connection:
        states = [read_run(connection, run_id).state for run_id in (old, endless, third, working)]
        assert states == ["queued", "queued", "dead", "running"]
        assert [row.outcome for row in list_attempts(connection, endless)] == ["lost"]


def test_a_lease_that_ran_out_just_now_is_the_sweep_s(database: Database) -> None:
    now = count(database, f"SELECT {database.now_sql}")
    make_run(database, state="running", lease_until=now - 60_000_000, claimed_at=now)
    assert (look(database, "stuck leases"), list(mend(database, "stuck leases"))) == (0, [])


def test_orphans_leave_and_children_of_what_is_there_stay(database: Database) -> None:
    run_id = make_run(database)
    with database.write() as connection:
        for owner in (run_id, "gone"):
            for statement in (
                (
                    "INSERT INTO backline_attempt (run_id, fence, number, started_at, ended_at, outcome, trace_id) "
                    "VALUES (:id, 1, 1, 1, 1, 'lost', 't')"
                ),
                "INSERT INTO backline_step VALUES (:id, 'a', 's', '1', 5)",
                (
                    "INSERT INTO backline_intent (run_id, name, input_sha, request, state, at_most_once, fence, tries, "
                    "made_at) VALUES (:id, 'a', 's', '{}', 'open', false, 1, 1, 5)"
                ),
            ):
                connection.execute(text(statement), {"id": owner})
        connection.execute(text("INSERT INTO backline_claim_echo VALUES (7, 8)"))
    assert look(database, "orphans") == 4
    assert list(mend(database, "orphans")) == [4]
    for table in ("attempt", "step", "intent"):
        assert count(database, f"SELECT count(*) FROM backline_{table} WHERE run_id = '{run_id}'") == 1
    with database.read() as connection:
        assert find_present(connection, ["gone", run_id]) == {run_id}


def test_claims_of_no_import_give_way_to_earlier_ones(database: Database) -> None:
    with database.write() as connection:
        writer = FactWriter(connection)
        writer.add_artist(1, "Nova")
        first, second, only = (writer.add_import() for _ in range(3))
        writer.put(DAY, [Fact(1, 5)], import_no=first)
        writer.put(DAY, [Fact(1, 6)], import_no=second)
        writer.put(DAY + 1, [Fact(1, 7)], import_no=only)
        connection.execute(text("DELETE FROM backline_import WHERE no IN (:a, :b)"), {"a": second, "b": only})
        connection.execute(text("DELETE FROM backline_dirty_day"))
    assert look(database, "claims of no import") == 2
    assert list(mend(database, "claims of no import")) == [1, 1]
    assert look(database, "claims of no import") == 0
    assert count(database, "SELECT import_no FROM backline_claim WHERE current") == first
    assert count(database, "SELECT count(*) FROM backline_fact") == 3
    with database.read() as connection:
        assert count_dirty(connection) == 2


def test_days_that_wait_for_long_are_added_up(database: Database) -> None:
    with database.write() as connection:
        writer = FactWriter(connection)
        writer.add_artist(1, "Nova")
        writer.put(DAY, [Fact(1, 5)], import_no=writer.add_import())
        connection.execute(text(f"UPDATE backline_dirty_day SET marked_at = {database.now_sql}"))
    assert (look(database, "rollups"), list(mend(database, "rollups"))) == (0, [])
    with database.write() as connection:
        connection.execute(text("UPDATE backline_dirty_day SET marked_at = 5"))
    assert look(database, "rollups") == 1
    assert list(mend(database, "rollups")) == [1]
    assert count(database, "SELECT count(*) FROM backline_rollup") > 0
