"""Lines of a text with quotes into columns at once, where every quote is in order and no cell spans lines."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv


def split_quoted(lines: Sequence[str], delimiter: str, width: int) -> list[pa.Array] | None:
    """The cells of these lines, given with their ends, as `width` columns of strings.

    None where any line is something else than `width` cells, bare or quoted from end to end: blank, of
    another width, with a cell that goes on in the next line, with a stray quote or blanks before a cell.
    The columns then hold what Python's csv module reads, strictly.
    """
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
            pa_csv.ParseOptions(delimiter=delimiter),
            pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        )
    except pa.ArrowInvalid:  # a line of another width
        return None
    if table.num_rows != len(lines):  # it passes over blank lines
        return None
    return [column.combine_chunks() for column in table.columns]


@lru_cache
def _plan(delimiter: str) -> str:
    """Of a text in which every line is cells, bare or quoted from end to end."""
    cell = rf'(?:"(?:[^"\n]|"")*"|[^ "\n{delimiter}][^"\n{delimiter}]*|)'
    return rf"\A(?:{cell}(?:[{delimiter}]{cell})*\n)+\z"
