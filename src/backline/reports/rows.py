"""Reads the cells of a block by a layout: every role and measure, and what is wrong with which row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from backline.music import MONTH, tidy_isrc, tidy_upc
from backline.reports import dates
from backline.reports.columns import (
    Array,
    Coded,
    NumberColumn,
    Problem,
    code_column,
    read_numbers,
    repeat_value,
)
from backline.reports.countries import read_country, read_country_name
from backline.reports.currency_signs import agrees, find_sign
from backline.reports.decimal_signs import MONEY, DecimalSigns
from backline.reports.format import Layout, Refused
from backline.reports.records import Block
from backline.reports.scan import Scan

RANK: Final = "chart_rank"
MOST_RANK: Final = 10_000
JOINT: Final = " · "
LONGEST_TEXT: Final = 500
ROLES: Final = (
    "day",
    "artist",
    "track",
    "isrc",
    "upc",
    "released",
    "country",
    "source",
    "currency",
    "uri",
    "statement",
)
_CURRENCY = re.compile(r"[A-Z]{3}")
_BAD_RANK: Final = Problem("bad_rank", f"The position is not a whole number from 1 to {MOST_RANK:,}.")
_EMPTY_PROBLEMS: Final = {
    "day": Problem("bad_date", "The day is empty."),
    "artist": Problem("missing_artist", "The artist is empty."),
    "track": Problem("missing_track", "The track is empty."),
    "country": Problem("bad_country", "The country is empty."),
    "currency": Problem("bad_currency", "The currency is empty."),
    "source": Problem("missing_source", "The playlist is empty."),
}


@dataclass(slots=True)
class Parsed:
    """A block with its cells read. Every array has one entry per row."""

    block: Block
    roles: dict[str, Coded]
    numbers: dict[str, NumberColumn]

    def __len__(self) -> int:
        return len(self.block)


class CellReader:
    """Reads block after block; decides once per file how ambiguous days and numbers are meant.

    `scan` reads the file once more from its start, for that decision.
    """

    def __init__(self, layout: Layout, today: date, scan: Scan) -> None:
        self._layout = layout
        self._scan = scan
        self._latest = today + timedelta(days=1)  # somewhere it is tomorrow already
        self._date_form = layout.date_form
        self._signs = DecimalSigns(layout, scan)

    @property
    def signs(self) -> dict[str, str]:
        """The decimal sign of each measure of which it is known."""
        return self._signs.known

    def read(self, block: Block) -> Parsed:
        """Raises `Refused` where days or amounts of the file can be meant in two ways."""
        roles = {role: self._read_role(block, role) for role in ROLES if self._has_role(role)}
        measures = {
            measure: read_numbers(
                block.column(column),
                measure if measure == column else f"{measure} ({column})",
                whole=measure not in MONEY,
                tell_sign=partial(self._signs.tell, measure, column),
            )
            for measure, column in self._layout.measures.items()
        }
        for measure in measures.keys() & MONEY:
            if "currency" in roles:
                amounts = block.column(self._layout.measures[measure])
                _compare_signs(amounts, roles["currency"], measures[measure])
        return Parsed(block, roles, measures)

    def _has_role(self, role: str) -> bool:
        layout = self._layout
        split = layout.split is not None and role in layout.split.into
        joined = layout.joined is not None and role == layout.joined[0]
        return role in layout.columns or role in layout.constants or split or joined

    def _read_role(self, block: Block, role: str) -> Coded:
        layout = self._layout
        if layout.split is not None and role in layout.split.into:
            part, at = layout.split.into.index(role), layout.split.at
            return code_column(
                block.column(layout.split.column), lambda word: _cut(str(word), at, part, role)
            )
        if layout.joined is not None and role == layout.joined[0]:
            return code_column(join_columns(block, layout.joined[1]), _reader_of(role))
        if role not in layout.columns:
            return repeat_value(layout.constants[role], len(block))
        column = block.column(layout.columns[role])
        if role == "day":
            self._settle_date_form(column, layout.columns[role])
            return code_column(column, self._read_month if layout.span == MONTH else self._read_day)
        if role == "statement":
            return code_column(column, partial(_read_statement, form=layout.date_form))
        coded = code_column(
            column, _LOOSE.get(role, _reader_of(role)) if role in layout.loose else _reader_of(role)
        )
        if layout.trackless is not None and role in ("track", "isrc"):
            coded.codes[find_words(block, *layout.trackless)] = -1
        return coded

    def _read_month(self, word: Any) -> date | Problem:
        month = dates.as_day(word) if isinstance(word, date | datetime) else None
        found = dates.read_month(month.isoformat() if month else str(word), self._date_form)
        if found is None or found < dates.EARLIEST:
            return Problem("bad_date", f"{str(word)[:40]!r} names no month.")
        if found.replace(day=1) > self._latest:
            return Problem("future_date", f"{str(word)[:40]!r} lies in the future.")
        return found

    def _read_day(self, word: Any) -> date | Problem:
        day = dates.as_day(word) if isinstance(word, date | datetime) else None
        if day is None:
            day = dates.read_day(str(word), self._date_form)
        if day is None or day < dates.EARLIEST:
            if day is None and dates.read_month(str(word), self._date_form):
                words = 'names a month, not a day; a mapping reads months with date_form = "YYYY-MM".'
                return Problem("bad_date", f"{str(word)[:40]!r} {words}")
            return Problem("bad_date", f"{str(word)[:40]!r} is not a day.")
        if day > self._latest:
            return Problem("future_date", f"{str(word)[:40]!r} lies in the future.")
        return day

    def _settle_date_form(self, column: pa.Array, name: str) -> None:
        if self._date_form != "auto" or not pa.types.is_string(column.type):
            return
        words = [word.strip() for word in column.unique().to_pylist() if word]
        order = dates.find_day_order(words)
        if order is None and any(map(dates.is_ambiguous, words)):
            order = next(filter(None, map(dates.find_day_order, self._scan.list_words(name))), None)
            if order is None:
                raise Refused(
                    "ambiguous_date",
                    f"The days of column {name!r} can be read as day/month or as month/day.",
                    'Say which with a mapping (--map FILE) that holds date_form = "DD/MM/YYYY" '
                    'or "MM/DD/YYYY".',
                )
        self._date_form = order or "auto"


def _compare_signs(amounts: pa.Array, currency: Coded, numbers: NumberColumn) -> None:
    """An amount with the sign of another currency than its row's is a problem."""
    if not pa.types.is_string(amounts.type):
        return
    odd = pc.fill_null(pc.match_substring_regex(amounts, r"[^0-9.,\s()+-]"), False)
    rows = np.flatnonzero(odd.to_numpy(zero_copy_only=False))
    signs = code_column(amounts.filter(odd), lambda word: find_sign(str(word)))
    for number, sign in enumerate(signs.values):
        is_wrong = [not agrees(sign, str(code)) for code in currency.values]
        mine = rows[signs.codes == number]
        for row in mine[np.array([*is_wrong, False])[currency.codes[mine]]].tolist():
            words = f"{str(amounts[row]).strip()[:40]!r} is no amount in {currency.value(row)}."
            numbers.problems.setdefault(row, Problem("bad_currency", words))


