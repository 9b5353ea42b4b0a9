"""Spotify for Artists, `<artist>-audience-timeline.csv`: one row a day, three generations of columns."""

from __future__ import annotations

from collections.abc import Collection

from backline.music import MEASURES
from backline.reports.file_names import NO_ARTIST, clean_hint, cut_ending
from backline.reports.format import Format, Hints, Layout, Refused

# 2026: all of them; before: without super listeners; old: listeners, streams, followers.
COLUMNS = {
    "listeners": "listeners",
    "monthly_listeners": "monthly_listeners",
    "monthly_active_listeners": "monthly_active_listeners",
    "super_listeners": "super_listeners",
    "streams": "streams",
    "playlist_adds": "playlist_adds",
    "saves": "saves",
    "followers": "followers",
}
_ALWAYS = {"date", "listeners", "streams", "followers"}
_NEVER = {"artist", "track", "song", "country", "source", "rank", *MEASURES} - COLUMNS.keys()


def recognise(names: Collection[str]) -> int:
    """Date, listeners, streams and followers, no measure beside its own, and nothing that tells tracks or countries apart."""
    if not set(names) >= _ALWAYS or _NEVER & set(names):
        return 0
    return len({"date", *COLUMNS.values()} & set(names)) + 1


def lay_out(names: Collection[str], file_name: str, hints: Hints) -> Layout:
    """The artist comes from --artist, else from the file's name."""
    artist = clean_hint(hints.artist) or cut_ending(file_name, "-audience-timeline")
    if artist is None:
        raise Refused("missing_artist", f"{file_name} does not say whose audience it is.", NO_ARTIST)
    return Layout(
        report="s4a_audience",
        kind="artist",
        span=1,
        columns={"day": "date"},
        constants={"artist": artist},
        measures={measure: column for measure, column in COLUMNS.items() if column in names},
        unique=(("day",),),
    )


s4a_audience = Format("s4a_audience", recognise, lay_out)
