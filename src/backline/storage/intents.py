"""Queries of intents: made before a call to the outside world, ended after it, told by a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select, text

from backline.storage import intent_tables as t

IntentRow = Any  # a row of intents: columns as attributes

# The run's row is locked until the commit: whoever takes the run over sees the intent, or it is not made.
_MAKE = """
INSERT INTO backline_intent (run_id, name, input_sha, request, state, at_most_once, fence, tries, made_at)
SELECT r.id, CAST(:name AS TEXT), CAST(:input_sha AS TEXT), CAST(:request AS TEXT), 'open',
    CAST(:at_most_once AS BOOLEAN), r.fence, 1, {now}
FROM backline_run AS r WHERE r.id = :run_id AND r.fence = :fence AND r.state = 'running' {lock}
ON CONFLICT (run_id, name) DO UPDATE SET input_sha = excluded.input_sha, request = excluded.request,
    state = 'open', at_most_once = excluded.at_most_once, fence = excluded.fence,
    tries = backline_intent.tries + 1, made_at = excluded.made_at, outcome = NULL, words = NULL, ended_at = NULL
    WHERE backline_intent.state <> 'done'
RETURNING tries
"""
_END = """
UPDATE backline_intent SET state = :state, outcome = :outcome, words = :words, ended_at = {now}
WHERE run_id = :run_id AND name = :name AND fence = :fence
    AND (state IN ('open', 'unclear') OR (state = 'done' AND outcome = :outcome))
RETURNING run_id
"""
_LOCK_RUN = "SELECT state FROM backline_run WHERE id = :run_id {lock}"
_TELL = """
UPDATE backline_intent SET state = :state, outcome = :outcome, words = :words, ended_at = {now}
WHERE run_id = :run_id AND name = :name AND state IN ('open', 'unclear') RETURNING run_id
"""
_COUNT_OLD = """
SELECT count(*) AS old, (SELECT run_id FROM backline_intent WHERE state = 'open' ORDER BY made_at LIMIT 1) AS oldest
FROM backline_intent WHERE state = 'open' AND made_at < {now} - :age
"""
HOUR = 3_600_000_000  # microseconds


def read_intent(connection: Connection, run_id: str, name: str) -> IntentRow | None:
    """The run's intent of that name; None where there is none."""
    query = select(t.intent).where(t.intent.c.run_id == run_id, t.intent.c.name == name)
    return connection.execute(query).first()


def make_intent(
    connection: Connection,
    now_sql: str,
    *,
    run_id: str,
    fence: int,
    name: str,
    input_sha: str,
    request: str,
    at_most_once: bool,
) -> int | None:
    """Open an intent, or one without an outcome again: how often it was begun, this time included.

    None where the run is not under this fence any more, or where the intent has its outcome by now.
    """
    values = {
        "run_id": run_id, "fence": fence, "name": name, "input_sha": input_sha, "request": request,
        "at_most_once": at_most_once,
    }  # fmt: skip
    statement = text(_MAKE.format(now=now_sql, lock=_lock(connection, "FOR NO KEY UPDATE OF r")))
    row = connection.execute(statement, values).first()
    return None if row is None else int(row.tries)


def end_intent(
    connection: Connection,
    now_sql: str,
    *,
    run_id: str,
    fence: int,
    name: str,
    state: str,
    outcome: str | None = None,
    words: str | None = None,
) -> bool:
    """Write how it ended, under the fence of the attempt that called; False where it is not ours to say.

    The run may belong to somebody else by now: an outcome is the truth all the same. The same outcome twice is fine.
    """
    values = {
        "run_id": run_id, "fence": fence, "name": name, "state": state, "outcome": outcome, "words": words,
    }  # fmt: skip
    return connection.execute(text(_END.format(now=now_sql)), values).first() is not None


def tell_intent(
    connection: Connection,
    now_sql: str,
    *,
    run_id: str,
    name: str,
    state: str,
    outcome: str | None,
    words: str,
) -> str | None:
    """A person says what happened: the run's state, its row locked. None where nothing is open under that name.

    Nothing is written where the run is being carried.
    """
    lock = text(_LOCK_RUN.format(lock=_lock(connection, "FOR NO KEY UPDATE")))
    run_state = str(connection.execute(lock, {"run_id": run_id}).scalar_one())
    if run_state == "running":
        return run_state
    values = {"run_id": run_id, "name": name, "state": state, "outcome": outcome, "words": words}
    told = connection.execute(text(_TELL.format(now=now_sql)), values).first()
    return None if told is None else run_state


def list_intents(connection: Connection, run_id: str) -> Sequence[IntentRow]:
    """The intents of one run, in the order in which they were last begun."""
    query = select(t.intent).where(t.intent.c.run_id == run_id).order_by(t.intent.c.made_at, t.intent.c.name)
    return connection.execute(query).all()


def count_old_intents(connection: Connection, now_sql: str) -> tuple[int, str | None]:
    """How many calls have been without an outcome for more than an hour, and the run of the oldest."""
    row = connection.execute(text(_COUNT_OLD.format(now=now_sql)), {"age": HOUR}).one()
    return int(row.old), row.oldest


def _lock(connection: Connection, words: str) -> str:
    return words if connection.dialect.name == "postgresql" else ""
