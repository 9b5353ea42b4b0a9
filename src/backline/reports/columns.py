"""A column of cells into numbers or coded values: fast where it is clean, patient only where it is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from backline.reports.currency_signs import drop_sign
from backline.reports.numbers import (
    FINEST,
    MOST,
    MOST_DIGITS,
    Exact,
    is_empty,
    read_number,
    show_float,
    take_apart,
)

Array = np.ndarray[Any, Any]
_CLEAN = r"^-?[0-9]{1,13}$"
# By decimal sign: at most 18 digits, which fit in 64 bits with room to spare.
_USUAL = {
    sign: rf"^-?(?:(?:[0-9]{{1,12}}|[0-9]{{1,3}}(?:[{group}][0-9]{{3}}){{1,3}})(?:[{sign}][0-9]{{1,6}})?"
    rf"|[0-9]{{1,6}}[{sign}][0-9]{{7,12}})$"
    for sign, group in (".,", ",.")
}


class Problem(NamedTuple):
    """Why a cell cannot be used. `kind` is a key of `format.REJECTION_KINDS`."""

    kind: str
    reason: str


@dataclass(slots=True)
class Coded:
    """A column as codes into a short list of values. Code -1: the cell is empty."""

    codes: Array  # int32, one per row
    values: list[Any]
    problems: dict[int, Problem]  # by code

    @property
    def empty(self) -> Array:
        """bool, one per row."""
        return np.asarray(self.codes < 0)

    def bad_rows(self) -> Array:
        """bool, one per row: the cell is there and has a problem."""
        if not self.problems:
            return np.zeros(len(self.codes), dtype=bool)
        return np.isin(self.codes, list(self.problems))

    def value(self, row: int) -> Any:
        """The value of one row, None where it is empty or bad."""
        code = self.codes[row]
        return None if code < 0 or code in self.problems else self.values[code]

    def as_words(self) -> pa.DictionaryArray:
        """Texts, dictionary-encoded; null where empty."""
        indices = pa.array(self.codes, type=pa.int32(), mask=self.codes < 0)
        return pa.DictionaryArray.from_arrays(indices, pa.array(self.values, type=pa.string()))

    def hashes(self) -> Array:
        """uint64, one per row, equal where the values are equal (within one process)."""
        table = np.array([hash((value,)) for value in [*self.values, None]], dtype=np.int64)
        return table[self.codes].view(np.uint64)


def code_column(column: pa.Array, read: Callable[[Any], Any]) -> Coded:
    """Apply `read` to each distinct trimmed value; what it returns as a `Problem` is one."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    elif len(column.dictionary) > len(column):
        column = _keep_used_words(column)
    found: dict[Any, int] = {}
    values: list[Any] = []
    problems: dict[int, Problem] = {}
    recode = np.empty(len(column.dictionary) + 1, dtype=np.int32)
    recode[-1] = -1
    for number, raw in enumerate(column.dictionary.to_pylist()):
        word = raw.strip() if isinstance(raw, str) else raw
        value = None if word is None or word == "" else read(word)
        if value is None:
            recode[number] = -1
            continue
        code = found.setdefault(value, len(values))
        if code == len(values):
            values.append("" if isinstance(value, Problem) else value)
            if isinstance(value, Problem):
                problems[code] = value
        recode[number] = code
    indices = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return Coded(recode[indices], values, problems)


def _keep_used_words(column: pa.DictionaryArray) -> pa.DictionaryArray:
    """A block of a Parquet file brings the words of its whole row group."""
    indices = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    used, places = np.unique(indices, return_inverse=True)
    words = column.dictionary.take(pa.array(used[used >= 0]))
    codes = (places - int((used < 0).any())).astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), words)


def repeat_value(value: Any, count: int) -> Coded:
    """A constant as a column; None: empty everywhere."""
    if value is None:
        return Coded(np.full(count, -1, dtype=np.int32), [], {})
    return Coded(np.zeros(count, dtype=np.int32), [value], {})


@dataclass(slots=True)
class NumberColumn:
    """A column of exact numbers: values * 10^-scales, and what stands behind the twelfth decimal in `finer`."""

    values: Array  # int64
    scales: Array  # int8
    empty: Array  # bool
    problems: dict[int, Problem]  # by row
    finer: NumberColumn | None = None  # empty where there is nothing behind

    @classmethod
    def make_empty(cls, count: int) -> NumberColumn:
        """A column in which no row tells a number."""
        values, scales = np.zeros(count, dtype=np.int64), np.full(count, FINEST, dtype=np.int8)
        return cls(values, scales, np.ones(count, dtype=bool), {})

    @property
    def layers(self) -> list[NumberColumn]:
        """This column, and what is to be added to it."""
        return [self] if self.finer is None else [self, self.finer]

    def put(self, row: int, number: Exact) -> None:
        """Tell the number of a row."""
        self.values[row], self.scales[row], self.empty[row] = number.value, number.scale, False
        if number.finer:
            if self.finer is None:
                self.finer = NumberColumn.make_empty(len(self.values))
            self.finer.values[row], self.finer.empty[row] = number.finer, False

    def bad_rows(self) -> Array:
        """bool, one per row."""
        bad = np.zeros(len(self.values), dtype=bool)
        bad[list(self.problems)] = True
        return bad


_NOT_WHOLE: Final = "is not a whole number"


