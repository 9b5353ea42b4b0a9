"""What a person decides about a run: to cancel, retry or answer it, or what became of its call. Each is audited."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from backline.errors import BadInput, UnknownName
from backline.runtime.audit import Secrets, digest, make_entry
from backline.runtime.intents import name_object
from backline.storage.audits import insert_audit
from backline.storage.canvases import insert_tell
from backline.storage.intents import tell_intent
from backline.storage.run_tables import UNANSWERED_STATES
from backline.storage.runs import RunRow, answer_run, end_running, read_run, request_cancel, retry_run


@dataclass(frozen=True)
class Person:
    """Who decides, and what must not be seen in the audit row."""

    name: str
    secrets: Secrets


@dataclass(frozen=True)
class Decided:
    """The run, its state after and before, and the queues to ring after the commit: its own where it waits again,
    and that of whoever tells its end to a canvas.
    """

    id: str
    state: str
    was: str
    rings: tuple[str, ...] = ()


def cancel(
    connection: Connection, now_sql: str, run: str, person: Person, *, by_force: bool = False
) -> Decided:
    """End a waiting run at once, ask a running one to stop. `run` is an id or a beginning that fits only one.

    `by_force` ends a running one too: its worker's child ends itself when it next looks after its lease; one with a
    concurrency key is running until then. Raises `UnknownName`, and `BadInput` where the run has ended.
    """
    row = read_run(connection, run)
    state = request_cancel(connection, now_sql, row.id)
    if state == "running" and by_force and end_running(connection, now_sql, row.id):
        state = "cancelled"
    teller = insert_tell(connection, now_sql, row.id) if state == "cancelled" else None
    return _note(connection, now_sql, "run.cancel", row, state, teller, person)


def retry(connection: Connection, now_sql: str, run: str, person: Person) -> Decided:
    """Put a run back into its queue with fresh counters.

    Raises `UnknownName`, and `BadInput` where it is queued, running or has succeeded.
    """
    row = read_run(connection, run)
    retry_run(connection, now_sql, row.id)
    return _note(connection, now_sql, "run.retry", row, "queued", row.queue, person)


def answer(connection: Connection, now_sql: str, run: str, person: Person, why: str) -> Decided:
    """Say why a failure needs no more work. Raises `UnknownName`, and `BadInput` where it is no failure."""
    row = read_run(connection, run)
    answer_run(connection, now_sql, row.id, person.name, person.secrets.strike(why))
    teller = insert_tell(connection, now_sql, row.id, why="answered")
    return _note(connection, now_sql, "run.answer", row, row.state, teller, person, why=why)


def tell_outcome(
    connection: Connection, now_sql: str, run: str, name: str, person: Person, why: str, *, done: str | None
) -> Decided:
    """Say what became of a call without an outcome: `done` is its result as JSON, None says that it did not happen.

    A failure that nobody has answered goes on: it is put back into its queue. Raises `UnknownName` where nothing is open under that name, `BadInput` where `done` is no JSON or the run is running.
    """
    row = read_run(connection, run)
    outcome, state = (None, "failed") if done is None else (_read_outcome(done), "done")
    was = tell_intent(
        connection,
        now_sql,
        run_id=row.id,
        name=name,
        state=state,
        outcome=outcome,
        words=person.secrets.strike(why),
    )
    if was is None:
        raise UnknownName(
            f"Run {row.id} has no call {name!r} without an outcome.", remedy=f"`backline runs show {row.id}`."
        )
    if was == "running":
        raise BadInput(f"Run {row.id} is being carried: what became of its call may still be written.")
    entry = make_entry(
        person.name, "intent.told", name_object(row.id, name), person.secrets,
        run_id=row.id, after_sha=digest(outcome), state=state, why=why,
    )  # fmt: skip
    insert_audit(connection, now_sql, entry)
    if was in UNANSWERED_STATES and row.answered_at is None:
        return retry(connection, now_sql, row.id, person)
    return Decided(row.id, was, was)


def _read_outcome(text: str) -> str:
    try:
        return json.dumps(json.loads(text))
    except ValueError as error:
        raise BadInput(
            f"The outcome is no JSON: {error}.", remedy="Example: '{\"id\": 7}'; a text: '\"x\"'."
        ) from error


def _note(
    connection: Connection,
    now_sql: str,
    action: str,
    row: RunRow,
    state: str,
    ring: str | None,
    person: Person,
    **body: Any,
) -> Decided:
    entry = make_entry(
        person.name, action, f"run:{row.id}", person.secrets, run_id=row.id, was=row.state, **body
    )
    insert_audit(connection, now_sql, entry)
    return Decided(row.id, state, row.state, (ring,) if ring else ())
