"""Stored answers of the Web API: content of the platform, so each row has its end (expired.py)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from backline.storage.spotify_tables import answer as t

AnswerRow = Row[Any]  # the columns of `spotify_tables.answer`
LEAVING = 20  # expired rows that leave with each one that is kept


def read_answer(connection: Connection, now_sql: str, key: str) -> AnswerRow | None:
    """What is kept under a key and has not expired."""
    return connection.execute(select(t).where(t.c.key == key, t.c.expires_at > text(now_sql))).first()


def count_expired(connection: Connection, now: int) -> int:
    """How many are past their time; `now` in µs since 1970 UTC."""
    query = select(func.count()).select_from(t).where(t.c.expires_at <= now)
    return int(connection.execute(query).scalar_one())


def expire_answers(connection: Connection, now: int) -> int:
    """Let those leave; how many."""
    return connection.execute(delete(t).where(t.c.expires_at <= now)).rowcount


def keep_answer(connection: Connection, now_sql: str, values: dict[str, Any]) -> None:
    """Keep an answer, `values` by column, in place of that before; some that have expired leave meanwhile."""
    on_server = connection.dialect.name == "postgresql"
    made = (insert_postgresql if on_server else insert_sqlite)(t).values(**values)
    connection.execute(made.on_conflict_do_update(index_elements=["key"], set_=values))
    old = select(t.c.key).where(t.c.expires_at <= text(now_sql)).order_by(t.c.expires_at).limit(LEAVING)
    connection.execute(delete(t).where(t.c.key.in_(old.with_for_update(skip_locked=True))))
