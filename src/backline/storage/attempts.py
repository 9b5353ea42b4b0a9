"""Rows of attempts: one for each time a run was in somebody's hands."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

INSERT_ATTEMPT = """
INSERT INTO backline_attempt (run_id, fence, number, worker, started_at, ended_at, outcome, error_kind, error_text,
    trace_id) """
ATTEMPT_VALUES = """CAST(:run_id AS TEXT), CAST(:fence AS BIGINT), CAST(:number AS INTEGER), CAST(:worker AS TEXT),
    CAST(:started_at AS BIGINT), {now}, CAST(:outcome AS TEXT), CAST(:error_kind AS TEXT), CAST(:error_text AS TEXT),
    CAST(:trace_id AS TEXT)"""
_STATEMENTS: dict[str, Any] = {}


def insert_attempt(connection: Connection, now_sql: str, values: dict[str, Any]) -> None:
    """Write one row that ends now; `values` by the names of the columns, others are left alone."""
    statement = _STATEMENTS.get(now_sql)
    if statement is None:
        sql = f"{INSERT_ATTEMPT}VALUES ({ATTEMPT_VALUES.format(now=now_sql)})"
        statement = _STATEMENTS[now_sql] = text(sql)
    connection.execute(statement, values)
