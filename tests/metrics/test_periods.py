"""Periods in words and in days."""

from __future__ import annotations

import pytest

from backline.errors import BadInput
from backline.metrics.periods import Days, parse_period, place_period


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
