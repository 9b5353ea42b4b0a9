"""Finds the header of a text: which delimiter, which record, which format."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from backline.reports.format import Format
from backline.reports.records import MOST_COLUMNS, split_head

DELIMITERS: Final = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True)
class Header:
    """Where the columns are named: after `skip` records, the header included, the rows begin."""

    names: tuple[str, ...]  # folded
    written: tuple[str, ...]  # as they stand there
    delimiter: str
    skip: int


def fold_column(name: str) -> str:
    """A column's name for comparing: "Monthly listeners " and monthly_listeners are one."""
    return re.sub(r"[\s_\-]+", "_", name.strip(" \t\ufeff\u00a0").casefold()).strip("_")


def fingerprint_names(names: Sequence[str]) -> str:
    """sha256 over the sorted folded names, 32 hexadecimal digits: the same for the same names in any order."""
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()[:32]


def choose_format(names: Sequence[str], formats: Sequence[Format]) -> Format | None:
    """The format that knows most of the names, the first by name where two know as many."""
    scored = [(-fmt.recognise(names), fmt.name, fmt) for fmt in formats]
    best = min(scored, key=lambda item: item[:2], default=None)
    return best[2] if best is not None and best[0] < 0 else None


def find_header(head: str, is_header: Callable[[Sequence[str]], int]) -> Header:
    """The record that `is_header` gives most points; where it gives none, the most likely one."""
    best: tuple[int, Header] | None = None
    likely: tuple[tuple[int, int], Header] | None = None
    for delimiter in DELIMITERS:
        records = split_head(head, delimiter)
        filled = [sum(1 for cell in cells if cell.strip()) for cells in records]
        for number, cells in enumerate(records):
            written = strip_empty_end(cells)
            if not written or len(written) > MOST_COLUMNS:
                continue
            header = Header(tuple(map(fold_column, cells)), tuple(written), delimiter, number + 1)
            points = is_header(header.names)
            if points and (best is None or points > best[0]):
                best = (points, header)
            alike = [filled[at] for at in range(number, len(records)) if len(records[at]) == len(cells)]
            rank = (sum(alike), -number)
            # A note above the header fills few of the cells that the rows fill.
            names_columns = filled[number] > 1 and 2 * filled[number] > max(alike)
            if names_columns and (likely is None or rank > likely[0]):
                likely = (rank, header)
    if best is not None:
        return best[1]
    if likely is not None:
        return likely[1]
    first = next((cells for cells in split_head(head, ",") if cells), [""])
    return Header(tuple(map(fold_column, first)), tuple(first), ",", 1)


def strip_empty_end(cells: Sequence[str]) -> list[str]:
    """Without the empty cells at the end, which a trailing delimiter leaves."""
    kept = list(cells)
    while kept and not kept[-1].strip():
        kept.pop()
    return kept
