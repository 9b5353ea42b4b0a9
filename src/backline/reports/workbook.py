"""The first sheet of an XLSX workbook as blocks of records, in bounded memory.

A workbook is a zip archive: what its members say of their sizes is held against a limit before one is
read, and no member yields more than it says. The texts of all sheets (sharedStrings) are held in memory,
so they have a limit of their own. A row of a sheet is held in memory as well: no row and no text in it may
have no end. What a sheet says of its dimensions is not believed.

A number of a workbook is a binary fraction; it is taken by the 15 digits that spreadsheets show.
"""

from __future__ import annotations

import importlib
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np

from backline.reports.format import Refused
from backline.reports.numbers import show_float
from backline.reports.records import MOST_COLUMNS, ROWS, Block, Strided

MOST_BYTES: Final = 1 << 30  # of all members, unpacked
MOST_TEXTS: Final = 64 << 20  # of the member with the texts
MOST_ROWS: Final = 1_048_576  # what a sheet can have
MOST_CELL: Final = 32_767  # characters, what a cell can hold
MOST_TEXT: Final = 1 << 18  # bytes of XML without a tag
MOST_ROW: Final = 4 << 20  # bytes of XML of a row
_CHUNK: Final = 1 << 18
CELLS: Final = 400_000  # of one block
HEAD: Final = 40
_TEXTS = ("xl/sharedstrings.xml", "xl/styles.xml", "xl/workbook.xml", "[content_types].xml")
_MEND: Final = "Open it, save its first sheet as CSV (UTF-8), and import that."
_BROKEN: Final = (
    zipfile.BadZipFile,
    SyntaxError,  # what readers of XML raise
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    EOFError,
    NotImplementedError,  # zipfile's word for a format version or a compression method that it lacks
    OSError,
)


def read_sheet_head(path: Path, name: str) -> list[list[str]]:
    """The first rows as texts, without the empty cells at their ends. Raises `Refused`."""
    check_members(path, name)
    with _open_rows(path, name, MOST_COLUMNS) as rows:
        return [strip_end(row) for row in islice(rows, HEAD)]


class WorkbookRecords:
    """The records behind a header. A record's line is the number of its row in the sheet."""

    def __init__(self, path: Path, name: str, names: Sequence[str], skip: int) -> None:
        self._path, self._name, self._names, self._skip = path, name, list(names), skip
        self.done = 0
        self.delimiter = ""
        self.size = path.stat().st_size

    def blocks(self) -> Iterator[Block]:
        """Every block from the start. Raises `Refused` where the workbook cannot be read."""
        width = len(self._names)
        most = max(1, min(ROWS, CELLS // width))
        with _open_rows(self._path, self._name, width + 1) as rows:
            numbered = islice(enumerate(rows, start=1), self._skip, None)
            while taken := list(islice(numbered, most)):
                filled = [(line, row) for line, row in taken if any(row)]
                good = [(line, row[:width]) for line, row in filled if len(row) <= width or not row[width]]
                broken = [(line, row) for line, row in filled if len(row) > width and row[width]]
                yield self._make_block(good, broken)
        self.done = self.size

    def _make_block(self, good: list[tuple[int, list[str]]], broken: list[Any]) -> Block:
        width = len(self._names)
        flat = [cell for _, row in good for cell in (*row, *[""] * (width - len(row)))]
        columns: dict[str, Any] = {}
        for place, name in enumerate(self._names):
            columns.setdefault(name, Strided(flat, place, width))
        return Block(columns, np.array([line for line, _ in good], dtype=np.int64), broken)


def check_members(path: Path, name: str) -> None:
    """Raises `Refused` where the members are more than may be unpacked, or a row of a sheet has no end."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_sizes(members, name)
            for item in members:
                if item.filename.lower().startswith("xl/worksheets/"):
                    _check_sheet(archive, item, name)
    except Refused:
        raise
    except _BROKEN as error:
        raise Refused("broken", f"{name} is not a readable workbook.", "Download it again.") from error


def _check_sizes(members: Sequence[zipfile.ZipInfo], name: str) -> None:
    texts = max((item.file_size for item in members if item.filename.lower() in _TEXTS), default=0)
    size = sum(item.file_size for item in members)
    if size > MOST_BYTES or texts > MOST_TEXTS or len(members) > 10_000:
        raise Refused("too_large", f"{name} is too large for a workbook that is read here.", _MEND)


def _check_sheet(archive: zipfile.ZipFile, item: zipfile.ZipInfo, name: str) -> None:
    """One look through a sheet's bytes: how long its texts and its rows are at most."""
    text = row = 0
    with archive.open(item) as file:
        while chunk := file.read(_CHUNK):
            runs = [len(part) for part in chunk.split(b"<")]
            rows = [len(part) for part in chunk.split(b"<row")]
            longest, longest_row = max(text + runs[0], *runs), max(row + rows[0], *rows)
            text = runs[-1] + (text if len(runs) == 1 else 0)
            row = rows[-1] + (row if len(rows) == 1 else 0)
            if longest > MOST_TEXT or longest_row > MOST_ROW:
                raise Refused("giant_row", f"A row or a text of {name} has no end.", _MEND)


@contextmanager
def _open_rows(path: Path, name: str, width: int) -> Iterator[Iterator[list[str]]]:
    """The rows of the first sheet as texts, at most `width` cells each."""
    book: Any = None
    try:
        with path.open("rb") as file:
            # By name: every import looks into this folder, and few of them bring a workbook.
            load = importlib.import_module("openpyxl").load_workbook
            book = load(file, read_only=True, data_only=True, keep_links=False)
            sheet = book.worksheets[0]
            sheet.reset_dimensions()
            yield _read_rows(sheet, name, width)
    except Refused:
        raise
    except _BROKEN as error:
        words = f"{name} cannot be read as a workbook: {str(error)[:200] or type(error).__name__}."
        raise Refused("broken", words, f"Download it again. Or: {_MEND}") from error
    finally:
        if book is not None:
            book.close()


def _read_rows(sheet: Any, name: str, width: int) -> Iterator[list[str]]:
    for number, row in enumerate(sheet.iter_rows(max_col=width, values_only=True), start=1):
        if number > MOST_ROWS:
            raise Refused("too_many_rows", f"{name} has more rows than a sheet can have.", _MEND)
        yield [show_cell(cell) for cell in row]


def show_cell(value: Any) -> str:
    """A cell as the text that a CSV of it would hold. A fraction of three digits gets a zero behind: it is no thousand."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        text = show_float(value)
        return f"{text}0" if len(text.partition(".")[2]) == 3 else text
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)[: MOST_CELL + 1].strip()


def strip_end(row: list[str]) -> list[str]:
    """Without the empty cells at the end."""
    while row and not row[-1]:
        row = row[:-1]
    return row
