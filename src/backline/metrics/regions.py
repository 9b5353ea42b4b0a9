"""Which charts stand behind a number: two periods are comparable only where the same regions' charts are there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from backline.metrics.coverage import share
from backline.metrics.numbers import ArtistNumbers
from backline.metrics.periods import Days
from backline.music import begin_span

CHART_MEASURE = "chart_rank"  # every chart tells it, and nothing else does


@dataclass(frozen=True)
class Regions:
    """Charts of one report: day -> region, as keys by country spell it -> usable share of its rows, 0..1."""

    days: Mapping[int, Mapping[str, float]] = field(default_factory=dict)

    def differ(self, one: Days, other: Days) -> bool:
        """Whether the charts of other regions stand on one side; false where a side has none at all."""
        mine, theirs = self._collect(one), self._collect(other)
        if not mine or not theirs:
            return False
        if mine != theirs:
            return True
        pairs = ((one.first + offset, other.first + offset) for offset in range(one.last - one.first + 1))
        found = ((self.days.get(day, {}), self.days.get(past, {})) for day, past in pairs)
        return any(now and before and now.keys() != before.keys() for now, before in found)

    def cover(self, region: str, first: int, last: int) -> float:
        """The covered part of first..last (both included) by the charts of one region, 0..1."""
        if last < first:
            return 0.0
        found = (some.get(region, 0.0) for day, some in self.days.items() if first <= day <= last)
        return round(min(sum(found) / (last - first + 1), 1.0), 6)

    def _collect(self, days: Days) -> set[str]:
        return {name for day, some in self.days.items() if days.first <= day <= days.last for name in some}


def read_regions(numbers: ArtistNumbers, report: str, told: Iterable[Any], first: int, last: int) -> Regions:
    """The charts of a report, where what it tells (rows with a measure) are charts; else none."""
    if not any(row.measure == CHART_MEASURE for row in told):
        return Regions()
    days: dict[int, dict[str, float]] = {}
    for row in numbers.list_charts(report, first, last):
        region = row.region if row.region == "global" else row.region.upper()
        for day in range(begin_span(row.day, row.span), row.day + 1):
            days.setdefault(day, {})[region] = share(row.accepted, row.rejected)
    return Regions(days)
