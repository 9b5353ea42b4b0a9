"""A text file as blocks of records: each with the physical line it starts on, in bounded memory.

A block is at most `ROWS` records or about `CHARS` characters. A cell longer than 131,072 characters
(the limit of Python's csv module) or a line longer than `LONGEST_LINE` makes the file unreadable.
"""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np
import pyarrow as pa

from backline.reports.format import Refused

ROWS: Final = 65_536
CHARS: Final = 4_000_000
LONGEST_LINE: Final = 1 << 18
MOST_COLUMNS: Final = 2_000
_SPLIT_MEND = "Open the file in a text editor, close the open quote or remove the damaged part."
Lines = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(slots=True)
class Block:
    """Rows of one width, column by column, and the rows that do not have that width.

    `columns`: folded name to an Arrow array or to a sequence of texts. `lines`: int64, one per row.
    `broken`: (line, cells or None where the quotes are broken).
    """

    columns: dict[str, Any]
    lines: Lines
    broken: list[tuple[int, list[str] | None]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.lines)

    def column(self, name: str) -> pa.Array:
        """One column as an Arrow array; texts as strings."""
        found = self.columns[name]
        if not isinstance(found, pa.Array):
            found = self.columns[name] = pa.array(found, type=pa.string())
        return found

    def cells(self, row: int) -> list[str]:
        """All cells of a row as text, trimmed."""
        return [self.cell(name, row) for name in self.columns]

    def cell(self, name: str, row: int) -> str:
        """One cell as text, trimmed."""
        return _as_text(self.columns[name][row]).strip()


def _as_text(cell: Any) -> str:
    value = cell.as_py() if isinstance(cell, pa.Scalar) else cell
    return "" if value is None else str(value)


class TextRecords:
    """The records behind a header. May be read several times; `done` is how many bytes were read at most."""

    def __init__(self, path: Path, encoding: str, delimiter: str, names: Sequence[str], skip: int) -> None:
        self._path, self._encoding, self._delimiter = path, encoding, delimiter
        self._names, self._skip = list(names), skip
        self._least = max((place for place, name in enumerate(names, start=1) if name), default=1)
        self.done = 0
        self.size = path.stat().st_size

    def blocks(self) -> Iterator[Block]:
        """Every block from the start. Raises `Refused` where the structure cannot be read."""
        with self._path.open("rb") as raw:
            text = io.TextIOWrapper(raw, encoding=self._encoding, newline=None)
            feed = _Feed(text)
            reader = csv.reader(feed, delimiter=self._delimiter, strict=True, skipinitialspace=True)
            for _ in self._take(reader, feed, self._skip):
                pass
            while True:
                feed.spent = 0
                rows = list(self._take(reader, feed, ROWS))
                self.done = max(self.done, raw.tell())
                if not rows:
                    return
                yield self._make_block(rows)

    def _take(self, reader: Any, feed: _Feed, most: int) -> Iterator[tuple[int, list[str] | None]]:
        """(line, cells) of the next records; blank ones are counted but left out of blocks later."""
        for _ in range(most):
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self._judge(error, line, reader.line_num)
                cells = None
            except UnicodeError as error:
                raise Refused(
                    "encoding", f"The text breaks off behind line {line}.", "Save the file as UTF-8."
                ) from error
            yield line, cells
            if feed.spent > CHARS:
                return

    def _judge(self, error: csv.Error, line: int, last: int) -> None:
        """A sloppy quote costs one row. A quote that swallows lines, or a giant cell, costs the file."""
        words = str(error)
        if "limit" in words:
            raise Refused(
                "giant_cell", f"Line {line} holds a cell longer than 131,072 characters.", _SPLIT_MEND
            )
        if "end of data" in words or last > line:
            raise Refused("open_quote", f"The quote opened on line {line} is never closed.", _SPLIT_MEND)

    def _make_block(self, rows: list[tuple[int, list[str] | None]]) -> Block:
        width = len(self._names)
        good_lines: list[int] = []
        good: list[list[str]] = []
        broken: list[tuple[int, list[str] | None]] = []
        for line, cells in rows:
            if cells is not None and len(cells) == width:
                good_lines.append(line)
                good.append(cells)
            elif cells is None:
                broken.append((line, None))
            elif any(cell.strip() for cell in cells):
                self._fit(line, cells, good_lines, good, broken)
        # Of two columns of one name the first is meant; a layout that needs such a name was refused before.
        cells_by_place = list(zip(*good, strict=True)) if good else [()] * width
        columns = {name: cells_by_place[place] for place, name in reversed(list(enumerate(self._names)))}
        return Block(columns, np.array(good_lines, dtype=np.int64), broken)

    def _fit(
        self, line: int, cells: list[str], lines: list[int], good: list[list[str]], broken: list[Any]
    ) -> None:
        """Empty cells behind the last named column do no harm, nor does their lack; other widths do."""
        width = len(self._names)
        if len(cells) >= self._least and not any(cell.strip() for cell in cells[width:]):
            lines.append(line)
            good.append([*cells[:width], *[""] * (width - len(cells))])
        else:
            broken.append((line, cells))


class _Feed:
    """Lines for the csv reader, which counts on a bounded length."""

    def __init__(self, text: TextIO) -> None:
        self._readline: Callable[[int], str] = text.readline
        self.spent = 0
        self._number = 0

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = self._readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        self._number += 1
        size = len(line)
        self.spent += size
        if size == LONGEST_LINE and not line.endswith("\n"):
            raise Refused(
                "endless_line",
                f"Line {self._number} is longer than {LONGEST_LINE:,} characters.",
                _SPLIT_MEND,
            )
        if self.spent > 3 * CHARS:
            raise Refused("giant_row", f"The row before line {self._number} has no end.", _SPLIT_MEND)
        return line


def read_head(path: Path, encoding: str, most: int = 1 << 16) -> str:
    """The first characters of a text, cut at the end of a line where there is one."""
    with path.open("r", encoding=encoding, errors="replace", newline=None) as file:
        text = file.read(most)
    return text if len(text) < most else text[: text.rfind("\n") + 1] or text


def split_head(text: str, delimiter: str, most: int = 40) -> list[list[str]]:
    """The first records of a head, blank ones included; a broken quote ends them."""
    found: list[list[str]] = []
    with contextlib.suppress(csv.Error):
        found.extend(islice(csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True), most))
    return found
