"""One song by day."""

from __future__ import annotations

import pytest

from backline.music import MEASURES
from backline.reports.format import Refused
from tests.reports.conftest import Read

TEXT = "\ufeffdate,streams\r\n2026-08-01,5\r\n2026-08-03,7\r\n"


def test_artist_and_song(read: Read) -> None:
    found = read(TEXT, "What_ Why-timeline (2).csv", artist="A")
    assert (found.reading.format, found.reading.kind) == ("s4a_song_timeline", "track")
    assert set(found.column("track")) == {"What_ Why"}
    assert set(read(TEXT, "x.csv", artist="A", track="What? Why").column("track")) == {"What? Why"}


def test_whose_song_it_is_must_be_said(read: Read) -> None:
    with pytest.raises(Refused, match="--artist"):
        read(TEXT, "Copper Rain-timeline.csv")
    with pytest.raises(Refused, match="--track"):
        read(TEXT, "x.csv", artist="A")


def test_a_footer_that_agrees_is_ignored(read: Read) -> None:
    found = read(TEXT + "Total,12\r\n", "x-timeline.csv", artist="A")
    assert found.counts == (3, 2, 0, 1)


def test_days_told_twice_and_empty_numbers(read: Read) -> None:
    found = read(
        "date,streams\n2026-08-01,5\n2026-08-01,5\n2026-08-01,6\n2026-08-02,\n", "x-timeline.csv", artist="A"
    )
    assert found.rejected == [(4, "duplicate"), (5, "bad_number")]
    assert found.counts == (4, 1, 2, 1)


@pytest.mark.parametrize("hints", [{"artist": "A"}, {"artist": "A", "track": "T"}])
@pytest.mark.parametrize("measure", sorted(MEASURES.keys() - {"streams", "chart_rank", "revenue"}))
def test_a_file_with_another_measure_is_a_table_and_keeps_it(
    read: Read, measure: str, hints: dict[str, str]
) -> None:
    found = read(f"date,streams,{measure}\n2026-08-01,5,3\n", "x.csv", **hints)
    assert found.reading.format == "table"
    assert dict(zip(found.column("measure"), found.column("value"), strict=True)) == {
        "streams": 5,
        measure: 3,
    }
