"""The rollup is what the current claims say, however it came about."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from backline.storage.database import Database
from backline.storage.rollups import count_dirty, mark_all_dirty, refresh_rollups
from tests.storage.fact_writer import Fact, FactWriter, list_rollup
from tests.storage.rollup_model import model_rollup

FACTS = st.builds(
    Fact,
    artist_no=st.sampled_from([1, 2]),
    value=st.integers(-5, 1000),
    measure=st.sampled_from(["streams", "chart_rank", "listeners", "revenue"]),
    track_no=st.sampled_from([0, 0, 7, 8]),
    country=st.sampled_from(["", "DE", "FR", "global"]),
    source=st.sampled_from(["", "", "playlists"]),
    currency=st.sampled_from(["", "EUR"]),
    scale=st.sampled_from([0, 0, 2]),
)
# Rows of one statement, of songs and of albums, which only their track, country and source tell apart.
SALES = st.builds(
    Fact,
    artist_no=st.just(1),
    value=st.integers(1, 1000),
    track_no=st.sampled_from([0, 7, 8]),
    country=st.sampled_from(["", "DE", "FR"]),
    source=st.sampled_from(["", "playlists"]),
)
PUT = st.fixed_dictionaries(
    {
        "day": st.integers(1, 3),
        "facts": st.one_of(st.lists(FACTS, max_size=6), st.lists(SALES, min_size=2, max_size=6)),
        "report": st.sampled_from(["one", "two"]),
        "place": st.sampled_from([("artist", "1", 1), ("artist", "2", 28), ("track", "1/7", 1), ("chart", "de", 1), ("chart", "global", 7)]),
        "rows": st.tuples(st.integers(1, 9), st.integers(0, 3)),
        "known_at": st.integers(0, 99),
    }
)  # fmt: skip
STEPS = st.lists(st.one_of(PUT, st.just("refresh"), st.just("refresh some"), st.integers(1, 6)), max_size=14)


def play(database: Database, steps: list[Any]) -> None:
    """Imports, undos and refreshes, each in a transaction of its own."""
    imports: list[int] = []
    undone: set[int] = set()
    for step in steps:
        with database.write() as connection:
            writer = FactWriter(connection, imports, undone)
            if step == "refresh":
                refresh_rollups(connection)
            elif step == "refresh some":
                refresh_rollups(connection, [1], 1)
            elif isinstance(step, int):
                if step in imports and step not in undone:
                    writer.undo(step)
            else:
                kind, scope, span = step["place"]
                known = {name: step[name] for name in ("day", "facts", "report", "rows", "known_at")}
                writer.put(kind=kind, scope=scope, span=span, **known)


def empty(database: Database) -> None:
    """A database for the next example."""
    with database.write() as connection:
        for table in ("fact", "claim", "rollup", "dirty_day", "import"):
            connection.execute(text(f"DELETE FROM backline_{table}"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_incremental_equals_rebuild_equals_model(database: Database, steps: list[Any]) -> None:
    empty(database)
    play(database, steps)
    with database.write() as connection:
        refresh_rollups(connection)
        assert count_dirty(connection) == 0
    incremental = list_rollup(database)
    assert incremental == model_rollup(database)
    with database.write() as connection:
        mark_all_dirty(connection, database.now_sql)
        refresh_rollups(connection)
    assert list_rollup(database) == incremental


def test_only_dirty_days_are_touched(database: Database) -> None:
    with database.write() as connection:
        writer = FactWriter(connection)
        writer.put(1, [Fact(1, 10)])
        writer.put(2, [Fact(1, 20)])
        refresh_rollups(connection)
        connection.execute(text("UPDATE backline_rollup SET value = 99"))
        writer.put(2, [Fact(1, 21)])
        assert refresh_rollups(connection) == 1
    assert [(row[1], row[9]) for row in list_rollup(database)] == [(1, 99), (2, 21)]


def test_limit_and_artist(database: Database) -> None:
    with database.write() as connection:
        writer = FactWriter(connection)
        writer.put(1, [Fact(1, 10), Fact(2, 5)])
        writer.put(2, [Fact(1, 20), Fact(3, 5)])
        assert refresh_rollups(connection, [2, 3], 1) == 1
        assert count_dirty(connection, [2, 3]) == 1
        assert refresh_rollups(connection, [2, 3]) == 1
        assert refresh_rollups(connection, []) == 0
        assert count_dirty(connection) == 2


def test_rebuild_of_one_artist_leaves_others(database: Database) -> None:
    with database.write() as connection:
        FactWriter(connection).put(1, [Fact(1, 10), Fact(2, 5)])
        refresh_rollups(connection)
        assert mark_all_dirty(connection, database.now_sql, [1]) == 1
        assert count_dirty(connection, [2]) == 0
        assert refresh_rollups(connection) == 1


@pytest.mark.services
def test_an_import_that_meets_a_refresh_is_not_forgotten(make_database_url: Callable[[str], str]) -> None:
    """The refresh holds the mark and has read the old claim; the import must wait and mark anew."""
    database = Database(make_database_url("postgresql"))
    with database.write() as connection:
        FactWriter(connection).put(1, [Fact(1, 10)])
    began, imported = threading.Event(), threading.Event()

    def import_again() -> None:
        with database.write() as connection:
            writer = FactWriter(connection, imports=[1])
            began.set()
            writer.put(1, [Fact(1, 11)])
        imported.set()

    thread = threading.Thread(target=import_again)
    with database.write() as connection:
        refresh_rollups(connection)
        thread.start()
        began.wait(10)
        assert not imported.wait(0.3)
    thread.join(10)
    with database.write() as connection:
        assert count_dirty(connection) == 1
        refresh_rollups(connection)
    assert [row[9] for row in list_rollup(database)] == [11]
    database.close()
