"""Spotify for Artists, playlists: a window by playlist."""

from __future__ import annotations

from datetime import date

import pytest

from backline.reports.format import Refused
from tests.reports.conftest import Read

BODY = (
    "title,author,listeners,streams,date_added\nNight Drive,Spotify,120,340,2026-05-02\n"
    '"Late, later",kurt,11,24,n/a\nNight Drive,anna,3,4,-\n'
)
NAME = "Velvet Tramlines-playlists-1year.csv"


def test_each_playlist_stands_by_itself(read: Read) -> None:
    found = read(BODY, NAME)
    reading = found.reading
    assert (reading.format, reading.report, reading.kind, reading.span) == (
        "s4a_playlists", "s4a_playlists_1year", "playlist", 365,
    )  # fmt: skip
    assert found.counts == (3, 3, 0, 0)
    streams = {fact["source"]: fact["value"] for fact in found.facts if fact["measure"] == "streams"}
    assert streams == {"Night Drive · Spotify": 340, "Late, later · kurt": 24, "Night Drive · anna": 4}
    assert {(fact["artist"], fact["track"], fact["day"]) for fact in found.facts} == {
        ("Velvet Tramlines", None, date(2026, 8, 30))
    }


@pytest.mark.parametrize(("name", "span"), [("A-playlists-7day.csv", 7), ("A-playlists-28day (1).csv", 28)])
def test_the_period_is_told_by_the_name(read: Read, name: str, span: int) -> None:
    assert read(BODY, name, date="2026-08-15").reading.span == span


def test_rows_that_cannot_be(read: Read) -> None:
    found = read(f"{BODY},,1,2,-\nNight Drive,anna,3,5,-\nNight Drive,anna,3,4,-\n", NAME)
    assert found.rejected == [(5, "missing_source"), (6, "duplicate")]
    assert found.counts == (6, 3, 2, 1)


def test_what_the_name_must_tell(read: Read) -> None:
    with pytest.raises(Refused, match="which period"):
        read(BODY, "playlists.csv")
    with pytest.raises(Refused, match="whose playlists"):
        read(BODY, "playlists-1year.csv")
    assert read(BODY, "playlists.csv", artist="Ann", report="s4a_playlists_28day").reading.span == 28
    with pytest.raises(Exception, match="columns are not known"):
        read(BODY.replace("title", "song,title"), NAME)
