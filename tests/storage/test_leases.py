"""Moves of a run, each guarded by state and fence."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import text

from backline.storage.audits import AuditEntry
from backline.storage.database import Database
from backline.storage.leases import Leases, Settlement
from backline.storage.runs import list_attempts, read_run
from tests.storage.rows import make_run

DONE = Settlement("succeeded", "succeeded", 1, 1, answer="{}")
ENTRY = AuditEntry("ann", "run.succeeded", "run:x", "{}")


@pytest.fixture
def leases(database: Database) -> Leases:
    return Leases(database.dialect, database.now_sql, 30.0)


def claim(database: Database, leases: Leases, worker: str = "h/w/1") -> tuple[Any, int]:
    with database.write() as connection:
        row = leases.pick(connection, "probe")
        assert row is not None
        claimed = leases.claim(connection, row, worker)
    assert claimed is not None
    return row, claimed.fence


def settle(
    database: Database, leases: Leases, row: Any, fence: int, end: Settlement = DONE, **more: Any
) -> bool:
    with database.write() as connection:
        return leases.settle(
            connection, row, fence, from_state=more.get("from_state", "running"), worker="h/w/1",
            started_at=row.now_at, code_version="1", end=end, audit=ENTRY,
        )  # fmt: skip


def test_a_claim_takes_lease_and_fence(database: Database, leases: Leases) -> None:
    run_id = make_run(database)
    row, fence = claim(database, leases)
    with database.write() as connection:
        assert leases.claim(connection, row, "h/other/1") is None
        after = read_run(connection, run_id)
        assert leases.pick(connection, "probe") is None and leases.pick_one(connection, run_id) is None
    assert (after.state, after.fence, after.attempt, after.worker) == ("running", fence, 1, "h/w/1")
    assert abs(after.lease_until - row.now_at - 30_000_000) < 5_000_000


def test_a_claim_says_whether_others_are_due(database: Database, leases: Leases) -> None:
    make_run(database)
    make_run(database)
    for expected in (True, False):
        with database.write() as connection:
            claimed = leases.claim(connection, leases.pick(connection, "probe"), "h/w/1")
        assert claimed is not None and claimed.more is expected


def test_the_commit_of_a_claim_does_not_wait_for_the_disk_and_that_of_a_finish_does(
    database: Database, leases: Leases
) -> None:
    if database.is_sqlite:
        with database.read() as connection:
            assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2  # FULL, for all alike
        return
    make_run(database)
    shown = text("SHOW synchronous_commit")
    with database.write() as connection:
        row = leases.pick(connection, "probe")
        assert connection.execute(shown).scalar_one() == "on"
        claimed = leases.claim(connection, row, "h/w/1")
        assert connection.execute(shown).scalar_one() == "off"
    assert claimed is not None and settle(database, leases, row, claimed.fence)
    with database.write() as connection:
        assert connection.execute(shown).scalar_one() == "on"


@pytest.mark.parametrize("stale", ["fence", "state", "cancel"])
def test_a_stale_settlement_writes_nothing(database: Database, leases: Leases, stale: str) -> None:
    run_id = make_run(database)
    row, fence = claim(database, leases)
    if stale == "cancel":
        with database.write() as connection:
            connection.execute(text("UPDATE backline_run SET cancel_requested_at = 1"))
    kept = settle(
        database,
        leases,
        row,
        fence - (stale == "fence"),
        from_state="queued" if stale == "state" else "running",
    )
    assert not kept
    with database.read() as connection:
        assert read_run(connection, run_id).state == "running"
        assert list_attempts(connection, run_id) == []
        assert connection.execute(text("SELECT count(*) FROM backline_audit")).scalar_one() == 0


def test_a_settlement_is_state_attempt_and_audit_at_once(database: Database, leases: Leases) -> None:
    run_id = make_run(database)
    row, fence = claim(database, leases)
    assert settle(database, leases, row, fence)
    assert not settle(database, leases, row, fence)
    with database.read() as connection:
        after = read_run(connection, run_id)
        attempts = list_attempts(connection, run_id)
        audits = connection.execute(text("SELECT actor, action FROM backline_audit")).all()
    assert (after.state, after.fence, after.answer, after.lease_until) == ("succeeded", fence + 1, "{}", None)
    assert [(one.fence, one.outcome) for one in attempts] == [(fence, "succeeded")]
    assert [tuple(audit) for audit in audits] == [("ann", "run.succeeded")]


def test_a_delay_moves_the_due_time(database: Database, leases: Leases) -> None:
    run_id = make_run(database)
    row, fence = claim(database, leases)
    assert settle(database, leases, row, fence, Settlement("scheduled", "bug", 1, 1, delay=90.0, final=False))
    with database.read() as connection:
        after = read_run(connection, run_id)
        assert 80 < (after.due_at - database.now(connection)) / 1e6 <= 90
    assert abs(after.due_at - after.ring_at) < 1_000_000 and after.finished_at is None


def test_handing_back_names_whole_workers(database: Database, leases: Leases) -> None:
    for _ in range(4):
        make_run(database)
    held = [claim(database, leases, worker)[0].id for worker in ("h/w_1/1", "h/w_1/2", "h/w_11/1", "h/wx1/1")]
    with database.write() as connection:
        assert sorted(leases.hand_back(connection, "h/w_1/")) == sorted(held[:2])
        states = [read_run(connection, run_id).state for run_id in held]
        again = read_run(connection, held[0])
        (attempt,) = list_attempts(connection, held[0])
    assert states == ["queued", "queued", "running", "running"]
    assert (again.attempt, again.lease_until) == (0, None)
    assert (attempt.outcome, attempt.worker, attempt.number) == ("handed_back", "h/w_1/1", 1)


def test_a_full_key_is_passed_over(database: Database, leases: Leases) -> None:
    first = make_run(database, concurrency_key="k", concurrency_limit=2)
    for _ in range(2):
        make_run(database, concurrency_key="k", concurrency_limit=2)
    free = make_run(database, priority=9)
    picked = [claim(database, leases)[0].id for _ in range(3)]
    assert picked[0] == first and picked[2] == free
    with database.write() as connection:
        assert leases.pick(connection, "probe") is None


def test_claims_at_once_never_exceed_the_limit(database: Database, leases: Leases) -> None:
    for _ in range(12):
        make_run(database, concurrency_key="k", concurrency_limit=2)
    other = make_run(database, priority=9)
    gate, claimed, failed = threading.Barrier(6), [], []

    def take() -> None:
        gate.wait()
        try:
            with database.write() as connection:
                row = leases.pick(connection, "probe")
                if row is not None and leases.claim(connection, row, "h/w/1") is not None:
                    claimed.append(row.id)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=take) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        running = connection.execute(
            text("SELECT count(*) FROM backline_run WHERE state = 'running' AND concurrency_key = 'k'")
        ).scalar_one()
    assert failed == []
    assert running == 2
    assert other in claimed  # what is behind a full key is found by those who lost the race for it
