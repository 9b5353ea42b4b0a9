"""Audit rows: inserted in the transaction that they tell of, never changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, text

from backline.storage import run_tables as t
from backline.storage.runs import RunRow
from backline.storage.seal_rows import select_raw, take_any_text

INSERT_AUDIT = (
    "INSERT INTO backline_audit (at, actor, action, object, run_id, fence, before_sha, after_sha, body) "
)
AUDIT_VALUES = """{now}, CAST(:actor AS TEXT), CAST(:action AS TEXT), CAST(:object AS TEXT), CAST(:run_id AS TEXT),
    CAST(:fence AS BIGINT), CAST(:before_sha AS TEXT), CAST(:after_sha AS TEXT), CAST(:body AS TEXT)"""
_STATEMENTS: dict[str, Any] = {}


@dataclass(frozen=True)
class AuditEntry:
    """Who did what to which object; digests before and after; body is canonical JSON without secrets."""

    actor: str
    action: str
    object: str
    body: str
    run_id: str | None = None
    fence: int | None = None
    before_sha: str | None = None
    after_sha: str | None = None


def insert_audit(connection: Connection, now_sql: str, entry: AuditEntry) -> None:
    """Write one row in the caller's transaction."""
    statement = _STATEMENTS.get(now_sql)
    if statement is None:
        sql = f"{INSERT_AUDIT}VALUES ({AUDIT_VALUES.format(now=now_sql)})"
        statement = _STATEMENTS[now_sql] = text(sql)
    connection.execute(statement, vars(entry))


def tell_audit(connection: Connection, at: int, entry: AuditEntry) -> int:
    """Write one row of a moment that is known, in microseconds since 1970 UTC, and return its id."""
    query = insert(t.audit).values(at=at, **vars(entry)).returning(t.audit.c.id)
    return int(connection.execute(query).scalar_one())


def write_body(values: Mapping[str, Any]) -> str:
    """What a row says beside its columns, as canonical JSON; what is None is left out."""
    kept = {name: value for name, value in values.items() if value is not None}
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def list_audit(
    connection: Connection,
    *,
    object: str | None = None,
    run_id: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[RunRow]:
    """Newest first, whatever stands in their columns; `before` keeps rows of smaller ids."""
    query = select_raw(t.audit).order_by(t.audit.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(t.audit.c.id < before)
    if object:
        query = query.where(t.audit.c.object == object)
    if run_id:
        own = t.audit.c.object == f"run:{run_id}"
        done = (t.audit.c.run_id == run_id) & t.audit.c.object.not_like("run:%")
        query = query.where(own | done)
    with take_any_text(connection):
        return list(connection.execute(query).all())
