"""The beginning of an id that is enough to name its row: short enough for a narrow terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

MOST = 200  # rows; a longer list is not for eyes, and each row costs two looks into an index


def shorten_ids(
    connection: Connection, column: ColumnElement[str], rows: Sequence[dict[str, Any]], least: int
) -> Sequence[dict[str, Any]]:
    """The rows with the shortest beginning of their `id` that no other row of `column` has.

    At least `least` characters, so that it stays the only one for a while.
    """
    if len(rows) > MOST:
        return rows
    return [{**row, "id": _shorten(connection, column, str(row["id"]), least)} for row in rows]


def _shorten(connection: Connection, column: ColumnElement[str], whole: str, least: int) -> str:
    before = select(func.max(column)).where(column < whole).scalar_subquery()
    after = select(func.min(column)).where(column > whole).scalar_subquery()
    near = [other for other in connection.execute(select(before, after)).one() if other is not None]
    shared = max((_count_shared(whole, other) for other in near), default=0)
    return whole[: max(shared + 1, least)]


def _count_shared(one: str, other: str) -> int:
    """How many letters both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
