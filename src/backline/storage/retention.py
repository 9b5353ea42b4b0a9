"""How rows leave that are old enough: in batches, each a commit of its own with its audit row.

Never removed: open runs, failures that nobody has answered, runs of which a call to the outside world has no
outcome, runs of a canvas while any canvas is open, facts, claims. Audit rows leave by retention_audit.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, bindparam, text

from backline.storage.audits import AuditEntry, insert_audit, write_body
from backline.storage.database import Database
from backline.storage.intent_tables import UNSURE_STATES
from backline.storage.run_tables import UNANSWERED_STATES, quote_states
from backline.storage.seals_export import Signer

BATCH = 1000
DAY = 86_400_000_000  # microseconds
_UNANSWERED = quote_states(UNANSWERED_STATES)
# `state <> 'succeeded'` beside other states lets the index of open runs fit.
_NO_CANVAS_IS_OPEN = f"""NOT EXISTS (SELECT 1 FROM backline_run AS o WHERE o.state <> 'succeeded' AND o.canvas IS NOT NULL
    AND (o.state IN ('queued', 'scheduled', 'running') OR (o.state IN {_UNANSWERED} AND o.answered_at IS NULL)))"""
_OLD_RUN = f"""
    coalesce(finished_at, answered_at) < :cutoff
    AND (state IN ('succeeded', 'cancelled') OR (state IN {_UNANSWERED} AND answered_at IS NOT NULL))
    AND NOT EXISTS (SELECT 1 FROM backline_intent AS i WHERE i.run_id = backline_run.id
        AND i.state IN {quote_states(UNSURE_STATES)})
    AND (canvas IS NULL OR {_NO_CANVAS_IS_OPEN})"""


@dataclass(frozen=True)
class RetentionPlan:
    """For each kind of data after how many days it may leave; 0 keeps it. Where exports of the audit go, signed by whom."""

    runs: int = 0
    results: int = 0
    lines: int = 0
    plays: int = 0
    keys: int = 0
    content: int = 0  # for showing: each row has its own end, see expired.py
    audit: int = 0
    epoch: int = 30
    exports: Path = Path()
    find_signer: Callable[[], Signer | None] = lambda: None


@dataclass(frozen=True)
class Kind:
    """One kind of data: its table and key, and which rows are old (`:cutoff`, microseconds since 1970 UTC)."""

    name: str  # and the field of the plan
    table: str
    key: str
    old: str
    children: tuple[str, ...] = ()  # tables whose rows of the same `run_id` leave too
    instead: str = ""  # what is written in place of a removal


KINDS = (
    Kind(
        "runs",
        "backline_run",
        "id",
        _OLD_RUN,
        ("backline_attempt", "backline_step", "backline_intent"),
    ),
    Kind("results", "backline_result", "id", f"made_at < :cutoff AND {_NO_CANVAS_IS_OPEN}"),
    Kind(
        "lines",
        "backline_import",
        "no",
        "created_at < :cutoff AND rejected <> '[]'",
        instead="rejected = '[]'",
    ),
    Kind("plays", "backline_play", "import_no, line", "ended_at < :cutoff"),
    Kind("keys", "backline_api_key", "id", "(revoked_at < :cutoff OR expires_at < :cutoff)"),
)


@dataclass(frozen=True)
class Author:
    """Who lets rows leave, for the audit."""

    actor: str
    run_id: str | None = None
    fence: int | None = None


def count_old(database: Database, plan: RetentionPlan) -> dict[str, int]:
    """How many rows of each kind would leave now; kinds that are kept are 0."""
    with database.read() as connection:
        now = database.now(connection)
        return {kind.name: _count(connection, kind, getattr(plan, kind.name), now) for kind in KINDS}


def _count(connection: Connection, kind: Kind, days: int, now: int) -> int:
    if not days:
        return 0
    query = text(f"SELECT count(*) FROM {kind.table} WHERE {kind.old}")
    return int(connection.execute(query, {"cutoff": now - days * DAY}).scalar_one())


def remove_old(
    database: Database, plan: RetentionPlan, author: Author, batch: int = BATCH
) -> Iterator[tuple[str, int]]:
    """Let old rows leave, batch by batch: the kind, and how many left in the commit that was just made."""
    with database.read() as connection:
        now = database.now(connection)
    for kind in KINDS:
        days = getattr(plan, kind.name)
        if not days:
            continue
        after: tuple[Any, ...] | None = None
        while True:
            with database.write() as connection:
                taken = _remove(connection, kind, now - days * DAY, after, batch)
                if taken:
                    _tell(connection, database.now_sql, kind.name, author, now - days * DAY, len(taken))
            if not taken:
                break
            after = taken[-1]
            yield kind.name, len(taken)


def _remove(
    connection: Connection, kind: Kind, cutoff: int, after: tuple[Any, ...] | None, most: int
) -> list[tuple[Any, ...]]:
    """The keys of the rows that left, in their order."""
    names = kind.key.split(", ")
    values: dict[str, Any] = {"cutoff": cutoff, "most": most}
    later = ""
    if after is not None:
        later = f"AND ({kind.key}) > ({', '.join(f':after_{name}' for name in names)})"
        values |= {f"after_{name}": value for name, value in zip(names, after, strict=True)}
    lock = "FOR UPDATE SKIP LOCKED" if connection.dialect.name == "postgresql" else ""
    query = (
        f"SELECT {kind.key} FROM {kind.table} WHERE {kind.old} {later} ORDER BY {kind.key} LIMIT :most {lock}"
    )
    keys = [tuple(row) for row in connection.execute(text(query), values)]
    if not keys:
        return []
    single = len(names) == 1
    chosen = {"keys": [key[0] for key in keys] if single else keys}
    for table in kind.children:
        _execute(connection, f"DELETE FROM {table} WHERE run_id IN :keys", chosen)
    change = f"UPDATE {kind.table} SET {kind.instead}" if kind.instead else f"DELETE FROM {kind.table}"
    _execute(connection, f"{change} WHERE {kind.key if single else f'({kind.key})'} IN :keys", chosen)
    return keys


def _execute(connection: Connection, statement: str, values: dict[str, Any]) -> None:
    connection.execute(text(statement).bindparams(bindparam("keys", expanding=True)), values)


def _tell(connection: Connection, now_sql: str, kind: str, author: Author, cutoff: int, count: int) -> None:
    body = write_body({"before": cutoff, "count": count})
    entry = AuditEntry(
        author.actor, f"retention.{kind}", f"retention:{kind}", body, author.run_id, author.fence
    )
    insert_audit(connection, now_sql, entry)
