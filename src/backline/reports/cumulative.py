"""Running totals into growth per day: the value less that of the day before, per key, inside one file.

Over a gap, and on a key's first day, nothing is known: there is no number, and none is invented.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

import numpy as np

from backline.reports.columns import Array
from backline.reports.convert import Converter
from backline.reports.duplicates import mix_hashes
from backline.reports.format import Layout, Refused
from backline.reports.records import Block
from backline.reports.scan import Scan

MOST_ROWS: Final = 4_000_000
_KEY: Final = ("artist", "track", "isrc", "country", "source", "currency")


def find_growth(
    layout: Layout, today: date, scan: Scan, blocks: Iterator[Block]
) -> dict[str, tuple[Array, Array]]:
    """Measure to (lines, growth since the day before), both int64, lines ascending. Reads the file once."""
    reader = Converter(layout, today, scan)
    found: dict[str, list[tuple[Array, Array, Array, Array]]] = {m: [] for m in layout.cumulative}
    count = 0
    for block in blocks:
        parsed, good = reader.judge(block)
        count += int(good.sum())
        if count > MOST_ROWS:
            raise Refused(
                "too_many_rows",
                f"A table of running totals may have {MOST_ROWS:,} rows.",
                "Split the file by artist or by track.",
            )
        if not good.any():
            continue
        key = mix_hashes([parsed.roles[role].hashes() for role in _KEY if role in parsed.roles])
        day = parsed.roles["day"]
        ordinals = np.array(
            [value.toordinal() if value else 0 for value in [*day.values, None]], dtype=np.int32
        )
        days = ordinals[day.codes]
        for measure, parts in found.items():
            numbers = parsed.numbers[measure]
            rows = good & ~numbers.empty
            parts.append((key[rows], days[rows], numbers.values[rows], parsed.block.lines[rows]))
    return {measure: _subtract(parts) for measure, parts in found.items()}


def _subtract(parts: list[tuple[Array, Array, Array, Array]]) -> tuple[Array, Array]:
    if not parts:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    key, day, value, line = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.lexsort((day, key))
    key, day, value, line = key[order], day[order], value[order], line[order]
    follows = (key[1:] == key[:-1]) & (day[1:] == day[:-1] + 1)
    lines, growth = line[1:][follows], (value[1:] - value[:-1])[follows]
    by_line = np.argsort(lines)
    return lines[by_line], growth[by_line]
