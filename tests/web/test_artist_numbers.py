"""Whose rows count for an artist, and bringing them up to date."""

from __future__ import annotations

import pytest

from backline.errors import UnknownName
from backline.storage.artists import add_artist
from backline.storage.database import Database
from backline.storage.rollups import count_dirty
from backline.web.artist_numbers import find_credits, refresh_all, refresh_quietly


def test_the_rows_of_a_name_or_an_id(database: Database) -> None:
    with database.write() as connection:
        row = add_artist(connection, database.now_sql, "Velvet Tramlines", created_by="ann").row
    assert find_credits(database, "velvet tramlines") == find_credits(database, row.id) == [row.no]
    with pytest.raises(UnknownName):
        find_credits(database, "Nobody")


def test_marked_days_are_refreshed(database: Database) -> None:
    with database.write() as connection:
        row = add_artist(connection, database.now_sql, "Velvet Tramlines", created_by="ann").row
        mark = "INSERT INTO backline_dirty_day (artist_no, day, marked_at) VALUES ({}, {}, 1)"
        for day in (1, 2, 3):
            connection.exec_driver_sql(mark.format(row.no, day))
    refresh_quietly(database, [row.no])
    with database.read() as connection:
        assert count_dirty(connection, [row.no]) == 0
    assert refresh_all(database, [row.no]) == 0
