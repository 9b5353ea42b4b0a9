"""The small interface behind which facts and rollups lie, and the exact number that comes out of it.

SQL tables answer it now (`storage/numbers.py`); columnar storage can take their place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from backline.moments import show_moment
from backline.music import MEASURES, show_money


class ArtistNumbers(Protocol):
    """The numbers of one artist. Days are counted from 1970-01-01; values are value · 10^-scale.

    Rows are objects with attributes. A cell: day, report, key, measure, currency, scale, span, value,
    accepted, rejected, known_at (microseconds since 1970 UTC). A sum: report, key, measure, currency,
    scale, span, value, low, cells, known_at. `dimension` is day, track, country or source.
    """

    def read_cells(
        self, dimension: str, first: int = ..., last: int = ..., report: str | None = ...
    ) -> Sequence[Any]:
        """Every cell of the range."""

    def read_sums(
        self, dimension: str, first: int = ..., last: int = ..., report: str | None = ...
    ) -> Sequence[Any]:
        """The cells added up over the days of the range."""

    def list_days(
        self, dimension: str, first: int = ..., last: int = ..., report: str | None = ...
    ) -> Sequence[Any]:
        """Rows of report, measure, day, span: on which days there is a cell."""

    def list_reports(self) -> Sequence[Any]:
        """Rows of report, span, first, last, days, known_at, has_days (a report of songs has none)."""

    def list_charts(self, report: str, first: int = ..., last: int = ...) -> Sequence[Any]:
        """Rows of day, span, region, accepted, rejected: the charts of a report, whoever stands in them."""

    def list_sources(self, first: int = ..., last: int = ...) -> Sequence[Any]:
        """Rows of report, day, import_id."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One exact number: of a key (day, title, country, source), a measure and a report."""

    key: str
    measure: str
    report: str
    currency: str | None
    value: Decimal
    coverage: float  # 0..1
    known_at: int  # microseconds since 1970 UTC
    day: date | None = None  # of a number that stands for one day, or for the window that ends there

    def as_line(self) -> dict[str, Any]:
        """The JSON line of `backline metrics show`."""
        return {
            "key": self.key,
            "measure": self.measure,
            "report": self.report,
            "value": show_value(self.value, self.currency),
            "currency": self.currency,
            "coverage": self.coverage,
            "known_at": show_moment(self.known_at),
        }


def read_rule(measure: str) -> str:
    """How values of a measure may be combined: sum, min or never. What nobody knows is never combined."""
    return MEASURES.get(measure, "never")


def make_exact(value: int, scale: int) -> Decimal:
    """value · 10^-scale, without rounding."""
    return Decimal((int(value < 0), tuple(int(digit) for digit in str(abs(value))), -scale))


def add_exact(values: Sequence[Decimal]) -> Decimal:
    """The sum without rounding, whatever the number of digits."""
    parts = [value.as_tuple() for value in values]
    scale = max((-int(part.exponent) for part in parts), default=0)
    whole = 0
    for part in parts:
        digits = int("".join(map(str, part.digits)) or "0") * 10 ** (scale + int(part.exponent))
        whole += -digits if part.sign else digits
    return make_exact(whole, scale)


def show_exact(value: Decimal) -> str:
    """A plain decimal text, never with an exponent."""
    return format(value, "f")


def show_value(value: Decimal, currency: str | None) -> str:
    """The text of a count, or of an amount of money."""
    return show_money(value) if currency else show_exact(value)
