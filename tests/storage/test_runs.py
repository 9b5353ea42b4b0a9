"""Runs as people see them: found, listed, cancelled, tried again, answered."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import text

from backline.errors import BadInput, Conflict, UnknownName
from backline.storage.database import Database
from backline.storage.run_tables import STATES, UNANSWERED_STATES
from backline.storage.runs import (
    NewRun,
    answer_run,
    bring_forward,
    count_unanswered,
    find_open_run,
    find_run,
    has_working_neighbour,
    insert_run,
    list_attempts,
    list_runs,
    read_longest_wait,
    read_run,
    read_state,
    request_cancel,
    retry_run,
    write_progress,
)
from tests.storage.query_plans import fill_ledger, find_scans, list_steps
from tests.storage.rows import make_run

_ALL_BY_TIME = text("SELECT id FROM backline_run ORDER BY created_at DESC LIMIT 5")


def test_a_run_is_found_by_the_beginning_of_its_id(database: Database) -> None:
    first, second = make_run(database, id="aa-1"), make_run(database, id="aa-12")
    with database.read() as connection:
        assert read_run(connection, "aa-1").id == first  # exact, though it begins another one
        assert read_run(connection, "aa-12").id == second
        for wrong, words in (
            ("aa", "more than one"),
            ("b", "no run"),
            ("", "more than one"),
            ("a_-1", "no run"),
        ):
            with pytest.raises(UnknownName, match=words):
                read_run(connection, wrong)
        assert read_state(connection, "aa") is None
        state = read_state(connection, first)
        assert state is not None and state.state == "queued"


def test_lists_are_filtered_and_newest_first(database: Database) -> None:
    ids = [make_run(database, state=state, task=f"probe.{state}") for state in STATES]
    answered = make_run(database, state="failed", answered_at=1)
    with database.read() as connection:
        assert [row.id for row in list_runs(connection)] == [answered, *reversed(ids)]
        assert [row.state for row in list_runs(connection, states=["dead", "failed"], task="probe.dead")] == [
            "dead"
        ]
        assert {row.state for row in list_runs(connection, unanswered=True)} == set(UNANSWERED_STATES)
        assert answered not in [row.id for row in list_runs(connection, unanswered=True)]
        assert len(list_runs(connection, limit=3)) == 3
        assert count_unanswered(connection) == len(UNANSWERED_STATES)
        assert [row.id for row in list_runs(connection, oldest_first=True, limit=2)] == ids[:2]
        assert list_attempts(connection, answered) == []


def test_lists_do_not_read_and_sort_the_whole_history(database: Database) -> None:
    fill_ledger(database)
    with database.read() as connection:
        for kept in ({"unanswered": True}, {"states": ["failed", "dead"]}):
            assert find_scans(connection, partial(list_runs, **kept)) == [], kept
        assert find_scans(connection, partial(list_runs, unanswered=True, oldest_first=True)) == []
        assert find_scans(connection, count_unanswered) == []
        assert find_scans(connection, lambda connection: connection.execute(_ALL_BY_TIME)) != []
        steps = list_steps(connection, list_runs)
        assert [step for step in steps if "Sort" in step or "TEMP B-TREE" in step] == []


@pytest.mark.parametrize("state", STATES)
def test_what_can_be_cancelled(database: Database, state: str) -> None:
    run_id = make_run(database, state=state)
    with database.write() as connection:
        if state in ("scheduled", "queued", "blocked"):
            assert request_cancel(connection, database.now_sql, run_id) == "cancelled"
            row = read_run(connection, run_id)
            assert row.state == "cancelled" and row.finished_at and row.fence == 1
        elif state == "running":
            assert request_cancel(connection, database.now_sql, run_id) == "running"
            assert read_run(connection, run_id).cancel_requested_at is not None
        else:
            with pytest.raises(BadInput, match=f"is {state}"):
                request_cancel(connection, database.now_sql, run_id)


@pytest.mark.parametrize("state", STATES)
def test_what_can_be_tried_again(database: Database, state: str) -> None:
    run_id = make_run(
        database, state=state, faults=8, bugs=3, lost=3, attempt=8, deadline=1.0, expires=1.0, error_kind="bug",
        cancel_requested_at=5, answered_at=5, finished_at=5,
    )  # fmt: skip
    with database.write() as connection:
        if state in ("queued", "running", "succeeded"):
            with pytest.raises(BadInput, match=f"is {state}"):
                retry_run(connection, database.now_sql, run_id)
            return
        retry_run(connection, database.now_sql, run_id)
        row = read_run(connection, run_id)
    assert (row.state, row.faults, row.bugs, row.lost, row.attempt, row.fence) == ("queued", 0, 0, 0, 8, 1)
    gone = (
        row.deadline_at,
        row.expires_at,
        row.cancel_requested_at,
        row.answered_at,
        row.finished_at,
        row.error_kind,
    )
    assert gone == (None,) * 6


@pytest.mark.parametrize("state", STATES)
def test_only_failures_are_answered(database: Database, state: str) -> None:
    run_id = make_run(database, state=state)
    with database.write() as connection:
        if state not in UNANSWERED_STATES:
            with pytest.raises(BadInput, match=f"is {state}"):
                answer_run(connection, database.now_sql, run_id, "ann", "seen")
            return
        answer_run(connection, database.now_sql, run_id, "ann", "seen")
        row = read_run(connection, run_id)
        assert (row.answered_by, row.answered_why, row.state) == ("ann", "seen", state)
        assert list_runs(connection, unanswered=True) == []


def test_a_key_that_was_used_returns_its_run_or_conflicts(database: Database) -> None:
    first = make_run(database, idempotency_key="k")
    assert make_run(database, idempotency_key="k") == first
    with pytest.raises(Conflict, match=first):
        make_run(database, idempotency_key="k", job_sha="other")
    with database.read() as connection:
        task = read_run(connection, first).task
        assert find_run(connection, task, "k") == first
        assert find_run(connection, task, "l") is find_run(connection, "no.task", "k") is None


@pytest.mark.parametrize("state", STATES)
def test_a_run_with_the_same_job_is_found_until_it_is_over(database: Database, state: str) -> None:
    mine, other = make_run(database), make_run(database, state=state)
    make_run(database, state=state, job='{"other": 1}')
    with database.write() as connection:
        row = read_run(connection, other)
        find = partial(find_open_run, connection, row.task, row.job, besides=mine)
        assert find() == (None if state in ("succeeded", "cancelled") else other)
        if state in UNANSWERED_STATES:
            answer_run(connection, database.now_sql, other, "tester", "known")
            assert find() is None


def test_how_long_the_oldest_due_run_has_waited(database: Database) -> None:
    with database.read() as connection:
        assert read_longest_wait(connection, database.now_sql) is None
        now = database.now(connection)
    make_run(database, due_at=now - 5_000_000)
    make_run(database, state="running", due_at=now - 9_000_000)
    with database.read() as connection:
        assert 5_000_000 <= (read_longest_wait(connection, database.now_sql) or 0) < 9_000_000


def test_progress_is_written_only_by_the_holder(database: Database) -> None:
    run_id = make_run(database, state="running", fence=3)
    with database.write() as connection:
        write_progress(connection, run_id, 2, "stale")
        assert read_run(connection, run_id).progress is None
        write_progress(connection, run_id, 3, "half")
        assert read_run(connection, run_id).progress == "half"


def test_a_row_that_is_inserted_again_is_found(database: Database) -> None:
    """The commit went through, but the connection died before it said so."""
    new = NewRun("r-1", "probe.work", 1, "probe", 5, "{}", "sha", "trace", "ann")
    for _ in range(2):
        with database.write() as connection:
            assert insert_run(connection, database.now_sql, new) == "r-1"
    with database.read() as connection:
        assert len(list_runs(connection)) == 1


def test_a_queue_is_worked_while_a_lease_in_it_lasts(database: Database) -> None:
    waiting = make_run(database, queue="one")
    make_run(database, queue="one", state="succeeded", lease_until=10)
    make_run(database, queue="two", state="running", lease_until=10)
    with database.read() as connection:
        assert not has_working_neighbour(connection, waiting, 5)
    make_run(database, queue="one", state="running", lease_until=10)
    with database.read() as connection:
        assert has_working_neighbour(connection, waiting, 5)
        assert not has_working_neighbour(connection, waiting, 10)


def test_only_a_run_that_failed_in_one_of_these_ways_is_brought_forward(database: Database) -> None:
    failed = make_run(database, state="scheduled", error_kind="retry", due_at=2**60, ring_at=2**60)
    others = [make_run(database, state="scheduled"), make_run(database, state="dead", error_kind="retry")]
    put_off = make_run(database, state="scheduled", error_kind="try_later", due_at=2**60)
    with database.write() as connection:
        brought = [
            bring_forward(connection, database.now_sql, each, ["retry", "bug"])
            for each in (failed, *others, put_off)
        ]
        row = read_run(connection, failed)
    assert brought == [True, False, False, False]
    assert (row.state, row.due_at < 2**60, row.ring_at) == ("queued", True, 2**60)
