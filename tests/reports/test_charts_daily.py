"""The daily chart."""

from __future__ import annotations

from datetime import date

import pytest

from backline.reports.format import Refused
from tests.reports.conftest import Read

HEADER = "rank,uri,artist_names,track_name,source,peak_rank,previous_rank,days_on_chart,streams"
NAME = "regional-de-daily-2026-08-28.csv"


def row(rank: object, streams: object, artist: str = "A, B", track: str = "T", uri: str | None = None) -> str:
    """One row as the portal writes it."""
    return f'{rank},"{uri or f"spotify:track:{rank}"}","{artist}","{track}","Label",1,2,3,"{streams}"'


def test_rank_and_streams_are_facts_and_the_credit_stays_whole(read: Read) -> None:
    found = read("\n".join(["\ufeff" + HEADER, row(1, 900), row(2, "800")]), NAME)
    reading = found.reading
    assert (reading.format, reading.kind, reading.region, reading.span) == ("charts_daily", "chart", "de", 1)
    assert found.values("streams") == [900, 800]
    assert found.values("chart_rank") == [1, 2]
    assert set(found.column("artist")) == {"A, B"}
    assert set(found.column("country")) == {"DE"}
    assert set(found.column("source")) == {""}
    assert set(found.column("day")) == {date(2026, 8, 28)}
    assert reading.totals == {"units": 1700, "money": {}}


def test_options_go_before_the_name(read: Read) -> None:
    found = read("\n".join([HEADER, row(1, 5)]), NAME, region="global", date="2026-08-01")
    assert found.reading.region == "global"
    assert set(found.column("country")) == {"global"}
    assert set(found.column("day")) == {date(2026, 8, 1)}


def test_what_the_name_does_not_tell_is_asked_for(read: Read) -> None:
    text = "\n".join([HEADER, row(1, 5)])
    with pytest.raises(Refused, match="--region"):
        read(text, "chart.csv")
    with pytest.raises(Refused, match="--date"):
        read(text, "chart.csv", region="de")
    assert read(text, "folder/a.zip/" + NAME).reading.region == "de"


def test_bad_rows_are_rejected_by_line(read: Read) -> None:
    rows = [
        row(1, 900),
        row("x", 1),
        row(0, 1),
        row(3, "1x"),
        row(4, -5),
        row(5, ""),
        row(6, 1, artist=""),
        row(7, 1, track=" "),
        row(8, 1) + ",9",
        "9,too,few",
        row(1, 900),
        row(1, 901),
        row(11, 5, uri="spotify:track:1"),
        row(12, "1,200"),
    ]
    found = read("\n".join([HEADER, *rows]), NAME)
    assert found.rejected == [
        (3, "bad_rank"),
        (4, "bad_rank"),
        (5, "bad_number"),
        (6, "negative"),
        (7, "bad_number"),
        (8, "missing_artist"),
        (9, "missing_track"),
        (10, "bad_row"),
        (11, "bad_row"),
        (13, "duplicate"),
        (14, "duplicate"),
    ]
    assert found.counts == (14, 2, 11, 1)
    assert found.values() == [900, 1200]


def test_a_total_row_counts_rejected_rows_too(read: Read) -> None:
    rows = [row(1, 900), row(2, 100, artist=""), ",,Total,,,,,,1000"]
    assert read("\n".join([HEADER, *rows]), NAME).counts == (3, 1, 1, 1)
    with pytest.raises(Refused, match="do not reconcile"):
        read("\n".join([HEADER, row(1, 900), row(2, 100), "Total,,,,,,,,999"]), NAME)
    with pytest.raises(Refused, match="proves nothing"):
        read("\n".join([HEADER, row(1, 900), row(2, "10o"), "Total,,,,,,,,900"]), NAME)
