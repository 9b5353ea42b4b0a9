"""The rollup: numbers added up per artist, day, report, dimension and key, kept true by dirty days.

Whoever changes current claims marks (artist, day) in the same transaction, and marks it anew where a mark
is there (an upsert, which waits for a refresh that holds the mark). A refresh computes marked days from
the current claims and takes away the marks it has seen; `numbers.py` reads right whether it ran or not.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select, text

from backline.storage import fact_tables as t
from backline.storage.rollup_sql import COLUMNS, select_rollups

BATCH = 2000  # artist-days of one refresh

_CHOSEN = {
    "sqlite": "SELECT json_extract(value, '$[0]') AS artist_no, json_extract(value, '$[1]') AS day "
    "FROM json_each(:pairs)",
    "postgresql": "SELECT CAST(pair ->> 0 AS BIGINT) AS artist_no, CAST(pair ->> 1 AS INTEGER) AS day "
    "FROM json_array_elements(CAST(:pairs AS JSON)) AS pairs(pair)",
}
_FORGET = "DELETE FROM {table} WHERE (artist_no, day) IN ({chosen})"
_MARK = """
INSERT INTO backline_dirty_day (artist_no, day, marked_at)
SELECT artist_no, day, {now} FROM (
    SELECT artist_no, day FROM backline_fact {where} UNION SELECT artist_no, day FROM backline_rollup {where}
) AS days WHERE true
ON CONFLICT (artist_no, day) DO UPDATE SET marked_at = excluded.marked_at
"""


def refresh_rollups(
    connection: Connection, artist_nos: Sequence[int] | None = None, limit: int = BATCH
) -> int:
    """Compute up to `limit` dirty (artist, day) pairs anew, in the caller's transaction; how many.

    None for all artists. On PostgreSQL the marks stay locked until the commit, so that an import that
    touches the same days waits and marks them again; this needs READ COMMITTED, the default.
    """
    pairs = _lock_dirty(connection, artist_nos, limit)
    if not pairs:
        return 0
    values = {"pairs": json.dumps(pairs)}
    dialect = connection.dialect.name
    chosen = _CHOSEN[dialect]
    connection.execute(text(_FORGET.format(table="backline_rollup", chosen=chosen)), values)
    for dimension in ("day", "country"):  # day comes with track, country with source
        insert = f"INSERT INTO backline_rollup ({COLUMNS}) {select_rollups(dialect, dimension, chosen)}"
        connection.execute(text(insert), values)
    connection.execute(text(_FORGET.format(table="backline_dirty_day", chosen=chosen)), values)
    return len(pairs)


def mark_all_dirty(connection: Connection, now_sql: str, artist_nos: Sequence[int] | None = None) -> int:
    """Mark every day that has facts or rollups: the start of a full rebuild. Returns how many."""
    if artist_nos is None:
        statement = text(_MARK.format(now=now_sql, where=""))
        return connection.execute(statement).rowcount
    statement = text(_MARK.format(now=now_sql, where="WHERE artist_no IN :artists"))
    statement = statement.bindparams(bindparam("artists", expanding=True))
    return connection.execute(statement, {"artists": list(artist_nos)}).rowcount


def count_dirty(connection: Connection, artist_nos: Sequence[int] | None = None) -> int:
    """How many (artist, day) pairs wait for a refresh."""
    return len(_list_dirty(connection, artist_nos, None, lock=False))


def _lock_dirty(
    connection: Connection, artist_nos: Sequence[int] | None, limit: int
) -> list[tuple[int, int]]:
    return _list_dirty(connection, artist_nos, limit, lock=connection.dialect.name == "postgresql")


def _list_dirty(
    connection: Connection, artist_nos: Sequence[int] | None, limit: int | None, *, lock: bool
) -> list[tuple[int, int]]:
    dirty = t.dirty_day
    query = select(dirty.c.artist_no, dirty.c.day).order_by(dirty.c.artist_no, dirty.c.day).limit(limit)
    if artist_nos is not None:
        query = query.where(dirty.c.artist_no.in_(artist_nos))
    if lock:
        # A mark that an import holds is skipped: it is marked anew there, and reading is right meanwhile.
        query = query.with_for_update(skip_locked=True)
    return [(int(row.artist_no), int(row.day)) for row in connection.execute(query)]