def join_columns(block: Block, names: Sequence[str]) -> pa.Array:
    """Several columns as one text each row; what is empty is left out."""
    rows = zip(*(block.column(name).to_pylist() for name in names), strict=True)
    return pa.array(
        [JOINT.join(filter(None, (str(cell or "").strip() for cell in row))) for row in rows], pa.string()
    )


def find_words(block: Block, column: str, pattern: str) -> Array:
    """bool, one per row: the whole word in this column, in whatever letters, fits the pattern."""
    coded = code_column(block.column(column), lambda word: " ".join(str(word).casefold().split()))
    fits = [re.fullmatch(pattern, word) is not None for word in coded.values]
    return np.array([*fits, re.fullmatch(pattern, "") is not None], dtype=bool)[coded.codes]


def _read_statement(word: Any, form: str) -> str:
    """A day or a month as ISO 8601 where it can be read, else the word as it stands."""
    if isinstance(word, date):
        return dates.as_day(word).isoformat()
    if form in dates.MONTH_FORMS and not dates.is_ambiguous(str(word)):  # the form of another column
        form = dates.find_day_order([str(word)]) or "auto"
    day = dates.read_day(str(word), form)
    month = None if day else dates.read_month(str(word), form)
    return day.isoformat() if day else month.isoformat()[:7] if month else str(word)[:100]


