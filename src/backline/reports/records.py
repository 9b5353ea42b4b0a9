"""A text file as blocks of records: each with the physical line it starts on, in bounded memory.

A block is at most `ROWS` records or about `CHARS` characters. A file without a single quote is split by
columns (one step per block, not per row), and so is a block whose quotes are all in order, with cells of
several lines or without; any other goes
through Python's csv module, strictly. A cell or a line longer than `LONGEST` characters makes the file
unreadable.
"""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from backline.reports.content import TextContent
from backline.reports.format import Refused
from backline.reports.quoted import LONGEST, split_quoted

ROWS: Final = 65_536
CHARS: Final = 2_000_000
TAIL: Final = 64  # lines of a record whose end is yet to be read
MOST_COLUMNS: Final = 2_000
_MEND: Final = "Open the file in a text editor and remove the damaged part."
Lines = np.ndarray[Any, np.dtype[np.int64]]
Broken = tuple[int, list[str] | None]


@dataclass(frozen=True, slots=True)
class Strided:
    """One column of rows that lie flat, one row behind the other."""

    flat: Any  # list of texts, or an Arrow array of strings
    place: int
    width: int

    def __getitem__(self, row: int) -> Any:
        return self.flat[row * self.width + self.place]

    def array(self) -> pa.Array:
        """As an Arrow array of strings."""
        if isinstance(self.flat, list):
            return pa.array(self.flat[self.place :: self.width], type=pa.string())
        return self.flat.take(pa.array(np.arange(self.place, len(self.flat), self.width)))


@dataclass(slots=True)
class Block:
    """Rows of one width, column by column, and the rows that do not have that width.

    `columns`: folded name to an Arrow array or a `Strided`. `lines`: int64, one per row.
    `broken`: (line, cells or None where the quotes are broken).
    """

    columns: dict[str, Any]
    lines: Lines
    broken: list[Broken] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.lines)

    def column(self, name: str) -> pa.Array:
        """One column as an Arrow array; texts as strings."""
        found = self.columns[name]
        if isinstance(found, Strided):
            found = self.columns[name] = found.array()
        return found

    def cells(self, row: int) -> list[str]:
        """All cells of a row as text, trimmed."""
        return [self.cell(name, row) for name in self.columns]

    def cell(self, name: str, row: int) -> str:
        """One cell as text, trimmed."""
        cell = self.columns[name][row]
        value = cell.as_py() if isinstance(cell, pa.Scalar) else cell
        return "" if value is None else str(value).strip()


