"""Beginnings of ids that name one row."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.sql import column, table

from backline.storage.database import Database
from backline.storage.short_ids import MOST, shorten_ids

IDS = ["aaa-1111", "aaa-1122", "aaa-2000", "bbb-0000"]
THINGS = table("thing", column("id"))


def shorten(database: Database, ids: list[str], least: int) -> list[str]:
    """The short ids, among all of IDS."""
    with database.write() as connection:
        connection.execute(text("CREATE TEMP TABLE thing (id text PRIMARY KEY)"))
        for each in IDS:
            connection.execute(text("INSERT INTO thing VALUES (:id)"), {"id": each})
        rows = [{"id": each, "more": 1} for each in ids]
        short = list(shorten_ids(connection, THINGS.c.id, rows, least))
        connection.execute(text("DROP TABLE thing"))
    assert all(row["more"] == 1 for row in short)
    return [row["id"] for row in short]


def test_rows_that_are_not_listed_count_too(database: Database) -> None:
    assert shorten(database, ["aaa-1122", "bbb-0000"], 1) == ["aaa-112", "b"]


def test_no_id_is_shorter_than_asked(database: Database) -> None:
    assert shorten(database, IDS, 6) == ["aaa-111", "aaa-112", "aaa-20", "bbb-00"]


def test_a_long_list_keeps_its_ids(database: Database) -> None:
    assert shorten(database, ["aaa-1122"] * (MOST + 1), 1)[0] == "aaa-1122"
