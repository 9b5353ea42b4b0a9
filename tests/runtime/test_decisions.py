"""What a person decides: the run moves and the audit row says who, what and what it was before; or neither."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from backline.errors import BadInput, UnknownName
from backline.runtime.audit import STRUCK, Secrets
from backline.runtime.decisions import Person, answer, cancel, retry
from backline.storage.audits import list_audit
from backline.storage.database import Database
from backline.storage.runs import list_attempts, read_run
from tests.storage.rows import make_run

ANN = Person("ann", Secrets(["hunter22"]))


def look(database: Database, run_id: str) -> tuple[Any, list[Any]]:
    """The run's row, and who did what with which words."""
    with database.read() as connection:
        rows = list_audit(connection, object=f"run:{run_id}")
        return read_run(connection, run_id), [(row.actor, row.action, json.loads(row.body)) for row in rows]


@pytest.mark.parametrize(("was", "state"), [("queued", "cancelled"), ("running", "running")])
def test_cancel(database: Database, was: str, state: str) -> None:
    run_id = make_run(database, state=was)
    with database.write() as connection:
        done = cancel(connection, database.now_sql, run_id[:-1], ANN)
    assert (done.id, done.state, done.was, done.rings) == (run_id, state, was, ())
    row, trail = look(database, run_id)
    assert row.state == state and row.cancel_requested_at is not None
    assert trail == [("ann", "run.cancel", {"was": was})]


def test_a_running_run_is_cancelled_by_force(database: Database) -> None:
    run_id = make_run(
        database, state="running", fence=3, attempt=2, worker="w", claimed_at=5,
        canvas='{"queue": "canvas.team", "id": "x"}',
    )  # fmt: skip
    with database.write() as connection:
        done = cancel(connection, database.now_sql, run_id, ANN, by_force=True)
        (attempt,) = list_attempts(connection, run_id)
    assert (done.state, done.was, done.rings) == ("cancelled", "running", ("canvas.team",))
    row, trail = look(database, run_id)
    assert (row.state, row.fence, row.lease_until, row.error_kind) == ("cancelled", 4, None, "cancelled")
    assert row.finished_at is not None and trail == [("ann", "run.cancel", {"was": "running"})]
    assert (attempt.fence, attempt.number, attempt.worker, attempt.outcome) == (3, 2, "w", "cancelled")


def test_one_with_a_concurrency_key_keeps_its_place_until_its_holder_ends_it(database: Database) -> None:
    run_id = make_run(database, state="running", fence=3, concurrency_key="k")
    with database.write() as connection:
        done = cancel(connection, database.now_sql, run_id, ANN, by_force=True)
    row, trail = look(database, run_id)
    assert (done.state, row.state, row.fence, row.finished_at) == ("running", "running", 3, None)
    assert row.cancel_requested_at is not None and trail == [("ann", "run.cancel", {"was": "running"})]


def test_retry(database: Database) -> None:
    run_id = make_run(database, state="dead")
    with database.write() as connection:
        done = retry(connection, database.now_sql, run_id, ANN)
    assert (done.state, done.was, done.rings) == ("queued", "dead", ("probe",))
    row, trail = look(database, run_id)
    assert row.state == "queued" and trail == [("ann", "run.retry", {"was": "dead"})]


@pytest.mark.parametrize(("was", "decide"), [("queued", cancel), ("failed", partial(answer, why="known"))])
def test_whoever_tells_the_end_to_a_canvas_is_rung_for(database: Database, was: str, decide: Any) -> None:
    run_id = make_run(database, state=was, canvas='{"queue": "canvas.team", "id": "x"}')
    with database.write() as connection:
        done = decide(connection, database.now_sql, run_id, ANN)
    assert done.rings == ("canvas.team",)


def test_answer_and_no_secret_in_its_row(database: Database) -> None:
    run_id = make_run(database, state="failed")
    with database.write() as connection:
        done = answer(connection, database.now_sql, run_id, ANN, "it was hunter22")
    assert (done.state, done.was) == ("failed", "failed")
    row, trail = look(database, run_id)
    assert (row.answered_by, row.answered_why) == ("ann", f"it was {STRUCK}")
    assert trail == [("ann", "run.answer", {"was": "failed", "why": f"it was {STRUCK}"})]


@pytest.mark.parametrize("decide", [cancel, retry, lambda *words: answer(*words, "why")])
def test_what_cannot_be_decided_leaves_no_row(database: Database, decide: Any) -> None:
    run_id = make_run(database, state="succeeded")
    with pytest.raises(BadInput, match="is succeeded"), database.write() as connection:
        decide(connection, database.now_sql, run_id, ANN)
    with pytest.raises(UnknownName), database.write() as connection:
        decide(connection, database.now_sql, "nobody", ANN)
    assert look(database, run_id)[1] == []
