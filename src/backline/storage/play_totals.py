"""How much a listener played, told by import. Apart from plays.py, so that telling it loads no Arrow."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, text

# A play that a file brings twice counts once.
_TOTALS = text("""
SELECT count(*) AS plays, coalesce(CAST(sum(ms_played) AS BIGINT), 0) AS ms_played,
    min(ended_at) AS first_at, max(ended_at) AS last_at
FROM (
    SELECT key, max(ms_played) AS ms_played, max(ended_at) AS ended_at
    FROM backline_play WHERE import_no = :import_no GROUP BY key
) AS plays
""")


class PlayTotals(NamedTuple):
    """How many plays, how long in milliseconds, and when the first and the last ended (µs since 1970 UTC)."""

    plays: int
    ms_played: int
    first_at: int | None
    last_at: int | None


def total_plays(connection: Connection, import_no: int) -> PlayTotals:
    """Of one import, taken back or not."""
    row = connection.execute(_TOTALS, {"import_no": import_no}).one()
    return PlayTotals(int(row.plays), int(row.ms_played), row.first_at, row.last_at)
