"""A plain table for one's own exports, CSV or Parquet, columns in any order, others ignored:
date, artist, track, isrc, upc, country, source, currency, and measures by their names (streams, saves …).

date and one measure must be there; artist too, unless --artist says whose numbers they are. Rows that tell
of the same thing are added up, as a statement may spread one number over several rows. Where a table counts
people (listeners, followers), who cannot be added up, a second row is a duplicate instead.
"""

from __future__ import annotations

from collections.abc import Collection

from backline.music import MEASURES
from backline.reports.file_names import NO_ARTIST, clean_hint
from backline.reports.format import Format, Hints, Kind, Layout, Refused

_ROLES = {
    "day": "date",
    "artist": "artist",
    "track": "track",
    "isrc": "isrc",
    "upc": "upc",
    "country": "country",
    "source": "source",
    "currency": "currency",
}
_MEASURES = [name for name in MEASURES if name != "chart_rank"]
KEY = ("day", "artist", "track", "isrc", "country", "source", "currency")


def recognise(names: Collection[str]) -> int:
    """A date, a measure, and an artist or a track."""
    found = set(names)
    if "date" not in found or not found & set(_MEASURES):
        return 0
    return len(found & {*_ROLES.values(), *_MEASURES})


def lay_out(names: Collection[str], file_name: str, hints: Hints) -> Layout:
    """--artist and --track stand in where the table has no such column."""
    columns = {role: column for role, column in _ROLES.items() if column in names}
    measures = {name: name for name in _MEASURES if name in names}
    said = {"artist": clean_hint(hints.artist), "track": clean_hint(hints.track)}
    constants = {role: told for role, told in said.items() if told and role not in columns}
    if "artist" not in columns and "artist" not in constants:
        raise Refused("missing_artist", f"{file_name} has no column artist.", NO_ARTIST)
    if "revenue" in measures and "currency" not in columns:
        raise Refused(
            "missing_currency",
            f"{file_name} has revenue but no column currency.",
            "Add a column currency (EUR, USD …), or say it in a mapping (--map FILE).",
        )
    kind: Kind = "track" if "track" in constants else "artist"
    return Layout(
        report="table",
        kind=kind,
        span=1,
        columns=columns,
        constants=constants,
        measures=measures,
        unique=choose_unique(measures),
        negatives=True,
    )


def choose_unique(measures: Collection[str]) -> tuple[tuple[str, ...], ...]:
    """The keys of a table: none where its rows may be added up."""
    return (KEY,) if any(MEASURES[measure] == "never" for measure in measures) else ()


table = Format("table", recognise, lay_out)
