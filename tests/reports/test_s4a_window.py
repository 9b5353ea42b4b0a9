"""Whose, which period and up to when: by the name of a windowed file and by hints."""

from __future__ import annotations

import datetime as dt

import pytest

from backline.reports.format import Hints, Refused
from backline.reports.s4a_window import Window, read_window

SPANS = {"28day": 28, "all": 0}
DAY = dt.date(2026, 7, 1)


def test_the_name_tells_and_hints_go_first() -> None:
    by_name = read_window("songs", SPANS, "28day", "Nova-songs-28day.csv", Hints(downloaded=DAY))
    assert by_name == Window("28day", 28, "Nova", DAY)
    hints = Hints(artist="Lux", report="s4a_songs_all", date="2026-07-02", downloaded=DAY)
    assert read_window("songs", SPANS, "28day", "Nova-songs-28day.csv", hints) == Window(
        "all", 0, "Lux", dt.date(2026, 7, 2)
    )


@pytest.mark.parametrize(
    ("name", "hints", "kind"),
    [
        ("export.csv", Hints(artist="Lux", downloaded=DAY), "missing_period"),
        ("export.csv", Hints(report="s4a_songs_all", downloaded=DAY), "missing_artist"),
        ("Nova-songs-28day.csv", Hints(), "missing_date"),
    ],
)
def test_what_is_told_nowhere_is_refused_by_its_kind(name: str, hints: Hints, kind: str) -> None:
    with pytest.raises(Refused) as caught:
        read_window("songs", SPANS, "28day", name, hints)
    assert caught.value.kind == kind
