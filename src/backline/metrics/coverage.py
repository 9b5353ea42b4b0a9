"""How complete a number is: covered days of a range, each weighed by the share of its rows that were usable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backline.music import begin_span

Days = Mapping[int, float]  # day -> weight 0..1


def share(accepted: int, rejected: int) -> float:
    """The usable share of the rows behind a number; 1 where none is counted."""
    total = accepted + rejected
    return 1.0 if total <= 0 else round(accepted / total, 6)


@dataclass(frozen=True)
class Coverage:
    """Covered days of each report and measure of one artist."""

    days: Mapping[tuple[str, str], Days]  # (report, measure) -> covered days

    def measure(self, report: str, measure: str, first: int, last: int) -> float:
        """The covered part of first..last (both included), 0..1; 0 of an empty range."""
        count = last - first + 1
        if count <= 0:
            return 0.0
        days = self.days.get((report, measure), {})
        covered = sum(weight for day, weight in days.items() if first <= day <= last)
        return round(min(covered / count, 1.0), 6)


def weigh_days(told: Iterable[Any], cells: Sequence[Any]) -> Coverage:
    """Coverage from the days on which something is told (`list_days`) and the cells by day.

    A cell that spans seven days covers seven. A day's weight is that of its measure; where the measure has
    no number by day (unique people of several tracks), that of the report's other measures.
    """
    weights = _weigh_cells(cells)
    days: dict[tuple[str, str], dict[int, float]] = {}
    for row in told:
        of_report = weights.get((row.report, row.day, None), 1.0)
        weight = weights.get((row.report, row.day, row.measure), of_report)
        covered = days.setdefault((row.report, row.measure), {})
        for day in range(begin_span(row.day, row.span), row.day + 1):
            covered[day] = max(covered.get(day, 0.0), weight)
    return Coverage(days)


def _weigh_cells(cells: Sequence[Any]) -> dict[tuple[str, int, str | None], float]:
    """(report, day, measure or None for all) -> usable share."""
    rows: dict[tuple[str, int, str | None], list[int]] = {}
    for cell in cells:
        for measure in (cell.measure, None):
            counts = rows.setdefault((cell.report, cell.day, measure), [0, 0])
            counts[0] += cell.accepted
            counts[1] += cell.rejected
    return {key: share(*counts) for key, counts in rows.items()}
