"""Spotify for Artists, `<artist>-playlists-<period>.csv`: streams and listeners by playlist over 7 or 28 days or a year.

A window, no series of days: it stands under the day of the download (--date, else the date of the file), by
playlist and its author; windows are never added, nor are the playlists of one. The day on which a song was
added is not read: it belongs to a song, and the file names none.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from backline.reports.format import Format, Hints, Layout
from backline.reports.s4a_window import read_window

SPANS: Final = {"7day": 7, "28day": 28, "1year": 365}
_ALWAYS = {"title", "author", "listeners", "streams"}
_NEVER = {"artist", "track", "song", "date", "country", "rank", "isrc"}


def recognise(names: Collection[str]) -> int:
    """A playlist's title and author, its listeners and streams, and no song."""
    found = set(names)
    return len(found & (_ALWAYS | {"date_added"})) if found >= _ALWAYS and not _NEVER & found else 0


def lay_out(_: Collection[str], file_name: str, hints: Hints) -> Layout:
    """Artist and period come from the file's name; --artist and --report go first."""
    window = read_window("playlists", SPANS, "1year", file_name, hints)
    return Layout(
        report=f"s4a_playlists_{window.period}",
        kind="playlist",
        span=window.span,
        constants={"artist": window.artist, "day": window.day},
        measures={"streams": "streams", "listeners": "listeners"},
        joined=("source", ("title", "author")),
        required=frozenset({"source", "streams"}),
        unique=(("source",),),
    )


s4a_playlists = Format("s4a_playlists", recognise, lay_out)
