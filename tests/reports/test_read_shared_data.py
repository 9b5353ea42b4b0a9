"""The real data beside the project, where it is: totals as DuckDB computes them from the same files."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.conftest import SHARED
from tests.reports.conftest import Outcome, read_path

DEV = SHARED / "data" / "streaming" / "dev"
pytestmark = pytest.mark.shared

TRACKS = """
report = "kworb_tracks"
[columns]
date = "date"
track = "track_id"
streams = "daily_streams"
"""
RUNNING = TRACKS.replace("daily_streams", "total_streams").replace(
    "[columns]", 'cumulative = ["streams"]\n[columns]'
)
CHARTS = """
report = "kworb_charts"
[columns]
date = "date"
country = "country"
rank = "position"
streams = "streams"
[split]
column = "artist_title"
at = " - "
into = ["artist", "track"]
"""


def ask(query: str, path: Path) -> tuple[object, ...]:
    """One row of DuckDB's answer."""
    rows: list[tuple[object, ...]] = duckdb.sql(query.format(f"read_parquet('{path}')")).fetchall()
    return rows[0]


def sum_up(found: Outcome) -> tuple[int, int, int]:
    """Accepted rows, sum of streams, number of days."""
    return found.reading.counts.accepted, found.reading.totals["units"], found.reading.days.count


def read_mapped(path: Path, tmp_path: Path, mapping: str, artist: str | None = None) -> Outcome:
    """By a mapping file, as a person would write it."""
    (tmp_path / "map.toml").write_text(mapping, encoding="utf-8")
    return read_path(path, mapping=(tmp_path / "map.toml").read_text(encoding="utf-8"), artist=artist)


def test_the_chart_of_brazil_is_a_plain_table() -> None:
    path = DEV / "chart_br_top200_daily_2019.parquet"
    found = read_path(path)
    assert found.reading.format == "table"
    assert sum_up(found) == ask("SELECT count(*), sum(streams), count(DISTINCT date) FROM {}", path)
    assert found.reading.counts.rejected == 0


def test_the_tracks_by_day(tmp_path: Path) -> None:
    path = DEV / "track_daily_streams_2024_2025.parquet"
    found = read_mapped(path, tmp_path, TRACKS, artist="One")
    query = "SELECT count(daily_streams), sum(daily_streams)::BIGINT, count(DISTINCT date) FROM {} WHERE daily_streams IS NOT NULL"
    assert sum_up(found) == ask(query, path)
    assert found.reading.counts.read == ask("SELECT count(*) FROM {}", path)[0]
    assert (
        sum(value < 0 for value in found.values())
        == ask("SELECT count(*) FROM {} WHERE daily_streams < 0", path)[0]
    )


def test_the_tracks_as_running_totals(tmp_path: Path) -> None:
    path = DEV / "track_daily_streams_2024_2025.parquet"
    found = read_mapped(path, tmp_path, RUNNING, artist="One")
    query = """
        WITH steps AS (
            SELECT date, total_streams - lag(total_streams) OVER w AS grown, date - lag(date) OVER w AS gap
            FROM {} WINDOW w AS (PARTITION BY track_id ORDER BY date)
        )
        SELECT count(*), sum(grown)::BIGINT, count(DISTINCT date) FROM steps WHERE gap = INTERVAL 1 DAY
    """
    assert sum_up(found) == ask(query, path)


def test_the_charts_of_south_east_asia(tmp_path: Path) -> None:
    path = DEV / "chart_sea_top50_daily_2026.parquet"
    found = read_mapped(path, tmp_path, CHARTS)
    assert found.reading.kind == "chart"
    assert sum_up(found) == ask("SELECT count(*), sum(streams), count(DISTINCT date) FROM {}", path)
    countries = duckdb.sql(
        f"SELECT upper(country), sum(streams) FROM read_parquet('{path}') GROUP BY 1"
    ).fetchall()
    told: dict[str, int] = {}
    for fact in found.facts:
        if fact["measure"] == "streams":
            told[fact["country"]] = told.get(fact["country"], 0) + fact["value"]
    assert told == dict(countries)
