"""Lines of a text with quotes into columns at once, where every quote is in order."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

LONGEST: Final = 131_072  # characters of a cell: the limit that the csv module has


class Records(NamedTuple):
    """Records of the first `height` lines: their columns, and at which of the lines each begins."""

    columns: list[pa.Array]
    starts: np.ndarray[Any, np.dtype[np.int64]]
    height: int


def split_quoted(lines: Sequence[str], delimiter: str, width: int) -> Records | None:
    """The records of these lines, given with their ends, as `width` columns of strings.

    What is begun at the end and goes on behind these lines is left out. None where any record is something else
    than `width` cells, bare or quoted from end to end: blank, of another width, with a stray quote or blanks
    before a cell, or so long that a cell might be too long. The columns then hold what Python's csv module reads,
    strictly.
    """
    quotes = np.fromiter((line.count('"') for line in lines), dtype=np.int64, count=len(lines))
    ends = np.flatnonzero(np.cumsum(quotes) % 2 == 0) + 1  # where no quote is open
    if not len(ends):
        return None
    starts, count = np.append(0, ends[:-1]), int(ends[-1])
    lengths = np.fromiter(map(len, lines[:count]), dtype=np.int64, count=count)
    if np.add.reduceat(lengths, starts).max() > LONGEST:
        return None
    columns = _split(lines[:count], delimiter, width)
    return None if columns is None or len(columns[0]) != len(starts) else Records(columns, starts, count)


def _split(lines: Sequence[str], delimiter: str, width: int) -> list[pa.Array] | None:
    text = "".join(lines)
    if not text.endswith("\n"):
        text += "\n"
    data = text.encode()
    whole = pa.array([data], type=pa.binary()).cast(pa.string())
    if text[0] == "\ufeff" or not pc.match_substring_regex(whole, _plan(delimiter))[0].as_py():
        return None
    names = [str(place) for place in range(width)]
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(data),
            pa_csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
            pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        )
    except pa.ArrowInvalid:  # a record of another width
        return None
    return [column.combine_chunks() for column in table.columns]


@lru_cache
def _plan(delimiter: str) -> str:
    """Of a text in which every record is cells, bare or quoted from end to end."""
    cell = rf'(?:"(?:[^"]|"")*"|[^ "\n{delimiter}][^"\n{delimiter}]*|)'
    return rf"\A(?:{cell}(?:[{delimiter}]{cell})*\n)+\z"
