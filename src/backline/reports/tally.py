"""What came of a file: counts, rejected rows, totals, days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

import numpy as np

from backline.reports.columns import Array, Coded, NumberColumn, Problem
from backline.reports.format import Rejection
from backline.reports.numbers import EXACT

MOST_REJECTIONS: Final = 10_000


@dataclass(slots=True)
class Counts:
    """Rows of the file, blank ones not counted: read = accepted + rejected + ignored."""

    read: int = 0
    accepted: int = 0
    rejected: int = 0
    ignored: int = 0


@dataclass(frozen=True, slots=True)
class Days:
    """First and last day of the accepted rows, and how many different days they tell of."""

    first: date | None
    last: date | None
    count: int


@dataclass(slots=True)
class Tally:
    """Grows with each block."""

    counts: Counts = field(default_factory=Counts)
    rejected: list[Rejection] = field(default_factory=list)
    units: dict[str, int] = field(default_factory=dict)  # count measure to sum over accepted rows
    money: dict[str, Decimal] = field(default_factory=dict)  # currency to sum
    seen_days: set[date] = field(default_factory=set)
    unpreceded: int = 0  # readings of running totals without one of the day before

    def reject(self, rejections: list[Rejection], more: int = 0) -> None:
        """Keep what there is room for; `more` were only counted."""
        self.counts.rejected += len(rejections) + more
        room = MOST_REJECTIONS - len(self.rejected)
        self.rejected.extend(sorted(rejections, key=lambda item: item.line)[:room])

    def days(self) -> Days:
        """Of the accepted rows so far."""
        if not self.seen_days:
            return Days(None, None, 0)
        return Days(min(self.seen_days), max(self.seen_days), len(self.seen_days))


def describe_rejections(
    mask: Array, say: Callable[[int], Problem], lines: Array, artist: Coded | None, day: Coded | None
) -> list[Rejection]:
    """One rejection per marked row."""
    found = []
    for row in np.flatnonzero(mask).tolist():
        kind, reason = say(row)
        found.append(
            Rejection(
                int(lines[row]),
                kind,
                reason,
                artist.value(row) if artist is not None else None,
                day.value(row) if day is not None else None,
            )
        )
    return found


def add_up(numbers: NumberColumn, mask: Array) -> Decimal:
    """The exact sum of the marked rows."""
    total = Decimal(0) if numbers.finer is None else add_up(numbers.finer, mask & ~numbers.finer.empty)
    for scale in np.unique(numbers.scales[mask]).tolist():
        values = numbers.values[mask & (numbers.scales == scale)]
        # In two halves: a block of large amounts would overflow 64 bits.
        high, low = int((values >> 24).sum()), int((values & 0xFFFFFF).sum())
        total = EXACT.add(total, EXACT.scaleb(Decimal((high << 24) + low), -scale))
    return total


def group_rows(coded: Coded, mask: Array) -> dict[Any, Array]:
    """Value to the marked rows that have it."""
    return {
        coded.values[code]: mask & (coded.codes == code)
        for code in np.unique(coded.codes[mask]).tolist()
        if code >= 0
    }
