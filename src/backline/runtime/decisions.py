"""What a person decides about a run: to cancel it, to try it again, to answer it. Each leaves its audit row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from backline.runtime.audit import Secrets, make_entry
from backline.storage.audits import insert_audit
from backline.storage.runs import RunRow, answer_run, read_run, request_cancel, retry_run


@dataclass(frozen=True)
class Person:
    """Who decides, and what must not be seen in the audit row."""

    name: str
    secrets: Secrets


@dataclass(frozen=True)
class Decided:
    """The run, the queue to ring where it waits again, and its state after and before."""

    id: str
    queue: str
    state: str
    was: str


def cancel(connection: Connection, now_sql: str, run: str, person: Person) -> Decided:
    """End a waiting run at once, ask a running one to stop. `run` is an id or a beginning that fits only one.

    Raises `UnknownName`, and `BadInput` where the run has ended.
    """
    row = read_run(connection, run)
    state = request_cancel(connection, now_sql, row.id)
    return _note(connection, now_sql, "run.cancel", row, state, person)


def retry(connection: Connection, now_sql: str, run: str, person: Person) -> Decided:
    """Put a run back into its queue with fresh counters; ring after the commit.

    Raises `UnknownName`, and `BadInput` where it is queued, running or has succeeded.
    """
    row = read_run(connection, run)
    retry_run(connection, now_sql, row.id)
    return _note(connection, now_sql, "run.retry", row, "queued", person)


def answer(connection: Connection, now_sql: str, run: str, person: Person, why: str) -> Decided:
    """Say why a failure needs no more work. Raises `UnknownName`, and `BadInput` where it is no failure."""
    row = read_run(connection, run)
    answer_run(connection, now_sql, row.id, person.name, why)
    return _note(connection, now_sql, "run.answer", row, row.state, person, why=why)


def _note(
    connection: Connection, now_sql: str, action: str, row: RunRow, state: str, person: Person, **body: Any
) -> Decided:
    entry = make_entry(
        person.name, action, f"run:{row.id}", person.secrets, run_id=row.id, was=row.state, **body
    )
    insert_audit(connection, now_sql, entry)
    return Decided(row.id, row.queue, state, row.state)
