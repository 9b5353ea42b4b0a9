"""Stored answers of the Web API: content of the platform, so each row has its end and leaves by itself."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, select, text
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from backline.storage.spotify_tables import answer as t

AnswerRow = Row[Any]  # the columns of `spotify_tables.answer`
LEAVING = 20  # expired rows that leave with each one that is kept


def read_answer(connection: Connection, now_sql: str, key: str) -> AnswerRow | None:
    """What is kept under a key and has not expired."""
    return connection.execute(select(t).where(t.c.key == key, t.c.expires_at > text(now_sql))).first()


def keep_answer(connection: Connection, now_sql: str, values: dict[str, Any]) -> None:
    """Keep an answer, `values` by column, in place of that before; some that have expired leave meanwhile."""
    on_server = connection.dialect.name == "postgresql"
    made = (insert_postgresql if on_server else insert_sqlite)(t).values(**values)
    connection.execute(made.on_conflict_do_update(index_elements=["key"], set_=values))
    old = select(t.c.key).where(t.c.expires_at <= text(now_sql)).order_by(t.c.expires_at).limit(LEAVING)
    connection.execute(delete(t).where(t.c.key.in_(old.with_for_update(skip_locked=True))))