def _read_text(word: Any, role: str) -> str | Problem:
    text = str(word)
    if len(text) > LONGEST_TEXT:
        return Problem("too_long", f"The {role} is longer than {LONGEST_TEXT} characters.")
    return text


def _cut(text: str, at: str, part: int, role: str) -> str | Problem | None:
    before, sign, behind = text.partition(at)
    if not sign and part:
        kind = "missing_artist" if role == "artist" else "missing_track"
        return Problem(kind, f"There is no {at!r} in {text[:80]!r}.")
    word = (behind if part else before).strip()
    found: str | Problem | None = _reader_of(role)(word) if word else None
    return found


def _read_country(word: Any) -> str | Problem:
    return read_country(str(word)) or Problem(
        "bad_country", f"{str(word)[:40]!r} is not an ISO country code."
    )


def _read_currency(word: Any) -> str | Problem:
    code = str(word).upper()
    return code if _CURRENCY.fullmatch(code) else Problem("bad_currency", f"{code[:40]!r} is not a currency.")


def _read_released(word: Any) -> str | None:
    """An unreadable release day is left out: it decides nothing."""
    day = dates.as_day(word) if isinstance(word, date) else dates.read_day(str(word), "YYYY-MM-DD")
    return day.isoformat() if day else None


_LOOSE: Final[dict[str, Callable[[Any], Any]]] = {"country": lambda word: read_country_name(str(word))}
_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "country": _read_country,
    "currency": _read_currency,
    "isrc": lambda word: tidy_isrc(str(word)),  # the same for a broken ISRC
    "upc": lambda word: tidy_upc(str(word)),
    "released": _read_released,
}


def _reader_of(role: str) -> Callable[[Any], Any]:
    return _READERS.get(role) or partial(_read_text, role=role)


Check = tuple[Array, Callable[[int], Problem]]


def list_checks(parsed: Parsed, layout: Layout) -> Iterator[Check]:
    """(rows, what to say of a row) of each rule, in the order in which a row is blamed."""
    needed = {"day", "artist", *layout.required}
    if layout.measures.keys() & MONEY:
        needed.add("currency")
    for role, coded in parsed.roles.items():
        yield coded.bad_rows(), partial(_say_of_code, coded)
        if role in needed:
            yield coded.empty, partial(_say_always, _EMPTY_PROBLEMS[role])
    for measure, found in parsed.numbers.items():
        if measure == RANK:
            wrong = found.empty | found.bad_rows() | (found.values < 1) | (found.values > MOST_RANK)
            yield wrong, partial(_say_always, _BAD_RANK)
            continue
        yield found.bad_rows(), found.problems.__getitem__
        if measure in layout.required:
            yield found.empty, partial(_say_always, Problem("bad_number", f"{measure} is empty."))
        if not layout.negatives:
            below = np.logical_or.reduce([layer.values < 0 for layer in found.layers])
            yield below, partial(_say_always, Problem("negative", f"{measure} is below zero."))


def _say_of_code(coded: Coded, row: int) -> Problem:
    return coded.problems[int(coded.codes[row])]


def _say_always(problem: Problem, _: int) -> Problem:
    return problem


def find_suspects(parsed: Parsed, layout: Layout, is_total_word: Callable[[str], bool]) -> Array:
    """Row numbers that may be blank or a total: no day, or where no column tells days, no keys."""
    if "day" in layout.columns:
        return np.flatnonzero(parsed.roles["day"].empty | parsed.roles["day"].bad_rows())
    mask = np.zeros(len(parsed), dtype=bool)
    for role, coded in parsed.roles.items():
        if role in layout.columns or (layout.joined and role == layout.joined[0]):
            words = [code for code, value in enumerate(coded.values) if is_total_word(str(value))]
            mask |= np.isin(coded.codes, words) | (
                coded.empty & (role in layout.required or role == "artist")
            )
            mask |= coded.bad_rows()
    if RANK in parsed.numbers:
        mask |= parsed.numbers[RANK].empty | parsed.numbers[RANK].bad_rows()
    return np.flatnonzero(mask)
