"""The re-driver's statements, one by one; the loop around them is tested in tests/runtime/test_redrive.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, text

from backline.storage.database import Database
from backline.storage.runs import read_run
from backline.storage.sweeps import Sweeps
from tests.storage.query_plans import fill_ledger, find_scans
from tests.storage.rows import make_run


@pytest.fixture
def sweeps(database: Database) -> Sweeps:
    return Sweeps(database.dialect, database.now_sql, 25.0)


@pytest.mark.parametrize(
    ("columns", "due"),
    [
        ({}, False),
        ({"state": "scheduled", "delay": 60.0}, False),
        ({"state": "running", "lease_until": 2**60}, True),  # no lease lasts so long: the clock was set back
        ({"state": "succeeded", "ring_at": 1, "expires_at": 1}, False),
        ({"state": "scheduled", "due_at": 1}, True),
        ({"state": "running", "lease_until": 1}, True),
        ({"ring_at": 1}, True),
        ({"ring_at": 2**60}, True),  # no bell waits so long either
        ({"expires_at": 1}, True),
        ({"deadline_at": 1}, True),
        ({"delay": 60.0, "deadline_at": 1}, True),
        ({"state": "scheduled", "delay": 60.0, "expires_at": 1, "started_at": 1}, False),
        ({"state": "blocked"}, False),
    ],
)
def test_what_counts_as_due(
    database: Database, sweeps: Sweeps, columns: dict[str, object], due: bool
) -> None:
    make_run(database, **columns)
    with database.read() as connection:
        assert sweeps.is_anything_due(connection) is due


def test_queued_runs_are_counted_per_queue(database: Database, sweeps: Sweeps) -> None:
    for queue in ("a", "b", "b"):
        make_run(database, queue=queue)
    make_run(database, queue="a", delay=9.0)
    with database.read() as connection:
        assert sweeps.count_queued(connection) == {"a": 1, "b": 2}


def test_the_longest_unrung_are_chosen_and_can_be_put_back(database: Database, sweeps: Sweeps) -> None:
    ids = [make_run(database, ring_at=moment) for moment in (3, 1, 2)]
    with database.write() as connection:
        assert set(sweeps.mark_rung(connection, "probe", 2)) == {ids[1], ids[2]}
        assert sweeps.mark_rung(connection, "other", 2) == []
        sweeps.unmark_rung(connection, [ids[1]])
        rings = [read_run(connection, run_id).rings for run_id in ids]
        wait = read_run(connection, ids[1]).ring_at - database.now(connection)
    assert rings == [1, 1, 2]
    assert 0 < wait <= 2_000_000
    with database.write() as connection:
        sweeps.unmark_rung(connection, [])


def test_a_bell_that_waits_longer_than_any_is_rung(database: Database, sweeps: Sweeps) -> None:
    """The clock was set back: what it had been set to is not waited for, neither queued nor blocked."""
    with database.read() as connection:
        six_hours = database.now(connection) + 6 * 3_600_000_000
    queued = make_run(database, ring_at=six_hours)
    code = {"error_kind": "unknown_task", "code_version": "1"}
    blocked = make_run(database, state="blocked", ring_at=six_hours, **code)
    patient = Sweeps(database.dialect, database.now_sql, 1000.0)  # 24 times as long is more
    with database.write() as connection:
        assert patient.mark_rung(connection, "probe", 5) == []
        assert sweeps.mark_rung(connection, "probe", 5) == [queued]
        assert read_run(connection, queued).ring_at < six_hours
        assert sweeps.find_unblockable(connection, {"probe.work": 1}, "1") == [blocked]


def test_a_long_wait_for_the_next_bell_is_still_a_number(database: Database) -> None:
    run_id = make_run(database, ring_at=1, rings=5)
    with database.write() as connection:
        assert Sweeps(database.dialect, database.now_sql, 3600.0).mark_rung(connection, "probe", 1) == [
            run_id
        ]
        wait = read_run(connection, run_id).ring_at - database.now(connection)
    assert 23 * 3_600_000_000 < wait <= 24 * 3_600_000_000


def test_a_dead_child_s_likely_runs_lose_the_one_commit_form(database: Database, sweeps: Sweeps) -> None:
    first, other = make_run(database), make_run(database, queue="other")
    running = make_run(database, state="running")
    with database.write() as connection:
        assert sweeps.suspect_first(connection, "probe") == 1
        assert [read_run(connection, run_id).rings for run_id in (first, other, running)] == [2, 1, 1]


@pytest.mark.parametrize(
    ("kind", "code", "version", "unblocked"),
    [
        ("unknown_task", "1", 1, True),
        ("unknown_version", "1", 1, True),
        ("unknown_version", "1", 2, False),
        ("contract", "1", 1, False),
        ("contract", "0", 1, True),
    ],
)
def test_what_unblocks(
    database: Database, sweeps: Sweeps, kind: str, code: str, version: int, unblocked: bool
) -> None:
    facts = {"state": "blocked", "error_kind": kind, "code_version": code, "ring_at": 1}
    run_id = make_run(database, version=version, **facts)
    make_run(database, answered_at=1, **facts)  # a person said that it needs no more work
    with database.read() as connection:
        soon = database.now(connection) + 900_000_000
    make_run(database, **{**facts, "ring_at": soon})  # it was tried again and again
    stranger = make_run(
        database, state="blocked", error_kind=kind, code_version="0", task="un.known", ring_at=1
    )
    with database.write() as connection:
        ids = sweeps.find_unblockable(connection, {"probe.work": 1, "probe.more": 3}, "1")
        assert ids == [run_id] * unblocked
        assert sweeps.unblock(connection, ids) == int(unblocked)
        assert sweeps.find_unblockable(connection, {}, "1") == []
        assert read_run(connection, run_id).state == ("queued" if unblocked else "blocked")
        assert read_run(connection, stranger).state == "blocked"


def test_a_lease_that_lasts_is_not_due(database: Database, sweeps: Sweeps) -> None:
    with database.read() as connection:
        hour = database.now(connection) + 3_600_000_000  # the longest there is
    make_run(database, state="running", lease_until=hour)
    with database.write() as connection:
        assert not sweeps.is_anything_due(connection)
        assert sweeps.take_lost(connection) == []


def test_a_lost_run_is_taken_once(database: Database, sweeps: Sweeps) -> None:
    run_id = make_run(database, state="running", lease_until=1, attempt=1, fence=1, worker="h/w/1")
    with database.write() as connection:
        (lost,) = sweeps.take_lost(connection)
        assert (lost.id, lost.state) == (run_id, "queued")
        assert sweeps.take_lost(connection) == []
        count = connection.execute(text("SELECT count(*) FROM backline_attempt")).scalar_one()
    assert count == 1


@pytest.mark.parametrize(
    ("columns", "state", "called"),
    [({"lost": 2}, "dead", True), ({"cancel_requested_at": 1}, "cancelled", True), ({}, "queued", False)],
)
def test_whoever_waits_for_the_place_of_a_lost_run_is_rung_for(
    database: Database, sweeps: Sweeps, columns: dict[str, object], state: str, called: bool
) -> None:
    key: dict[str, Any] = {"concurrency_key": "artist:1", "concurrency_limit": 1}
    make_run(database, state="running", lease_until=1, attempt=1, worker="h/w/1", **key, **columns)
    waiting = make_run(database, rings=6, ring_at=2**60, **key)
    other = make_run(database, ring_at=2**60, concurrency_key="artist:2", concurrency_limit=1)
    scheduled = make_run(database, ring_at=2**60, state="scheduled", **key)
    with database.write() as connection:
        (lost,) = sweeps.take_lost(connection)
        now = database.now(connection)
        rung = [read_run(connection, run_id).ring_at <= now for run_id in (waiting, other, scheduled)]
    assert lost.state == state
    assert rung == [called, False, False]


def test_no_sweep_reads_the_whole_history(database: Database, sweeps: Sweeps) -> None:
    fill_ledger(database)
    make_run(
        database, state="running", lease_until=1, attempt=1, worker="h/w/1", lost=2, concurrency_key="artist:1",
        concurrency_limit=1,
    )  # fmt: skip
    looks: dict[str, Callable[[Connection], Any]] = {
        "is_anything_due": sweeps.is_anything_due,
        "promote_due": sweeps.promote_due,
        "end_late": sweeps.end_late,
        "take_lost": sweeps.take_lost,
        "count_queued": sweeps.count_queued,
        "mark_rung": lambda connection: sweeps.mark_rung(connection, "probe", 5),
        "find_unblockable": lambda connection: sweeps.find_unblockable(connection, {"probe.work": 1}, "2"),
    }
    with database.write() as connection:
        scans = {name: find_scans(connection, look) for name, look in looks.items()}
    assert scans == {name: [] for name in looks}
