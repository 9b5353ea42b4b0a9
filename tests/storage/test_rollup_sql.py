"""The rules of precedence, one by one; `test_rollups.py` holds the SQL against a model of all of them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from backline.music import DIMENSIONS
from backline.storage.database import Database
from backline.storage.rollup_sql import COLUMNS, select_rollups
from tests.storage.fact_writer import Fact, FactWriter

CHOSEN = "SELECT 1 AS artist_no, 5 AS day"


def add_up(database: Database, *claims: tuple[list[Fact], dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Dimension -> key -> value of the streams (or of whatever the facts measure)."""
    with database.write() as connection:
        writer = FactWriter(connection)
        for facts, where in claims:
            writer.put(5, facts, **where)
        rows = []
        for dimension in ("day", "country"):
            rows += connection.execute(text(select_rollups(database.dialect, dimension, CHOSEN))).all()
    found: dict[str, dict[str, int]] = {dimension: {} for dimension in DIMENSIONS}
    for row in rows:
        found[row.dimension][row.key] = row.value
    return found


def test_tracks_countries_and_sources_are_added(database: Database) -> None:
    facts = [
        Fact(1, 3, track_no=7, country="DE", source="radio"),
        Fact(1, 4, track_no=7, country="FR", source="radio"),
        Fact(1, 5, track_no=8, country="DE", source=""),
    ]
    assert add_up(database, (facts, {})) == {
        "day": {"": 12},
        "track": {"7": 7, "8": 5},
        "country": {"DE": 8, "FR": 4},
        "source": {"radio": 7, "": 5},
    }


def test_a_world_chart_contains_its_countries(database: Database) -> None:
    def put(region: str, *facts: Fact) -> tuple[list[Fact], dict[str, Any]]:
        return list(facts), {"kind": "chart", "scope": region, "report": "charts_daily"}

    found = add_up(
        database,
        put("global", Fact(1, 100, track_no=7, country="global")),
        put("de", Fact(1, 30, track_no=7, country="DE"), Fact(1, 4, track_no=8, country="DE")),
        put("fr", Fact(1, 20, track_no=7, country="FR"), Fact(1, 5, track_no=8, country="FR")),
    )
    assert found == {
        "day": {"": 109},
        "track": {"7": 100, "8": 9},
        "country": {"global": 100, "DE": 34, "FR": 25},
        "source": {},
    }


def test_the_best_rank_stands(database: Database) -> None:
    facts = [Fact(1, rank, "chart_rank", track, country) for rank, track, country in
             ((9, 7, "DE"), (4, 7, "FR"), (6, 8, "DE"))]  # fmt: skip
    found = add_up(database, (facts, {"kind": "chart", "scope": "de"}))
    assert found["day"] == {"": 4}
    assert found["track"] == {"7": 4, "8": 6}
    assert found["country"] == {"DE": 6, "FR": 4}


def test_the_artist_as_a_whole_contains_its_tracks(database: Database) -> None:
    claims = ([Fact(1, 50)], {}), ([Fact(1, 20, track_no=7)], {"kind": "track", "scope": "1/7"})
    found = add_up(database, *claims)
    assert found["day"] == {"": 50}
    assert found["track"] == {"7": 20}


def test_an_album_sale_is_added_to_the_songs_of_its_statement(database: Database) -> None:
    facts = [
        Fact(1, 1000, track_no=7, country="DE", source="radio"),
        Fact(1, 2000, track_no=8, country="FR"),
        Fact(1, 1, country="FR"),
        Fact(1, 4),
    ]
    assert add_up(database, (facts, {})) == {
        "day": {"": 3005},
        "track": {"7": 1000, "8": 2000, "0": 5},
        "country": {"DE": 1000, "FR": 2001, "": 4},
        "source": {"radio": 1000, "": 2005},
    }


