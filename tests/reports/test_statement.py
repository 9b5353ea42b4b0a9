"""What statements have in common."""

from __future__ import annotations

from typing import Any

import pytest

from backline.music import MONTH
from backline.reports.format import Hints, Refused
from backline.reports.statement import Statement, count_known, lay_out_statement
from tests.reports import (
    test_bandcamp,
    test_believe,
    test_cdbaby,
    test_distrokid,
    test_orchard,
    test_tunecore,
)
from tests.reports.conftest import Read
from tests.reports.statements import write_statement

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


@pytest.mark.parametrize(
    ("module", "column"),
    [
        (test_bandcamp, "upc"),
        (test_believe, "UPC"),
        (test_cdbaby, "Barcode"),
        (test_distrokid, "UPC"),
        (test_orchard, "Orchard UPC"),
        (test_tunecore, "UPC"),
    ],
)
@pytest.mark.parametrize(
    ("written", "upc"),
    [("0-36000-29145-2", "036000291452"), ("36000291452", "036000291452"), ("8.6E+11", None)],
)
def test_the_upc_of_a_row_comes_along(
    read: Read, module: Any, column: str, written: str, upc: str | None
) -> None:
    header = getattr(module, "HEADER", None) or module.CLASSIC
    if column not in header.split(", "):
        header += f", {column}"
    more = {"Artist Name": "Ann", "Track Name": "One"} if module is test_orchard else {}
    found = read(write_statement(header, module.ROW | more | {column: written}))
    assert {fact["upc"] for fact in found.facts} == {upc}
    assert found.counts == (1, 1, 0, 0)
