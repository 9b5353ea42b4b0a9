"""Rows in bulk: both drivers keep numbers, texts, empty texts and nulls as they are."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import create_engine, event, select, text
from sqlalchemy.exc import DBAPIError

from backline.storage import fact_tables as t
from backline.storage.bulk import (
    ROWS,
    chunk,
    insert_columns,
    make_texts,
    merge_columns,
    repeat,
    reserve_numbers,
    update_flag,
)
from backline.storage.database import Database

ODD = ["", 'quote " and, comma', "line\nbreak", "\\N", "ünï"]


def make_tracks(numbers: np.ndarray) -> dict[str, np.ndarray]:
    """Columns of tracks with odd titles."""
    count = len(numbers)
    return {
        "no": numbers,
        "id": make_texts([f"trk_{number}" for number in numbers.tolist()]),
        "artist_no": np.full(count, 7),
        "title": make_texts([ODD[place % len(ODD)] for place in range(count)]),
        "folded": repeat("x", count),
        "isrc": make_texts([None if place % 2 else "" for place in range(count)]),
        "confirmed": repeat(False, count),
        "provenance": repeat("report", count),
        "created_at": np.full(count, 1),
        "created_by": repeat("imp_1", count),
    }


@pytest.mark.parametrize("count", [6, 2 * ROWS, 2 * ROWS + 4])
def test_what_goes_in_comes_out(database: Database, count: int) -> None:
    with database.write() as connection:
        numbers = reserve_numbers(connection, t.track.c.no, count)
        insert_columns(connection, t.track, make_tracks(numbers))
        rows = connection.execute(select(t.track).order_by(t.track.c.no)).all()
    assert [row.title for row in rows] == [ODD[place % len(ODD)] for place in range(count)]
    assert [row.isrc for row in rows] == ["", None] * (count // 2)
    assert [row.confirmed for row in rows] == [False] * count
    assert [row.no for row in rows] == numbers.tolist()


@pytest.mark.parametrize("count", [1, ROWS + 3])
def test_columns_of_one_value_go_in_as_any_other(database: Database, count: int) -> None:
    with database.write() as connection:
        numbers = reserve_numbers(connection, t.track.c.no, count)
        columns = {**make_tracks(numbers), "title": repeat(ODD[1], count), "isrc": repeat(None, count)}
        insert_columns(connection, t.track, columns)
        marks = {"artist_no": np.full(2, 1), "day": np.full(2, 5), "marked_at": np.full(2, 9)}
        merge_columns(
            connection, t.dirty_day, {name: values[:1] for name, values in marks.items()}, "DO NOTHING"
        )
        merge_columns(connection, t.dirty_day, marks, "DO NOTHING")
        rows = connection.execute(select(t.track).order_by(t.track.c.no)).all()
        days = connection.execute(select(t.dirty_day)).all()
    assert [(row.no, row.title, row.isrc) for row in rows] == [(no, ODD[1], None) for no in numbers.tolist()]
    assert [tuple(day) for day in days] == [(1, 5, 9)]


def test_what_all_rows_share_is_bound_once() -> None:
    engine, sent = create_engine("sqlite://"), []
    with engine.begin() as connection:
        t.track.create(connection)
        event.listen(engine, "before_cursor_execute", lambda *args: sent.append(args[3]))
        insert_columns(connection, t.track, make_tracks(np.arange(1, 1 + 2 * ROWS)))
    assert [len(values) for values in sent[0]] == [6 + 4 * ROWS] * 2


def test_reserved_numbers_are_new(database: Database) -> None:
    with database.write() as connection:
        first = reserve_numbers(connection, t.track.c.no, 3)
        insert_columns(connection, t.track, make_tracks(first))
        second = reserve_numbers(connection, t.track.c.no, 2)
    assert not set(first.tolist()) & set(second.tolist())
    assert first.tolist() == sorted(first.tolist()) and len(second) == 2


def test_merge_takes_the_words_for_a_conflict(database: Database) -> None:
    def mark(moment: int) -> dict[str, np.ndarray]:
        return {"artist_no": np.array([1, 2]), "day": np.array([-5, 6]), "marked_at": np.full(2, moment)}

    words = "(artist_no, day) DO UPDATE SET marked_at = excluded.marked_at"
    with database.write() as connection:
        merge_columns(connection, t.dirty_day, mark(1), words)
        merge_columns(connection, t.dirty_day, mark(2), words)
        merge_columns(connection, t.dirty_day, mark(3), "DO NOTHING")
        rows = connection.execute(select(t.dirty_day).order_by(t.dirty_day.c.artist_no)).all()
    assert [tuple(row) for row in rows] == [(1, -5, 2), (2, 6, 2)]


def test_flags_of_some_rows(database: Database) -> None:
    with database.write() as connection:
        numbers = reserve_numbers(connection, t.track.c.no, 3)
        insert_columns(connection, t.track, make_tracks(numbers))
        update_flag(connection, "backline_track", "confirmed", "no", numbers[:2], on=True)
        update_flag(connection, "backline_track", "confirmed", "no", numbers[:1], on=False)
        update_flag(connection, "backline_track", "confirmed", "no", numbers[:0], on=True)
        found = connection.execute(select(t.track.c.confirmed).order_by(t.track.c.no)).scalars().all()
    assert found == [False, True, False]


def test_driver_errors_are_the_library_s(database: Database) -> None:
    def insert_twice() -> None:
        with database.write() as connection:
            numbers = reserve_numbers(connection, t.track.c.no, 1)
            for _ in range(2):
                insert_columns(connection, t.track, make_tracks(numbers))

    with pytest.raises(DBAPIError):
        insert_twice()
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM backline_track")).scalar_one() == 0


def test_chunks() -> None:
    assert [list(part) for part in chunk([1, 2, 3], 2)] == [[1, 2], [3]]
    assert list(chunk([], 2)) == []
