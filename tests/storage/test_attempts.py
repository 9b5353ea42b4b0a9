"""Rows of attempts."""

from __future__ import annotations

from backline.storage.attempts import insert_attempt
from backline.storage.database import Database
from backline.storage.runs import list_attempts


def test_an_attempt_ends_by_the_database_s_clock(database: Database) -> None:
    values = {
        "run_id": "r", "fence": 3, "number": 2, "worker": None, "started_at": 5, "outcome": "lost",
        "error_kind": None, "error_text": None, "trace_id": "t", "state": "queued",
    }  # fmt: skip
    with database.write() as connection:
        before = database.now(connection)
        insert_attempt(connection, database.now_sql, values)
        (row,) = list_attempts(connection, "r")
        assert before <= row.ended_at <= database.now(connection)
    assert (row.fence, row.number, row.worker, row.started_at, row.outcome) == (3, 2, None, 5, "lost")
