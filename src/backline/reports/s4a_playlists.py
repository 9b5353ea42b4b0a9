"""Spotify for Artists, `<artist>-playlists-<period>.csv`: streams and listeners by playlist over 7 or 28 days or a year.

A window, no series of days: it stands under the day of the download (--date, else the date of the file), by
playlist and its author; windows are never added, nor are the playlists of one. The day on which a song was
added is not read: it belongs to a song, and the file names none.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from backline.reports.file_names import NO_ARTIST, clean_hint, read_day_hint, read_period_name
from backline.reports.format import Format, Hints, Layout, Refused

SPANS: Final = {"7day": 7, "28day": 28, "1year": 365}
_ALWAYS = {"title", "author", "listeners", "streams"}
_NEVER = {"artist", "track", "song", "date", "country", "rank", "isrc"}


def recognise(names: Collection[str]) -> int:
    """A playlist's title and author, its listeners and streams, and no song."""
    found = set(names)
    return len(found & (_ALWAYS | {"date_added"})) if found >= _ALWAYS and not _NEVER & found else 0


def lay_out(_: Collection[str], file_name: str, hints: Hints) -> Layout:
    """Artist and period come from the file's name; --artist and --report go first."""
    period, named = read_period_name(file_name, "playlists", SPANS)
    told = (hints.report or "").removeprefix("s4a_playlists_")
    period = told if told in SPANS else period
    if period is None:
        raise Refused(
            "missing_period",
            f"{file_name} does not say which period it covers.",
            "Keep the name that it was downloaded with (…-playlists-1year.csv), or say "
            "--report s4a_playlists_1year (7day, 28day, 1year).",
        )
    artist = clean_hint(hints.artist) or named
    if artist is None:
        raise Refused("missing_artist", f"{file_name} does not say whose playlists these are.", NO_ARTIST)
    day = read_day_hint(hints) or hints.downloaded
    if day is None:
        raise Refused(
            "missing_date", f"{file_name} does not say up to which day.", "Say it: --date YYYY-MM-DD."
        )
    return Layout(
        report=f"s4a_playlists_{period}",
        kind="playlist",
        span=SPANS[period],
        constants={"artist": artist, "day": day},
        measures={"streams": "streams", "listeners": "listeners"},
        joined=("source", ("title", "author")),
        required=frozenset({"source", "streams"}),
        unique=(("source",),),
    )


s4a_playlists = Format("s4a_playlists", recognise, lay_out)
