"""Dates of release that are written with points or slashes: read only where the file itself tells which number is the day."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from backline.reports.catalogue_rows import WrongCell

_WRITTEN = re.compile(r"(\d{1,2})([./])(\d{1,2})\2(\d{4})")
_REMEDY: Final = "Write YYYY-MM-DD."


def is_written(word: str) -> bool:
    """Whether a cell has the form of such a date, 01.03.2026 or 01/03/2026."""
    return _WRITTEN.fullmatch(word) is not None


def read_dates(words: Mapping[int, str]) -> tuple[dict[int, str], list[WrongCell]]:
    """Cells by their lines, all of the form (`is_written`): as YYYY-MM-DD, and those that cannot be read.

    A number over 12 tells the order of the whole file; where nothing does, or two cells say otherwise, a cell that
    may be two days is refused.
    """
    readings = {line: _list_readings(word) for line, word in words.items()}
    orders = {order for some in readings.values() if len(some) == 1 for order in some}
    found: dict[int, str] = {}
    wrong: list[WrongCell] = []
    for line, some in readings.items():
        fitting = {
            day for order, day in some.items() if len(some) == 1 or len(orders) != 1 or order in orders
        }
        if len(fitting) == 1:
            found[line] = fitting.pop().isoformat()
        elif not some:
            wrong.append(
                WrongCell(line, "release_date", f"{words[line]!r} is not a date of release.", _REMEDY)
            )
        else:
            first, second = (some[order].isoformat() for order in ("day", "month"))
            reason = f"{words[line]!r} is {first} or {second}, and the file does not tell which."
            wrong.append(WrongCell(line, "release_date", reason, _REMEDY))
    return found, wrong


def _list_readings(word: str) -> dict[str, date]:
    """By what stands first, the days that a cell may be."""
    match = _WRITTEN.fullmatch(word)
    assert match is not None
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    days: dict[str, date] = {}
    for order, month, day in (("day", second, first), ("month", first, second)):
        try:
            days[order] = date(year, month, day)
        except ValueError:
            continue
    return days
