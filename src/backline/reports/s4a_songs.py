"""Spotify for Artists, `<artist>-songs-<period>.csv`: one row per song over 7 or 28 days, a year, all time.

The file names no day: its numbers are those up to the day of the download (--date, else the date of the file).
In the file over all time listeners and saves are 0 for every song: only its streams are read.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from backline.reports.format import Format, Hints, Layout
from backline.reports.s4a_window import read_window

SPANS: Final = {"7day": 7, "28day": 28, "1year": 365, "all": 0}
_ALWAYS = {"song", "streams"}
_KNOWN = {"song", "listeners", "streams", "saves", "release_date"}
_NEVER = {"artist", "date", "country", "rank", "title", "author"}


def recognise(names: Collection[str]) -> int:
    """A song and its streams, and at least one of listeners, saves and release date."""
    known = _KNOWN & set(names)
    return len(known) if known >= _ALWAYS and len(known) > 2 and not _NEVER & set(names) else 0


def lay_out(names: Collection[str], file_name: str, hints: Hints) -> Layout:
    """Artist and period come from the file's name; --artist and --report go first."""
    window = read_window("songs", SPANS, "28day", file_name, hints)
    measures = ("streams",) if window.period == "all" else ("streams", "listeners", "saves")
    columns = {"track": "song", "released": "release_date"}
    return Layout(
        report=f"s4a_songs_{window.period}",
        kind="artist",
        span=window.span,
        columns={role: column for role, column in columns.items() if column in names},
        constants={"artist": window.artist, "day": window.day},
        measures={measure: measure for measure in measures if measure in names},
        required=frozenset({"track", "streams"}),
        unique=(("track", "released"),),
    )


s4a_songs = Format("s4a_songs", recognise, lay_out)
