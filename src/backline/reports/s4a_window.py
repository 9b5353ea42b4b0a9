"""What the windowed files of Spotify for Artists (songs, playlists) say by their name: whose, which period, up to when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from backline.reports.file_names import NO_ARTIST, clean_hint, read_day_hint, read_period_name
from backline.reports.format import Hints, Refused


@dataclass(frozen=True, slots=True)
class Window:
    """`span` in days up to and with `day`; 0: all time."""

    period: str
    span: int
    artist: str
    day: dt.date


def read_window(what: str, spans: Mapping[str, int], example: str, file_name: str, hints: Hints) -> Window:
    """Artist and period come from the name `<artist>-<what>-<period>.csv`; --artist and --report go first.

    The day is --date, else the date of the file. Raises `Refused` where one of them is told nowhere.
    """
    period, named = read_period_name(file_name, what, spans)
    told = (hints.report or "").removeprefix(f"s4a_{what}_")
    period = told if told in spans else period
    if period is None:
        raise Refused(
            "missing_period",
            f"{file_name} does not say which period it covers.",
            f"Keep the name that it was downloaded with (…-{what}-{example}.csv), or say "
            f"--report s4a_{what}_{example} ({', '.join(spans)}).",
        )
    artist = clean_hint(hints.artist) or named
    if artist is None:
        raise Refused("missing_artist", f"{file_name} does not say whose {what} these are.", NO_ARTIST)
    day = read_day_hint(hints) or hints.downloaded
    if day is None:
        raise Refused(
            "missing_date", f"{file_name} does not say up to which day.", "Say it: --date YYYY-MM-DD."
        )
    return Window(period, spans[period], artist, day)
