"""Money in another currency, only by rates that the team gave; the original always stays beside it.

A rate says how much of `currency` one unit of `per` is worth: `2026-08,USD,EUR,1.1` is 1.10 US dollars for
one euro. Of a day the rate of that day is taken, else that of its month; the other way round it divides.
There is no third currency in between. Products are exact; quotients are rounded half to even at the tenth
decimal (IEEE 754-2019, 4.3.3).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Final

from backline.errors import BadInput
from backline.metrics.numbers import Figure, add_exact, show_exact
from backline.music import show_money

NO_RATE: Final = "no_rate"  # no rate was given for this pair and day or month
SAME: Final = "same_currency"
PLACES: Final = 10
MOST_RATES: Final = 200_000
_EXACT: Final = Context(prec=120)
_PERIOD = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,15})?")
COLUMNS: Final = ("date_or_month", "currency", "per", "rate")


@dataclass(frozen=True, slots=True)
class Rate:
    """So many of `currency` for one of `per`, on a day or in a month, and the file that said so."""

    period: str
    currency: str
    per: str
    rate: str  # exact decimal text
    source: str

    def convert(self, amount: Decimal, into: str) -> Decimal:
        """An amount of the one currency in the other."""
        if into == self.currency:
            return _EXACT.multiply(amount, Decimal(self.rate))
        quotient = _EXACT.divide(amount, Decimal(self.rate))
        return quotient.quantize(Decimal(1).scaleb(-PLACES), ROUND_HALF_EVEN, _EXACT)


@dataclass(frozen=True, slots=True)
class Converted:
    """An amount in another currency, with every rate that was used; null and why where one is missing."""

    currency: str
    value: str | None
    rates: tuple[Rate, ...] = ()
    reason: str | None = None

    def as_line(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


class RateTable:
    """Rates by pair and period."""

    def __init__(self, rates: Iterable[Rate]) -> None:
        self._rates: dict[tuple[str, str, str], Rate] = {(r.currency, r.per, r.period): r for r in rates}

    def find(self, day: date, one: str, other: str) -> Rate | None:
        """The rate of a pair, whichever way round: of the day before that of the month."""
        for period in (day.isoformat(), day.isoformat()[:7]):
            for pair in ((other, one), (one, other)):
                if rate := self._rates.get((*pair, period)):
                    return rate
        return None

    def convert(self, amounts: Sequence[tuple[date, Decimal]], currency: str, into: str) -> Converted:
        """Amounts of some days, each by the rate of its own day, added up."""
        if currency == into:
            return Converted(into, show_money(add_exact([amount for _, amount in amounts])), (), SAME)
        used: dict[Rate, None] = {}
        parts: list[Decimal] = []
        for day, amount in amounts:
            rate = self.find(day, currency, into)
            if rate is None:
                return Converted(into, None, (), NO_RATE)
            used[rate] = None
            parts.append(rate.convert(amount, into))
        return Converted(into, show_money(add_exact(parts)), tuple(used))


def make_table(rows: Iterable[Any]) -> RateTable:
    """The table of rows that have, among others, the fields of a rate."""
    return RateTable(Rate(row.period, row.currency, row.per, row.rate, row.source) for row in rows)


def read_currency(text: str) -> str:
    """An ISO 4217 code in capitals. Raises `BadInput`."""
    code = text.strip().upper()
    if not _CURRENCY.fullmatch(code):
        raise BadInput(f"currency: {text[:40]!r} is no currency.", remedy="Write an ISO 4217 code, e.g. EUR.")
    return code


def read_rates(text: str, source: str) -> list[Rate]:
    """A table of rates out of CSV. Raises `BadInput` that names the line and what to mend."""
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise BadInput(
            f"{source}: there is no column {missing[0]!r}.", remedy=f"The header is {','.join(COLUMNS)}."
        )
    found: dict[tuple[str, str, str], Rate] = {}
    for row in reader:
        rate = _read_rate(row, f"{source}, line {reader.line_num}", source)
        key = (rate.period, rate.currency, rate.per)
        if key in found and found[key] != rate:
            raise BadInput(
                f"{source}, line {reader.line_num}: an earlier line tells another rate of {rate.currency} "
                f"per {rate.per} for {rate.period}.", remedy="Keep one of the two.",
            )  # fmt: skip
        found[key] = rate
        if len(found) > MOST_RATES:
            raise BadInput(f"{source}: more than {MOST_RATES:,} rates.", remedy="Split the file.")
    if not found:
        raise BadInput(f"{source}: there are no rates below the header.", remedy="Add them.")
    return list(found.values())


def _read_rate(row: Mapping[str, Any], where: str, source: str) -> Rate:
    cells = {name: (row.get(name) or "").strip() for name in COLUMNS}
    period, number = cells["date_or_month"], cells["rate"]
    try:
        is_period = _PERIOD.fullmatch(period) and date.fromisoformat(f"{period}-01"[:10])
    except ValueError:
        is_period = None
    if not is_period:
        raise BadInput(
            f"{where}: {period[:40]!r} is no day and no month.", remedy="Write 2026-08-31 or 2026-08."
        )
    pair = [cells["currency"].upper(), cells["per"].upper()]
    if not all(map(_CURRENCY.fullmatch, pair)) or pair[0] == pair[1]:
        words = f"{where}: {cells['currency'][:20]!r} per {cells['per'][:20]!r} is no pair of currencies."
        raise BadInput(words, remedy="Write two ISO 4217 codes, e.g. USD,EUR.")
    if not _NUMBER.fullmatch(number) or not Decimal(number):
        raise BadInput(
            f"{where}: {number[:40]!r} is no rate.", remedy="Write it with a point and without signs: 1.0842."
        )
    return Rate(period, pair[0], pair[1], show_exact(Decimal(number)), source)


@dataclass(frozen=True, slots=True)
class Exchange:
    """Into which currency, and by which rates."""

    into: str
    table: RateTable

    def convert(self, figures: Iterable[Figure], currency: str | None) -> Converted | None:
        """Figures of single days and one currency, added up in the other; None of what is no money."""
        if not currency:
            return None
        amounts = [(figure.day, figure.value) for figure in figures if figure.day is not None]
        return self.table.convert(amounts, currency, self.into) if amounts else None


def group_money(figures: Iterable[Figure]) -> dict[tuple[str, str, str, str | None], list[Figure]]:
    """Figures of money by key, report, measure and currency."""
    groups: dict[tuple[str, str, str, str | None], list[Figure]] = {}
    for figure in figures:
        if figure.currency:
            groups.setdefault((figure.key, figure.report, figure.measure, figure.currency), []).append(figure)
    return groups
