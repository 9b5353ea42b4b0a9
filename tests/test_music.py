"""How names and ISRCs are compared, and days counted."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel

from backline.errors import NotAllowed
from backline.music import (
    MEASURES,
    MONTH,
    TRUST,
    Fact,
    Provenance,
    begin_span,
    end_month,
    fold_name,
    refuse_spotify,
    show_money,
    tidy_isrc,
    tidy_upc,
    to_date,
    to_day,
)


@pytest.mark.parametrize(
    ("text", "isrc"),
    [
        ("DE-A12-34-56789", "DEA123456789"),
        (" gb ayE6800011 ", "GBAYE6800011"),
        ("QZ1AB2500001", "QZ1AB2500001"),
        ("DEA12345678", None),
        ("DEA1234567890", None),
        ("12A123456789", None),
        ("DEA12345678X", None),
        ("", None),
        ("DEA12345678٩", None),
    ],
)
def test_isrcs(text: str, isrc: str | None) -> None:
    assert tidy_isrc(text) == isrc


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Beyoncé", "BEYONCE\u0301", True),
        ("  The   Band ", "the band", True),
        ("ＡＢＢＡ", "abba", True),
        ("Straße", "STRASSE", True),
        ("Beyoncé", "Beyonce", False),
        ("Sigur Rós", "Sigur Ros", False),
        ("AC/DC", "ACDC", False),
    ],
)
def test_folded_names(one: str, other: str, same: bool) -> None:
    assert (fold_name(one) == fold_name(other)) is same
    assert fold_name(fold_name(one)) == fold_name(one)


def test_days_are_numbers_and_dates() -> None:
    assert (to_day(date(1970, 1, 2)), to_day(date(1969, 12, 31))) == (1, -1)
    assert to_date(to_day(date(2026, 8, 31))) == date(2026, 8, 31)


def test_people_are_never_added() -> None:
    people = {"listeners", "monthly_listeners", "monthly_active_listeners", "super_listeners", "followers"}
    assert {name for name, how in MEASURES.items() if how == "never"} >= people
    assert set(MEASURES.values()) <= {"sum", "min", "max", "never"}
    assert Provenance("spotify_api") is Provenance.SPOTIFY_API


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("12", "12.00"),
        ("12.5", "12.50"),
        ("12.340", "12.34"),
        ("12.3456", "12.3456"),
        ("-0.050", "-0.05"),
        ("1E+3", "1000.00"),
        ("0.000001", "0.000001"),
    ],
)
def test_money_has_two_decimals_at_least_and_is_exact_beyond(amount: str, text: str) -> None:
    assert show_money(Decimal(amount)) == text


def test_months_end_and_spans_begin() -> None:
    assert [end_month(2024, 2), end_month(2026, 12)] == [date(2024, 2, 29), date(2026, 12, 31)]
    last = to_day(date(2026, 2, 28))
    assert to_date(begin_span(last, MONTH)) == date(2026, 2, 1)
    assert [begin_span(last, span) for span in (0, 1, 7)] == [last, last, last - 6]


SPOTIFY = Fact("Dawn", Provenance.SPOTIFY_API, "4aBc", 5)
OWN = Fact("Dawn", Provenance.OWN, "", 5)


@dataclass
class Brief:
    facts: Any


class Slotted:
    __slots__ = ("held",)

    def __init__(self, held: object) -> None:
        self.held = held


class Model(BaseModel):
    inner: Any


class Held(list[Any]):
    def __init__(self, held: object) -> None:
        self.extra = held


Row = namedtuple("Row", "title provenance source_id")  # noqa: PYI024 - as the database makes them
PLACES = [
    (lambda fact: fact, r"Fact \(4aBc\)"),
    (lambda fact: [OWN, fact, OWN], r"1 \(4aBc\)"),
    (lambda fact: {"a": ({"b": [OWN, fact]},)}, r"a\.0\.b\.1 \(4aBc\)"),
    (lambda fact: {fact: 1}, "key"),
    (lambda fact: {OWN, fact}, "4aBc"),
    (lambda fact: Brief([fact]), r"facts\.0"),
    (lambda fact: Slotted({"x": fact}), r"held\.x"),
    (lambda fact: Model(inner=[fact]), r"inner\.0"),
    (lambda fact: Held(fact), "extra"),
    (lambda fact: Fact([OWN, fact], Provenance.OWN, "", 5), r"value\.1"),
    (lambda fact: {"value": 1, "provenance": fact.provenance.value}, "Spotify"),
    (lambda fact: [Row("Dawn", fact.provenance.value, "x")], "0"),
]


@pytest.mark.parametrize(("place", "named"), PLACES)
def test_the_wall_refuses_one_fact_of_spotify_however_deep(place: Any, named: str) -> None:
    with pytest.raises(NotAllowed, match=f"for a prompt: .*{named}"):
        refuse_spotify(place(SPOTIFY), "a prompt")


@pytest.mark.parametrize("provenance", [one for one in TRUST if one is not Provenance.SPOTIFY_API])
@pytest.mark.parametrize(("place", "named"), PLACES)
def test_the_wall_lets_through_what_has_another_source(
    place: Any, named: str, provenance: Provenance
) -> None:
    assert named
    refuse_spotify(place(Fact("Dawn", provenance, "x", 5)), "a prompt")


def test_the_wall_names_some_of_many_and_is_not_fooled_by_circles() -> None:
    circle: list[Any] = [OWN]
    circle.append(circle)
    refuse_spotify(circle, "a prompt")
    circle += [SPOTIFY] * 7
    with pytest.raises(NotAllowed, match="and 2 more") as told:
        refuse_spotify(circle, "a prompt")
    assert "another source" in str(told.value)
    with pytest.raises(TypeError, match="facts can be read only once"):
        refuse_spotify({"facts": iter([SPOTIFY])}, "a prompt")
    refuse_spotify(
        [None, 1, "spotify_api", b"x", date(2026, 1, 1), Provenance.SPOTIFY_API, Fact, 1.5], "a prompt"
    )


def test_every_provenance_has_its_place() -> None:
    assert sorted(TRUST) == sorted(Provenance)
    assert TRUST[-1] is Provenance.SPOTIFY_API


@pytest.mark.parametrize(
    ("written", "upc"),
    [
        ("036000291452", "036000291452"),
        ("36000291452", "036000291452"),  # as spreadsheets leave it
        ("0036000291452", "036000291452"),  # the same as an EAN
        ("4-006381-333931", "4006381333931"),
        ("000000000000", None),
        ("3600029", None),
        ("8.6E+11", None),
        ("", None),
    ],
)
def test_a_upc_is_one_however_many_zeros_it_has(written: str, upc: str | None) -> None:
    assert tidy_upc(written) == upc
