"""The songs of a period."""

from __future__ import annotations

from datetime import date

import pytest

from backline.reports.format import Refused
from tests.reports.conftest import Read

TEXT = "song,listeners,streams,saves,release_date\nLast Tram Home,10,20,3,2025-11-07\nCopper Rain,1,2,0,\n"


@pytest.mark.parametrize(("period", "span"), [("7day", 7), ("28day", 28), ("1year", 365)])
def test_periods(read: Read, period: str, span: int) -> None:
    found = read(TEXT, f"Velvet Tramlines-songs-{period}.csv")
    assert (found.reading.report, found.reading.span) == (f"s4a_songs_{period}", span)
    assert found.values("listeners") == [10, 1]
    assert found.column("released")[:2] == ["2025-11-07", None]
    assert set(found.column("day")) == {date(2026, 8, 30)}


def test_over_all_time_only_streams_are_read(read: Read) -> None:
    found = read(TEXT.replace("10,20,3", "0,20,0"), "Velvet Tramlines-songs-all.csv", date="2026-08-01")
    assert (found.reading.report, found.reading.span) == ("s4a_songs_all", 0)
    assert set(found.column("measure")) == {"streams"}
    assert set(found.column("day")) == {date(2026, 8, 1)}


def test_what_the_name_does_not_tell_is_asked_for(read: Read) -> None:
    with pytest.raises(Refused, match="--report"):
        read(TEXT, "songs.csv", artist="A")
    with pytest.raises(Refused, match="--artist"):
        read(TEXT, "songs-28day.csv")
    with pytest.raises(Refused, match="--date"):
        read(TEXT, "A-songs-28day.csv", downloaded=None)
    with pytest.raises(Refused, match="future"):
        read(TEXT, "A-songs-28day.csv", date="2027-08-01")
    assert read(TEXT, "songs.csv", artist="A", report="s4a_songs_7day").reading.span == 7


def test_a_song_called_total_is_a_song_and_a_total_row_is_not(read: Read) -> None:
    text = "song,listeners,streams,saves,release_date\nTotal,1,20,0,2025-01-01\nB,1,2,0,\nTotal,,22,,\n"
    found = read(text, "A-songs-28day.csv")
    assert found.counts == (3, 2, 0, 1)
    with pytest.raises(Refused, match="add up to 22"):
        read(text.replace(",22,", ",23,"), "A-songs-28day.csv")


def test_songs_need_a_title_and_streams(read: Read) -> None:
    found = read("song,streams,saves\n,5,1\nA,,1\nB,6,1\nB,6,1\nB,7,1\n", "A-songs-7day.csv")
    assert found.rejected == [(2, "missing_track"), (3, "bad_number"), (6, "duplicate")]
    assert found.values() == [6]
