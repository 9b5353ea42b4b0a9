"""How much a listener played, told by import or over all. Apart from plays.py, so that telling it loads no Arrow."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, text

# A play that several exports bring counts once, as long as one of them is not taken back.
_TOTALS = """
SELECT count(*) AS plays, coalesce(CAST(sum(ms_played) AS BIGINT), 0) AS ms_played,
    min(ended_at) AS first_at, max(ended_at) AS last_at
FROM (
    SELECT p.key, max(p.ms_played) AS ms_played, max(p.ended_at) AS ended_at
    FROM backline_play AS p JOIN backline_import AS i ON i.no = p.import_no
    WHERE {which} GROUP BY p.key
) AS plays
"""


class PlayTotals(NamedTuple):
    """How many plays, how long in milliseconds, and when the first and the last ended (µs since 1970 UTC)."""

    plays: int
    ms_played: int
    first_at: int | None
    last_at: int | None


def total_plays(connection: Connection, import_no: int | None = None) -> PlayTotals:
    """Of one import, taken back or not; None: of all that are not taken back, each play once."""
    which = "i.undone_at IS NULL" if import_no is None else "i.no = :import_no"
    values = {} if import_no is None else {"import_no": import_no}
    row = connection.execute(text(_TOTALS.format(which=which)), values).one()
    return PlayTotals(int(row.plays), int(row.ms_played), row.first_at, row.last_at)
