"""What kind of sale a row of a statement tells: its units streamed, downloaded, or neither said; or taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from backline.reports.columns import NumberColumn
from backline.reports.rows import Parsed, find_words

UNITS: Final = "units"
REVENUE: Final = "revenue"
# What portals write: Stream, Streaming, Ad-supported streams; Download, Permanent download, Digital download.
WORDS: Final[Mapping[str, str]] = {
    "streams": r"(?=.*\bstream(?:s|ed|ing)?\b)(?!.*\bdownload).*",
    "downloads": r"(?=.*\bdownload(?:s|ed)?\b)(?!.*\bstream).*",
}


def take_back_units(parsed: Parsed) -> None:
    """Count the units of rows whose money is below zero as negative, where they are not told so."""
    units = parsed.numbers.get(UNITS)
    if units is not None:
        paid_back = np.logical_or.reduce([layer.values < 0 for layer in parsed.numbers[REVENUE].layers])
        units.values = np.where(paid_back, -np.abs(units.values), units.values)


def sort_units(parsed: Parsed, column: str) -> None:
    """Move the units of rows that say so to `streams` and `downloads`; of all others they stay `units`."""
    units = parsed.numbers[UNITS]
    left = ~units.empty
    for measure, pattern in WORDS.items():
        mine = left & find_words(parsed.block, column, pattern)
        left &= ~mine
        parsed.numbers[measure] = NumberColumn(units.values, units.scales, ~mine, {})
    parsed.numbers[UNITS] = NumberColumn(units.values, units.scales, ~left, units.problems)
