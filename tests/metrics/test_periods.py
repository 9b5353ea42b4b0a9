"""Periods in words and in days."""

from __future__ import annotations

from datetime import date

import pytest

from backline.errors import BadInput
from backline.metrics.periods import Days, parse_period, place_period
from backline.music import MONTH, to_date, to_day


@pytest.mark.parametrize(
    ("words", "days"),
    [("24h", 1), ("48h", 2), ("7d", 7), ("90d", 90), ("12w", 84), ("1y", 365), ("10y", 3650)],
)
def test_words(words: str, days: int) -> None:
    assert parse_period(words) == days


@pytest.mark.parametrize("words", ["", "7", "d", "7 d", "-7d", "0d", "36h", "11y", "7D", "1m", "7d\n", "٧d"])
def test_refused_with_examples(words: str) -> None:
    with pytest.raises(BadInput, match="period") as caught:
        parse_period(words)
    assert "24h" in str(caught.value)


def test_ends_at_the_newest_day() -> None:
    period = place_period(7, 100, 1)
    assert period == Days(94, 100)
    assert period.before == Days(87, 93)
    assert period.count == 7


@pytest.mark.parametrize(("days", "length"), [(1, 7), (7, 7), (8, 14), (28, 28)])
def test_weekly_reports_take_whole_weeks(days: int, length: int) -> None:
    assert place_period(days, 100, 7) == Days(101 - length, 100)


def test_months_are_taken_whole() -> None:
    last = to_day(date(2026, 3, 31))
    days = place_period(28, last, MONTH)
    assert (to_date(days.first), days.months) == (date(2026, 3, 1), 1)
    assert (to_date(days.before.first), to_date(days.before.last)) == (date(2026, 2, 1), date(2026, 2, 28))
    two = place_period(32, last, MONTH)
    assert (to_date(two.first), to_date(two.before.first)) == (date(2026, 2, 1), date(2025, 12, 1))