class TextRecords:
    """The records behind a header. May be read several times; `done` is how many bytes were read at most."""

    def __init__(
        self, path: Path, content: TextContent, delimiter: str, names: Sequence[str], skip: int
    ) -> None:
        self._path, self._content, self.delimiter = path, content, delimiter
        self._names, self._skip = list(names), skip
        self._least = max((place for place, name in enumerate(names, start=1) if name), default=1)
        self.done = 0
        self.size = path.stat().st_size

    def blocks(self) -> Iterator[Block]:
        """Every block from the start. Raises `Refused` where the structure cannot be read."""
        with self._path.open("rb") as raw:
            text = io.TextIOWrapper(raw, encoding=self._content.encoding, newline=None)
            read = self._read_quoted if self._content.has_quotes else self._read_plain
            try:
                for block in read(text):
                    self.done = max(self.done, raw.tell())
                    yield block
            except UnicodeError as error:
                raise Refused("encoding", "The text breaks off inside a character.", _MEND) from error
        self.done = self.size

    def _read_plain(self, text: TextIO) -> Iterator[Block]:
        """Blocks of a text without quotes: a record is a line."""
        first, skip = 1, self._skip
        while chunk := text.read(CHARS):
            chunk += text.readline(LONGEST)
            lines = chunk.removesuffix("\n").split("\n")
            if max(map(len, lines)) >= LONGEST:
                raise _endless_line(first + max(range(len(lines)), key=lambda place: len(lines[place])))
            passed, skip = min(skip, len(lines)), max(0, skip - len(lines))
            for start in range(passed, len(lines), ROWS):
                yield self._split_lines(lines[start : start + ROWS], first + start)
            first += len(lines)

    def _split_lines(self, lines: list[str], first: int) -> Block:
        width = len(self._names)
        texts = pa.array(lines, type=pa.string())
        cells = pc.split_pattern(texts, self.delimiter)
        fits = pc.list_value_length(cells).to_numpy(zero_copy_only=False) == width
        numbers = np.arange(first, first + len(lines), dtype=np.int64)
        if fits.all():
            return self._make_block(cells.flatten(), numbers, [])
        filled = pc.not_equal(pc.utf8_trim_whitespace(texts), "").to_numpy(zero_copy_only=False)
        places = np.flatnonzero(~fits & filled).tolist()
        odd = ((first + place, lines[place].split(self.delimiter)) for place in places)
        padded, broken = self._judge_widths(odd)
        flat = cells.filter(pa.array(fits)).flatten()
        if padded:
            more = [cell for _, row in padded for cell in row or ()]
            flat = pa.concat_arrays([flat, pa.array(more, type=pa.string())])
        numbers = np.r_[numbers[fits], np.array([line for line, _ in padded], dtype=np.int64)]
        return self._make_block(flat, numbers, broken)

    def _read_quoted(self, text: TextIO) -> Iterator[Block]:
        """Blocks of a text with quotes, inside which a record may span lines."""
        feed = _Feed(text)
        reader = csv.reader(feed, delimiter=self.delimiter, strict=True, skipinitialspace=True)
        skip = self._skip
        while skip and (passed := self._take(reader, feed, skip)):
            skip -= len(passed)
        while lines := feed.peek():
            records = split_quoted(lines, self.delimiter, len(self._names))
            if records is None:
                yield self._arrange(self._take(reader, feed, ROWS))
                continue
            numbers = feed.number + 1 + records.starts
            feed.drop(records.height)
            yield Block(self._name_columns(records.columns), numbers)

    def _take(self, reader: Any, feed: _Feed, most: int) -> list[Broken]:
        """(line, cells) of the next records, blank ones included."""
        found: list[Broken] = []
        feed.spent = 0
        line = feed.number + 1
        while len(found) < most and feed.spent <= CHARS:
            try:
                for cells in reader:
                    found.append((line, cells))
                    line = feed.number + 1
                    if feed.spent > CHARS or len(found) >= most:
                        break
                else:
                    return found
            except csv.Error as error:
                _judge_error(error, line, feed.number)
                found.append((line, None))
                line = feed.number + 1
        return found

    def _arrange(self, records: list[Broken]) -> Block:
        width = len(self._names)
        good = [item for item in records if item[1] is not None and len(item[1]) == width]
        broken: list[Broken] = []
        if len(good) < len(records):
            odd = (item for item in records if item[1] is None or len(item[1]) != width)
            padded, broken = self._judge_widths(odd)
            good += padded
        flat = list(chain.from_iterable(cells for _, cells in good if cells is not None))
        return self._make_block(flat, np.array([line for line, _ in good], dtype=np.int64), broken)

    def _judge_widths(self, odd: Iterator[Broken]) -> tuple[list[Broken], list[Broken]]:
        """Empty cells behind the last named column do no harm, nor does their lack; other widths do."""
        width = len(self._names)
        padded: list[Broken] = []
        broken: list[Broken] = []
        for line, cells in odd:
            if cells is not None and not any(map(str.strip, cells)):
                continue
            if cells is not None and len(cells) >= self._least and not any(map(str.strip, cells[width:])):
                padded.append((line, [*cells[:width], *[""] * (width - len(cells))]))
            else:
                broken.append((line, cells))
        return padded, broken

    def _make_block(self, flat: Any, lines: Lines, broken: list[Broken]) -> Block:
        width = len(self._names)
        columns = [Strided(flat, place, width) for place in range(width)]
        return Block(self._name_columns(columns), lines, broken)

    def _name_columns(self, columns: Sequence[Any]) -> dict[str, Any]:
        # Of two columns of one name the first is meant; a layout that needs such a name was refused before.
        named: dict[str, Any] = {}
        for name, column in zip(self._names, columns, strict=True):
            named.setdefault(name, column)
        return named


class _Feed:
    """Lines for the csv reader, which counts on a bounded length; they may be looked at before."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._ahead: list[str] = []
        self._place = 0  # in `_ahead`
        self.spent = 0  # characters that the csv reader took
        self.number = 0  # of the last line that was taken or dropped

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if self._place >= len(self._ahead):
            self._fill()
        line = self._ahead[self._place]
        self.drop(1)
        self.spent += len(line)
        if self.spent > 3 * CHARS:
            raise Refused("giant_row", f"The row before line {self.number} has no end.", _MEND)
        return line

    def peek(self) -> list[str]:
        """Some of the next lines, with their ends; none where there are no more."""
        if len(self._ahead) - self._place <= TAIL:
            with contextlib.suppress(StopIteration):
                self._fill()
        return self._ahead[self._place : self._place + ROWS]

    def drop(self, count: int) -> None:
        """So many lines are done with."""
        self._place += count
        self.number += count

    def _fill(self) -> None:
        chunk = self._text.read(CHARS)
        chunk += self._text.readline(LONGEST)
        more = io.StringIO(chunk, newline="\n").readlines()
        if not more:
            raise StopIteration
        left = self._ahead[self._place :]
        lengths = list(map(len, more))
        if max(lengths) >= LONGEST:
            place = next(place for place, length in enumerate(lengths) if length >= LONGEST)
            raise _endless_line(self.number + len(left) + place + 1)
        self._ahead, self._place = [*left, *more], 0


def _endless_line(line: int) -> Refused:
    return Refused("endless_line", f"Line {line} is longer than {LONGEST:,} characters.", _MEND)


def _judge_error(error: csv.Error, line: int, last: int) -> None:
    """A sloppy quote costs one row. A quote that swallows lines, or a giant cell, costs the file."""
    words = str(error)
    if "limit" in words:
        raise Refused("giant_cell", f"Line {line} holds a cell longer than {LONGEST:,} characters.", _MEND)
    if "end of data" in words or last > line:
        raise Refused(
            "open_quote", f"The quote opened on line {line} is not closed.", f"Close it there. {_MEND}"
        )


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