def test_a_statement_of_album_sales_only_has_no_tracks(database: Database) -> None:
    facts = [Fact(1, 3, country="DE"), Fact(1, 4, country="FR")]
    found = add_up(database, (facts, {}))
    assert found == {"day": {"": 7}, "track": {}, "country": {"DE": 3, "FR": 4}, "source": {}}


def test_a_statement_with_album_sales_contains_the_tracks_of_other_claims(database: Database) -> None:
    statement = [Fact(1, 20, track_no=7, country="DE"), Fact(1, 5)]
    song = [Fact(1, 90, track_no=9, country="FR")]
    found = add_up(database, (statement, {}), (song, {"kind": "track", "scope": "1/9"}))
    assert found == {
        "day": {"": 25},
        "track": {"7": 20, "9": 90, "0": 5},
        "country": {"DE": 20, "": 5},
        "source": {},
    }


def test_album_sales_of_one_currency_leave_the_other_alone(database: Database) -> None:
    statement = [Fact(1, 20, "revenue", 7, currency="EUR", scale=2), Fact(1, 5, "revenue", currency="USD")]
    song = [Fact(1, 90, "revenue", 9, currency="EUR", scale=2)]
    with database.write() as connection:
        writer = FactWriter(connection)
        writer.put(5, statement)
        writer.put(5, song, kind="track", scope="1/9")
        rows = connection.execute(text(select_rollups(database.dialect, "day", CHOSEN))).all()
    assert {(row.currency, row.value) for row in rows if row.dimension == "day"} == {("EUR", 110), ("USD", 5)}


def test_people_of_the_whole_artist_stand_before_those_of_its_tracks(database: Database) -> None:
    facts = [Fact(1, 10, "listeners", 7, "DE"), Fact(1, 8, "listeners", 8, "FR"), Fact(1, 15, "listeners", 0, "DE")]  # fmt: skip
    found = add_up(database, (facts, {}))
    assert found == {"day": {"": 15}, "track": {"7": 10, "8": 8}, "country": {"DE": 15}, "source": {}}


@pytest.mark.parametrize("scales", [(0, 0), (0, 2)])
def test_people_are_never_combined(database: Database, scales: tuple[int, int]) -> None:
    facts = [
        Fact(1, 10, "listeners", track_no=7, country="DE", scale=scales[0]),
        Fact(1, 11, "listeners", track_no=8, country="DE", scale=scales[1]),
        Fact(1, 12, "listeners", track_no=8, country="FR"),
    ]
    found = add_up(database, (facts, {}))
    assert found == {"day": {}, "track": {"7": 10}, "country": {"FR": 12}, "source": {}}


def test_windows_have_tracks_only_and_weekly_charts_have_days(database: Database) -> None:
    songs = add_up(database, ([Fact(1, 9, track_no=7, country="DE")], {"span": 28}))
    assert songs == {"day": {}, "track": {"7": 9}, "country": {}, "source": {}}


def test_weekly_charts_have_days(database: Database) -> None:
    facts = [Fact(1, 9, track_no=7, country="DE")]
    weekly = add_up(database, (facts, {"span": 7, "kind": "chart", "scope": "de"}))
    assert weekly == {"day": {"": 9}, "track": {"7": 9}, "country": {"DE": 9}, "source": {}}


def test_rows_of_a_claim_count_once_and_only_current_claims_count(database: Database) -> None:
    with database.write() as connection:
        writer = FactWriter(connection)
        writer.put(5, [Fact(1, 1, track_no=7)], rows=(50, 50), known_at=99)
        writer.put(5, [Fact(1, 2, track_no=7), Fact(1, 3, track_no=8)], rows=(2, 1), known_at=7)
        writer.put(5, [Fact(1, 4, track_no=9)], rows=(1, 0), known_at=8, kind="track", scope="1/9")
        rows = connection.execute(text(select_rollups(database.dialect, "track", CHOSEN))).all()
    day = next(row for row in rows if row.dimension == "day")
    assert (day.value, day.accepted, day.rejected, day.known_at) == (9, 3, 1, 8)
    assert COLUMNS.split(", ") == list(day._fields)
