"""Which import speaks for a scope and day, and who follows where one is taken back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sqlalchemy import Connection

from backline.storage.claim_sums import make_keys
from backline.storage.claims import find_heirs, hand_over, list_fact_days, mark_days
from backline.storage.database import Database
from backline.storage.imports import count_claims, mark_undone
from tests.storage.spooled import Told, list_current, make_spool, store, take_dirty


def undo(connection: Connection, number: int) -> tuple[int, int]:
    """(restored, removed)."""
    heirs = find_heirs(connection, number)
    mark_undone(connection, number, moment=1, by="tester")
    hand_over(connection, heirs, 1)
    restored = sum(heir.new_id is not None for heir in heirs)
    return restored, len(heirs) - restored


def list_values(connection: Connection) -> list[int]:
    """Values of current facts."""
    return [row[7] for row in list_current(connection)]


def test_earlier_claim_comes_back(database: Database, tmp_path: Path) -> None:
    store(database, make_spool(tmp_path, "artist", [Told("Ann", 1, 5)]))
    second = store(database, make_spool(tmp_path, "artist", [Told("Ann", 1, 6), Told("Ann", 2, 7)]))
    with database.write() as connection:
        assert (list_values(connection), count_claims(connection, second.no)) == ([6, 7], (2, 2))
        take_dirty(connection)
        assert undo(connection, second.no) == (1, 1)
        assert take_dirty(connection) == {("ann", 1), ("ann", 2)}
        assert list_values(connection) == [5]


def test_replaced_import_leaves_what_replaced_it(database: Database, tmp_path: Path) -> None:
    first = store(database, make_spool(tmp_path, "artist", [Told("Ann", 1, 5)]))
    second = store(database, make_spool(tmp_path, "artist", [Told("Ann", 1, 6)]))
    with database.write() as connection:
        assert undo(connection, first.no) == (0, 0)
        assert list_values(connection) == [6]
        assert undo(connection, second.no) == (0, 1)
        assert list_values(connection) == []


def test_content_lives_on_where_a_later_import_brought_it_again(database: Database, tmp_path: Path) -> None:
    spools = [make_spool(tmp_path, "artist", [Told("Ann", 1, 5)]) for _ in range(2)]
    first, second = (store(database, spool) for spool in spools)
    third = store(database, make_spool(tmp_path, "artist", [Told("Ann", 1, 6)]))
    with database.write() as connection:
        assert count_claims(connection, second.no) == (1, 0)
        assert undo(connection, first.no) == (0, 0)
        assert undo(connection, third.no) == (1, 0)
        assert list_values(connection) == [5]
        assert count_claims(connection, second.no) == (1, 1)  # by its echo of the first
        assert undo(connection, second.no) == (0, 1)
        assert list_values(connection) == []
        assert [count_claims(connection, number) for number in (first.no, third.no)] == [(1, 0), (1, 0)]


def test_taken_back_chart_marks_every_artist_in_it(database: Database, tmp_path: Path) -> None:
    store(database, make_spool(tmp_path, "chart", [Told("Ann", 1, 5, "One", "DE")]), "charts_daily")
    second = store(database, make_spool(tmp_path, "chart", [Told("Bo", 1, 6, "Two", "DE")]), "charts_daily")
    with database.write() as connection:
        take_dirty(connection)
        undo(connection, second.no)
        assert take_dirty(connection) == {("ann", 1), ("bo", 1)}


def test_days_of_facts_and_marks(database: Database, tmp_path: Path) -> None:
    store(
        database,
        make_spool(tmp_path, "chart", [Told("Ann", 1, 5, "One", "DE"), Told("Ann", 1, 5, "Two", "DE")]),
    )
    with database.write() as connection:
        keys = list_fact_days(connection, [1])
        assert len(keys) == 1 and len(list_fact_days(connection, [])) == 0
        take_dirty(connection)
        mark_days(connection, np.append(keys, keys), 5)
        mark_days(connection, make_keys(np.zeros(0), np.zeros(0)), 5)
        assert take_dirty(connection) == {("ann", 1)}
