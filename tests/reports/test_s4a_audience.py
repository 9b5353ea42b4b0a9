"""The audience timeline in its three generations."""

from __future__ import annotations

from datetime import date

import pytest

from backline.reports.format import Refused
from tests.reports.conftest import Read

NAME = "Velvet Tramlines-audience-timeline.csv"
NEW = "date,listeners,monthly listeners,monthly active listeners,super listeners,streams,playlist adds,saves,followers"
MIDDLE = "date,listeners,monthly listeners,monthly active listeners,streams,playlist adds,saves,followers"
OLD = "date,listeners,streams,followers"


@pytest.mark.parametrize("header", [NEW, MIDDLE, OLD])
def test_every_column_is_a_measure(read: Read, header: str) -> None:
    names = header.split(",")
    text = f"\ufeff{header}\r\n2026-08-01,{','.join(str(n) for n in range(1, len(names)))}\r\n"
    found = read(text, NAME)
    assert (found.reading.format, found.reading.kind, found.reading.span) == ("s4a_audience", "artist", 1)
    told = {fact["measure"]: fact["value"] for fact in found.facts}
    assert told == {name.replace(" ", "_"): place for place, name in enumerate(names) if place}
    assert set(found.column("artist")) == {"Velvet Tramlines"}
    assert set(found.column("track")) == {None}
    assert set(found.column("day")) == {date(2026, 8, 1)}
    assert set(found.column("line")) == {2}


def test_columns_may_stand_in_another_order_with_others_among_them(read: Read) -> None:
    found = read("followers;note;streams;date;listeners\n9;x;8;2026-08-01;7\n", NAME)
    assert {fact["measure"]: fact["value"] for fact in found.facts} == {
        "followers": 9,
        "streams": 8,
        "listeners": 7,
    }


def test_the_artist_of_the_option_goes_first_and_without_any_it_is_refused(read: Read) -> None:
    text = f"{OLD}\n2026-08-01,1,2,3\n"
    assert set(read(text, NAME, artist="Other").column("artist")) == {"Other"}
    with pytest.raises(Refused, match="--artist"):
        read(text, "download.csv")


def test_a_day_told_twice(read: Read) -> None:
    found = read(f"{OLD}\n2026-08-01,1,2,3\n2026-08-01,1,2,3\n2026-08-01,1,9,3\n2026-08-03,1,4,3\n", NAME)
    assert found.counts == (4, 2, 1, 1)
    assert found.rejected == [(4, "duplicate")]
    assert found.reading.totals["units"] == 6
    assert found.reading.days.count == 2


def test_a_negative_number_is_rejected_and_an_empty_one_left_out(read: Read) -> None:
    found = read(f"{OLD}\n2026-08-01,1,-2,3\n2026-08-02,,2,3\n2026-08-03,,,\n", NAME)
    assert found.rejected == [(2, "negative")]
    assert found.counts == (3, 1, 1, 1)
    assert found.values("listeners") == []


def test_a_measure_that_is_none_of_its_own_makes_it_a_table(read: Read) -> None:
    found = read(f"{OLD},downloads\n2026-08-01,1,2,3,4\n", "x.csv", artist="A")
    assert (found.reading.format, found.column("measure").count("downloads")) == ("table", 1)
