"""Spotify for Artists, `<song>-timeline.csv`: streams of one song by day.

The file does not say whose song it is, so --artist must. The song comes from --track, else from the file's
name, in which signs that a file name may not hold were replaced by "_".
"""

from __future__ import annotations

from collections.abc import Collection

from backline.music import MEASURES
from backline.reports.file_names import clean_hint, cut_ending
from backline.reports.format import Format, Hints, Layout, Refused

_NEVER = {"artist", "track", "song", "country", "source", "rank", "isrc", *MEASURES} - {"streams"}


def recognise(names: Collection[str]) -> int:
    """A date and streams, no other measure, and nothing that tells tracks, artists or countries apart."""
    return 3 if set(names) >= {"date", "streams"} and not _NEVER & set(names) else 0


def lay_out(_: Collection[str], file_name: str, hints: Hints) -> Layout:
    """One song by day."""
    artist = clean_hint(hints.artist)
    if artist is None:
        raise Refused(
            "missing_artist",
            f"{file_name} does not say whose song it is.",
            "Say it: --artist NAME.",
        )
    track = clean_hint(hints.track) or cut_ending(file_name, "-timeline")
    if track is None:
        raise Refused(
            "missing_track",
            f"{file_name} does not say which song it is.",
            "Say it: --track TITLE, or keep the name that it was downloaded with (<song>-timeline.csv).",
        )
    return Layout(
        report="s4a_song_timeline",
        kind="track",
        span=1,
        columns={"day": "date"},
        constants={"artist": artist, "track": track},
        measures={"streams": "streams"},
        required=frozenset({"streams"}),
        unique=(("day",),),
    )


s4a_song_timeline = Format("s4a_song_timeline", recognise, lay_out)
