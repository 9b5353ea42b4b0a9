"""How names and ISRCs are compared, and days counted."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from backline.music import (
    MEASURES,
    MONTH,
    Provenance,
    begin_span,
    end_month,
    fold_name,
    show_money,
    tidy_isrc,
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
