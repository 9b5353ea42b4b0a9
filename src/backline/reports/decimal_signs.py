"""Which sign of a file's numbers is the decimal one: decided once for each measure, by what leaves no choice."""

from __future__ import annotations

from typing import Final

from backline.reports.currency_signs import drop_sign
from backline.reports.format import Layout, Refused
from backline.reports.numbers import find_decimal_sign, is_ambiguous, sign_of_form
from backline.reports.scan import Scan

MONEY: Final = frozenset({"revenue"})


class DecimalSigns:
    """Where a column leaves the choice, the other amounts of the file tell, then its delimiter, then any numbers."""

    def __init__(self, layout: Layout, scan: Scan) -> None:
        self._layout = layout
        self._scan = scan
        self.known: dict[str, str] = {}  # by measure
        if layout.number_form != "auto":
            self.known = dict.fromkeys(layout.measures, sign_of_form(layout.number_form))

    def tell(self, measure: str, column: str, words: list[str]) -> str:
        """The sign for a column of a measure, of which these are some words. Raises `Refused`."""
        if measure not in self.known:
            whole = measure not in MONEY
            numbers = words if whole else list(map(drop_sign, words))
            sign = find_decimal_sign(numbers, whole=whole)
            unclear = next(filter(is_ambiguous, numbers), None)
            if sign is None and unclear is not None:
                sign = self._search(column, unclear, whole)
            if sign is None:
                return "."
            self.known[measure] = sign
        return self.known[measure]

    def _search(self, column: str, unclear: str, whole: bool) -> str:
        for words in self._scan.list_words(column):
            if sign := find_decimal_sign(words if whole else map(drop_sign, words), whole=whole):
                return sign
        if whole:  # three digits behind the only sign, and no fractions: thousands
            return "," if "." in unclear else "."
        if sign := self._ask_others(column, unclear):
            return sign
        raise Refused(
            "ambiguous_number",
            f"{unclear!r} in column {column!r} can be read as thousands or as a fraction.",
            'Say which: --number-form FORM, where FORM is "1,200.5" or "1.200,5". '
            "In a mapping it is number_form.",
        )

    def _ask_others(self, column: str, unclear: str) -> str | None:
        layout = self._layout
        amounts = layout.amounts | set(layout.measures.values())
        counts = {name for measure, name in layout.measures.items() if measure not in MONEY}
        texts = set(layout.used_columns) - amounts
        found = self._scan.find_signs({column, *texts}, counts)
        near = {sign for name, sign in found.items() if name in amounts}
        if not near and self._scan.delimiter == ";" and "," in unclear:
            return ","  # semicolons part the cells where commas are needed for fractions
        told = near or set(found.values())
        return told.pop() if len(told) == 1 else None
