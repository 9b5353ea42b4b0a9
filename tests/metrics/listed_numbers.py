"""Numbers out of a plain list: a stand-in for the database in tests of pure computation."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date
from types import SimpleNamespace
from typing import Any

from backline.music import FIRST_DAY, LAST_DAY, to_day


@dataclass(frozen=True)
class Cell:
    """One cell; `day` counted from 1970-01-01."""

    day: int
    value: int
    key: str = ""
    dimension: str = "day"
    report: str = "table"
    measure: str = "streams"
    currency: str = ""
    scale: int = 0
    span: int = 1
    accepted: int = 1
    rejected: int = 0
    known_at: int = 0


@dataclass
class ListedNumbers:
    """Answers from cells; a list for each question."""

    cells: list[Cell] = field(default_factory=list)
    charts: list[tuple[str, int, str]] = field(default_factory=list)  # report, day, region
    chart_span: int = 1  # days that one chart covers
    sources: list[tuple[str, int, str]] = field(default_factory=list)  # report, day, import id

    def add(self, dimension: str, day: int, key: str, value: int, **more: Any) -> None:
        """One more cell."""
        self.cells.append(replace(Cell(day, value, key, dimension), **more))

    def read_cells(
        self, dimension: str, first: int = FIRST_DAY, last: int = LAST_DAY, report: str | None = None
    ) -> list[Cell]:
        """The cells of the range."""
        return [
            cell
            for cell in self.cells
            if cell.dimension == dimension and first <= cell.day <= last and report in (None, cell.report)
        ]

    def read_sums(
        self, dimension: str, first: int = FIRST_DAY, last: int = LAST_DAY, report: str | None = None
    ) -> list[Any]:
        """Added up over days."""
        groups: dict[tuple[Any, ...], list[Cell]] = defaultdict(list)
        for cell in self.read_cells(dimension, first, last, report):
            groups[cell.report, cell.key, cell.measure, cell.currency, cell.scale].append(cell)
        names = ("report", "key", "measure", "currency", "scale")
        return [
            SimpleNamespace(
                **dict(zip(names, place, strict=True)),
                span=cells[0].span,
                value=sum(cell.value for cell in cells),
                low=min(cell.value for cell in cells),
                cells=len(cells),
                known_at=max(cell.known_at for cell in cells),
            )
            for place, cells in groups.items()
        ]

    def list_days(
        self, dimension: str, first: int = FIRST_DAY, last: int = LAST_DAY, report: str | None = None
    ) -> list[Cell]:
        """One cell for each report, measure and day."""
        some = self.read_cells(dimension, first, last, report)
        return list({(cell.report, cell.measure, cell.day): cell for cell in some}.values())

    def list_reports(self) -> list[Any]:
        """The reports that the cells belong to."""
        groups: dict[str, list[Cell]] = defaultdict(list)
        for cell in self.cells:
            groups[cell.report].append(cell)
        return [
            SimpleNamespace(
                report=report,
                span=max(cell.span for cell in cells),
                first=min(cell.day for cell in cells),
                last=max(cell.day for cell in cells),
                days=len({cell.day for cell in cells}),
                known_at=max(cell.known_at for cell in cells),
                has_days=int(any(cell.dimension == "day" or cell.span == 1 for cell in cells)),
            )
            for report, cells in sorted(groups.items())
        ]

    def list_charts(self, report: str, first: int = FIRST_DAY, last: int = LAST_DAY) -> list[Any]:
        """The charts of the range, all rows usable."""
        return [
            SimpleNamespace(day=day, region=region, span=self.chart_span, accepted=1, rejected=0)
            for name, day, region in self.charts
            if name == report and first <= day <= last
        ]

    def list_sources(self, first: int = FIRST_DAY, last: int = LAST_DAY) -> list[Any]:
        """The sources of the range."""
        return [
            SimpleNamespace(report=report, day=day, import_id=import_id)
            for report, day, import_id in self.sources
            if first <= day <= last
        ]


def day_of(text: str) -> int:
    """The day's number of an ISO date."""
    return to_day(date.fromisoformat(text))
