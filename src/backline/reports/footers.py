"""Total rows: what they say is compared with what the rows add up to, the rejected ones included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from backline.reports.currency_signs import drop_sign
from backline.reports.format import Refused
from backline.reports.numbers import EXACT, is_empty, read_number

TOTAL_WORDS: Final = frozenset(
    {
        "total", "totals", "grand total", "sum", "summe", "gesamt", "gesamtsumme", "insgesamt", "total général",
        "total general", "totaux", "somme", "totale", "totaal", "suma", "soma", "итого",
    }
)  # fmt: skip


@dataclass(slots=True)
class Footers:
    """Adds up every measure that can be, and holds the file's own totals against it at the end."""

    sums: dict[str, Decimal] = field(default_factory=dict)  # measure to sum over accepted and rejected rows
    unreadable: set[str] = field(default_factory=set)  # measures of which a rejected row cannot be read
    told: list[tuple[int, dict[str, str]]] = field(default_factory=list)  # (line, measure to cell)

    def add(self, measure: str, amount: Decimal) -> None:
        """Count what rows hold of a measure."""
        self.sums[measure] = EXACT.add(self.sums.get(measure, Decimal(0)), amount)

    def reconcile(self, signs: Mapping[str, str]) -> None:
        """Raises `Refused` where a total row differs from the sum, or cannot be compared with it.

        `signs` is the decimal sign of each measure of which it is known.
        """
        for line, cells in self.told:
            for measure, cell in cells.items():
                if measure in self.sums and not is_empty(cell):
                    self._compare(line, measure, cell, signs.get(measure, ".,"))

    def _compare(self, line: int, measure: str, cell: str, signs: str) -> None:
        found = self.sums[measure]
        readings = [number for sign in signs if (number := read_number(drop_sign(cell), sign)) is not None]
        total = found if found in readings else readings[0] if readings else None
        if measure in self.unreadable:
            words = f"a number of {measure} cannot be read, so that the total {cell} on line {line} proves nothing"
        elif total is None:
            words = f"the total {cell!r} of {measure} on line {line} cannot be read"
        elif total != found:
            words = f"the rows add up to {found:f} {measure}, the total on line {line} says {cell}"
        else:
            return
        raise Refused(
            "totals",
            f"The totals do not reconcile: {words}.",
            "Download the report again; if the rows are right, remove the total row.",
        )


def is_total_word(cell: str) -> bool:
    """Whether a cell says "Total", in one of the languages that portals speak."""
    return " ".join(cell.casefold().split()).rstrip(" :") in TOTAL_WORDS


def is_total_row(cells: Sequence[str], key_cells: Sequence[str]) -> bool:
    """Whether a row is a total: some cell says so, and its keys name nothing else."""
    return any(map(is_total_word, cells)) and all(not cell or is_total_word(cell) for cell in key_cells)