def read_numbers(
    column: pa.Array, name: str, *, whole: bool, tell_sign: Callable[[list[str]], str]
) -> NumberColumn:
    """Whole numbers or exact decimals. `tell_sign` is asked for the decimal sign, only where it matters."""
    count = len(column)
    numbers = NumberColumn(
        np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int8), np.zeros(count, dtype=bool), {}
    )
    if pa.types.is_integer(column.type):
        _take_integers(column, numbers, name)
        return numbers
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    rest = np.arange(count)
    if pa.types.is_string(column.type):
        clean = pc.fill_null(pc.match_substring_regex(column, _CLEAN), False).to_numpy(zero_copy_only=False)
        if clean.any():
            numbers.values[clean] = column.filter(pa.array(clean)).cast(pa.int64()).to_numpy()
        rest = np.flatnonzero(~clean)
        if not len(rest):
            return numbers
        column = column.filter(pa.array(~clean))
    elif pa.types.is_floating(column.type) and whole:
        column, rest = _take_whole_floats(column, numbers)
    _take_words(column, rest, numbers, name, whole, tell_sign)
    return numbers


def _take_integers(column: pa.Array, numbers: NumberColumn, name: str) -> None:
    numbers.empty[:] = column.is_null().to_numpy(zero_copy_only=False)
    found = column.fill_null(0).to_numpy(zero_copy_only=False)
    good = found <= MOST
    if not pa.types.is_unsigned_integer(column.type):
        good &= found >= -MOST
    numbers.values[:] = np.where(good, found, 0)
    for row in np.flatnonzero(~good).tolist():
        numbers.problems[row] = Problem("bad_number", f"{name}: {found[row]} is larger than 10^13.")


def _take_whole_floats(column: pa.Array, numbers: NumberColumn) -> tuple[pa.Array, Array]:
    """32041.0 counts as 32041; what is left for a closer look."""
    floats = column.cast(pa.float64()).fill_null(float("nan")).to_numpy(zero_copy_only=False)
    numbers.empty[:] = np.isnan(floats)
    with np.errstate(invalid="ignore"):
        good = ~numbers.empty & (np.abs(floats) <= MOST) & (floats == np.rint(floats))
    numbers.values[good] = floats[good].astype(np.int64)
    left = ~good & ~numbers.empty
    return column.filter(pa.array(left)), np.flatnonzero(left)


def _take_words(
    column: pa.Array,
    rows: Array,
    numbers: NumberColumn,
    name: str,
    whole: bool,
    tell_sign: Callable[[list[str]], str],
) -> None:
    """Cells that are no plain whole numbers: the usual ways to write a number at once, the others one by one."""
    sign = "."
    if pa.types.is_string(column.type):
        sign = tell_sign([word.strip() for word in column.unique().to_pylist() if word is not None])
        column, rows = _take_usual(column, rows, numbers, whole, sign)
    _take_patiently(column, rows, numbers, name, whole, sign)


def _take_usual(
    column: pa.Array, rows: Array, numbers: NumberColumn, whole: bool, sign: str
) -> tuple[pa.Array, Array]:
    """Numbers like 1.234,50 for the decimal sign ","; returns what is left, with its rows."""
    fits = pc.fill_null(pc.match_substring_regex(column, _USUAL[sign]), False).to_numpy(zero_copy_only=False)
    if not fits.any():
        return column, rows
    words = column.filter(pa.array(fits))
    places = pc.find_substring(words, sign).to_numpy(zero_copy_only=False)
    lengths = pc.binary_length(words).to_numpy(zero_copy_only=False)
    scales = np.where(places < 0, 0, lengths - places - 1).astype(np.int8)
    for unwanted in ".,":
        words = pc.replace_substring(words, unwanted, "")
    values = words.cast(pa.int64()).to_numpy(zero_copy_only=False).copy()
    while (long := (scales > 0) & (values % 10 == 0)).any():
        values[long] //= 10
        scales[long] -= 1
    taken = np.flatnonzero(fits)
    if whole:  # a fraction is a problem, and a problem needs words
        taken, values, scales = taken[scales == 0], values[scales == 0], scales[scales == 0]
    numbers.values[rows[taken]], numbers.scales[rows[taken]] = values, scales
    left = np.ones(len(rows), dtype=bool)
    left[taken] = False
    return column.filter(pa.array(left)), rows[left]


def _take_patiently(
    column: pa.Array, rows: Array, numbers: NumberColumn, name: str, whole: bool, sign: str
) -> None:
    if pa.types.is_floating(column.type) and column.type.bit_width < 64:
        column = column.cast(pa.string())  # with the few digits that such a fraction has
    encoded = column.dictionary_encode()
    words = [_as_word(value) for value in encoded.dictionary.to_pylist()]
    read = [_read_word(word, name, whole, sign) for word in words]
    indices = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    for row, code in zip(rows.tolist(), indices.tolist(), strict=True):
        found = read[code] if code >= 0 else None
        if found is None:
            numbers.empty[row] = True
        elif isinstance(found, Problem):
            numbers.problems[row] = found
        else:
            numbers.put(row, found)


def _as_word(value: Any) -> str:
    if isinstance(value, float):
        return show_float(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value).strip()


def _read_word(word: str, name: str, whole: bool, sign: str) -> Exact | Problem | None:
    if is_empty(word):
        return None
    number = read_number(word if whole else drop_sign(word), sign)
    if number is not None:
        found = take_apart(number)
    elif len(word) > MOST_DIGITS:
        found = f"is longer than {MOST_DIGITS} characters"
    else:
        found = _NOT_WHOLE if whole else "is not a number"
    if isinstance(found, Exact):
        if not (whole and found.scale):
            return found
        found = _NOT_WHOLE
    return Problem("bad_number", f"{name}: {word[:MOST_DIGITS]!r} {found}.")
