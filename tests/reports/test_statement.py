"""What statements have in common."""

from __future__ import annotations

import pytest

from backline.music import MONTH
from backline.reports.format import Hints, Refused
from backline.reports.statement import Statement, count_known, lay_out_statement

SOME = Statement(
    "some",
    (frozenset({"a", "b"}), frozenset({"c"})),
    {"day": ("month",), "artist": ("who",), "currency": ("money",)},
    units=("count",),
    revenue=("paid", "due"),
    trackless=(("kind",), "album"),
    others=frozenset({"z"}),
)


def test_one_set_of_marks_is_enough() -> None:
    assert count_known(["a", "month"], SOME) == 0
    assert count_known(["a", "b", "month", "z", "odd"], SOME) == 4
    assert count_known(["c"], SOME) == 1


def test_the_first_name_that_is_there_is_meant() -> None:
    layout = lay_out_statement(SOME, ["month", "who", "money", "due", "kind"], "x", Hints())
    assert layout.measures == {"revenue": "due"}
    assert (layout.kind, layout.span, layout.trackless) == ("statement", MONTH, ("kind", "album"))
    assert layout.used_columns == ["month", "who", "money", "due", "kind"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["month", "money", "paid"], "no column of artists"),
        (["who", "money", "paid"], "tells the day"),
        (["who", "month", "money"], "tells the revenue"),
        (["who", "month", "paid"], "tells the currency"),
    ],
)
def test_what_is_missing_is_named(names: list[str], words: str) -> None:
    with pytest.raises(Refused, match=words):
        lay_out_statement(SOME, names, "x", Hints())


def test_the_artist_may_be_said() -> None:
    layout = lay_out_statement(SOME, ["month", "money", "paid"], "x", Hints(artist="Ann"))
    assert layout.constants == {"artist": "Ann"}
