"""Reading numbers: from the rollup where it is true, from the facts where a day is dirty, in one statement.

`StoredNumbers` answers what `metrics/numbers.py` asks for, so that another storage can stand in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, text

from backline.music import FIRST_DAY, LAST_DAY
from backline.storage.rollup_sql import COLUMNS, HAS_DAYS, join_claims, select_rollups

NumberRow = Row[Any]

_DIRTY = """
SELECT artist_no, day FROM backline_dirty_day WHERE artist_no IN :artists AND day BETWEEN :first AND :last
"""
_CLEAN = """
FROM backline_rollup AS r WHERE r.artist_no IN :artists AND r.day BETWEEN :first AND :last
    AND NOT EXISTS (SELECT 1 FROM backline_dirty_day AS d WHERE d.artist_no = r.artist_no AND d.day = r.day)
"""
_NUMBERS = f"""
WITH numbers AS (
    SELECT {COLUMNS} {_CLEAN} AND dimension = :dimension AND (:every = 1 OR report = :report)
    UNION ALL
    SELECT {COLUMNS} FROM ({{live}}) AS live WHERE dimension = :dimension AND (:every = 1 OR report = :report)
)
"""
_TITLED = """
, titled AS (
    SELECT n.artist_no, n.day, n.report, coalesce(t.title, '') AS key, n.measure, n.currency, n.scale, n.span, n.value,
        n.accepted, n.rejected, n.known_at
    FROM numbers AS n LEFT JOIN backline_track AS t ON t.no = CASE WHEN n.dimension = 'track' THEN CAST(n.key AS BIGINT) END
)
"""
_CELLS = """
SELECT day, report, key, measure, currency, scale, span, value, accepted, rejected, known_at FROM {table}
ORDER BY report, measure, day, key, artist_no, scale
"""
_SUMS = """
SELECT report, key, measure, currency, scale, max(span) AS span, CAST(sum(value) AS BIGINT) AS value,
    min(value) AS low, count(*) AS cells, max(known_at) AS known_at
FROM {table} GROUP BY report, key, measure, currency, scale
"""
_DAYS = "SELECT report, measure, day, max(span) AS span FROM numbers GROUP BY report, measure, day"
_REPORTS = f"""
SELECT report, max(span) AS span, min(day) AS first, max(day) AS last, count(DISTINCT day) AS days,
    max(known_at) AS known_at, max(has_days) AS has_days
FROM (
    SELECT r.report, r.span, r.day, r.known_at,
        CASE WHEN r.dimension = 'day' OR r.span = 1 THEN 1 ELSE 0 END AS has_days {_CLEAN}
    UNION ALL
    SELECT c.report, c.span, f.day, c.known_at, CASE WHEN {HAS_DAYS} THEN 1 ELSE 0 END
    FROM (
        SELECT DISTINCT f.claim_id, f.day FROM ({_DIRTY}) AS d CROSS JOIN backline_fact AS f
        WHERE f.artist_no = d.artist_no AND f.day = d.day
    ) AS f {{claims}} WHERE c.id = f.claim_id AND c.current
) AS days GROUP BY report ORDER BY report
"""
_SOURCES = """
SELECT DISTINCT c.report, c.day, i.no, i.id AS import_id FROM (
    SELECT DISTINCT claim_id FROM backline_fact WHERE artist_no IN :artists AND day BETWEEN :first AND :last
) AS f {claims} JOIN backline_import AS i ON i.no = c.import_no
WHERE c.id = f.claim_id AND c.current ORDER BY c.report, c.day, i.no
"""
_CHARTS = """
SELECT day, span, scope AS region, accepted, rejected FROM backline_claim
WHERE report = :report AND kind = 'chart' AND current AND day BETWEEN :first AND :last ORDER BY day, scope
"""
_TRACKS = "SELECT count(*) FROM backline_track WHERE artist_no IN :artists"


class StoredNumbers:
    """The numbers of some artist rows together (see `artists.list_credits`). Days are counted from 1970-01-01."""

    def __init__(self, connection: Connection, artist_nos: Sequence[int]) -> None:
        self._connection = connection
        self._dialect = connection.dialect.name
        self._artists = list(artist_nos)

    def read_cells(
        self, dimension: str, first: int = FIRST_DAY, last: int = LAST_DAY, report: str | None = None
    ) -> list[NumberRow]:
        """One row per artist row, day, report, key, measure, currency and scale.

        `key` is "" by day, the title by track, else the country or source; "" where a row names none.
        """
        return self._read(dimension, _CELLS, first, last, report)

    def read_sums(
        self, dimension: str, first: int = FIRST_DAY, last: int = LAST_DAY, report: str | None = None
    ) -> list[NumberRow]:
        """Cells added up over days and artist rows: sum, lowest, and how many there were."""
        return self._read(dimension, _SUMS, first, last, report)

    def list_days(
        self, dimension: str, first: int = FIRST_DAY, last: int = LAST_DAY, report: str | None = None
    ) -> list[NumberRow]:
        """Each day on which a report tells a measure by this dimension."""
        return self._read(dimension, _DAYS, first, last, report)

    def list_reports(self) -> list[NumberRow]:
        """Each report: span, first and last day, number of days, when last known, whether it has days."""
        return self._execute(
            _REPORTS.format(claims=join_claims(self._dialect, "f")), first=FIRST_DAY, last=LAST_DAY
        )

    def list_sources(self, first: int = FIRST_DAY, last: int = LAST_DAY) -> list[NumberRow]:
        """The imports whose current claims stand behind each report and day."""
        return self._execute(_SOURCES.format(claims=join_claims(self._dialect, "f")), first=first, last=last)

    def list_charts(self, report: str, first: int = FIRST_DAY, last: int = LAST_DAY) -> list[NumberRow]:
        """The charts of a report that are current, by day and region, whoever stands in them."""
        values = {"report": report, "first": first, "last": last}
        return list(self._connection.execute(text(_CHARTS), values).all())

    def count_tracks(self) -> int:
        """How many tracks the catalogue knows."""
        return int(self._execute(_TRACKS)[0][0])

    def _read(self, dimension: str, query: str, first: int, last: int, report: str | None) -> list[NumberRow]:
        sql = _NUMBERS.format(live=select_rollups(self._dialect, dimension, _DIRTY))
        titled = dimension == "track"
        sql += (_TITLED if titled else "") + query.format(table="titled" if titled else "numbers")
        every = 1 if report is None else 0
        values = {"dimension": dimension, "report": report or "", "every": every}
        return self._execute(sql, first=first, last=last, **values)

    def _execute(self, sql: str, **values: Any) -> list[NumberRow]:
        statement = text(sql).bindparams(bindparam("artists", expanding=True))
        return list(self._connection.execute(statement, {"artists": self._artists, **values}).all())
