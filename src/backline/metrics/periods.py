"""Periods: a length in words (24h, 7d, 12w, 1y), and the days it means for a report.

A period ends at the newest day for which its report has data: reports arrive late, and each at its own
pace. A report whose values span several days (a weekly chart) takes whole spans, one of months whole months.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from backline.errors import BadInput
from backline.music import MONTH, begin_span

RULE = "ends at the newest day with data of its report"
_WORDS = re.compile(r"([0-9]{1,4})([hdwy])")
_DAYS = {"d": 1, "w": 7, "y": 365}
LONGEST = 3650


@dataclass(frozen=True)
class Days:
    """First and last day, both included, counted from 1970-01-01."""

    first: int
    last: int
    months: int = 0  # how many calendar months these are; 0: just days

    @property
    def count(self) -> int:
        """How many days."""
        return self.last - self.first + 1

    @property
    def before(self) -> Days:
        """As many days right before, or as many months."""
        if self.months:
            return _take_months(self.first - 1, self.months)
        return Days(self.first - self.count, self.first - 1)


def parse_period(words: str) -> int:
    """The number of days of 24h, 7d, 28d, 90d, 12w or 1y (365 days). Raises `BadInput`."""
    remedy = "Examples: 24h, 7d, 28d, 90d, 12w, 1y."
    found = _WORDS.fullmatch(words)
    if found is None:
        raise BadInput(f"period: {words!r} is no length of time.", remedy=remedy)
    count, unit = int(found[1]), found[2]
    if unit == "h" and count % 24:
        raise BadInput(
            f"period: {words!r} is not a whole number of days; reports are daily at best.", remedy=remedy
        )
    days = count // 24 if unit == "h" else count * _DAYS[unit]
    if not 1 <= days <= LONGEST:
        raise BadInput(f"period: {words!r} is not between a day and ten years.", remedy=remedy)
    return days


def place_period(days: int, newest: int, span: int) -> Days:
    """The period of so many days that ends at `newest`, in whole spans of the report."""
    if span == MONTH:
        months = 1
        while (found := _take_months(newest, months)).count < days:
            months += 1
        return found
    span = max(span, 1)
    return Days(newest - -(-days // span) * span + 1, newest)


def _take_months(last: int, months: int) -> Days:
    """So many calendar months, the last of them ending with this day."""
    first = begin_span(last, MONTH)
    for _ in range(months - 1):
        first = begin_span(first - 1, MONTH)
    return Days(first, last, months)
