"""A Parquet file as blocks of records. What it claims about its sizes is checked before a page is unpacked."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from backline.reports.format import Refused
from backline.reports.header import fold_column
from backline.reports.parquet_pages import find_largest_page
from backline.reports.quoted import LONGEST
from backline.reports.records import MOST_COLUMNS, ROWS, Block

MOST_FOOTER: Final = 8 << 20
MOST_GROUP: Final = 192 << 20  # unpacked bytes of the columns that are read, of one row group
MOST_PAGE: Final = 32 << 20
MOST_BATCH: Final = 64 << 20  # bytes of text that a dictionary may blow up to
MOST_WORD: Final = 4_000  # bytes; far longer than any name that is accepted
_REWRITE = "Write it again with smaller row groups (at most a million rows), or as CSV."


def _open(path: Path, name: str, words: Sequence[str] = ()) -> pq.ParquetFile:
    """`words`: columns of texts, which stay dictionary-encoded."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - 8))
        tail = file.read(8)
    if size < 12 or tail[4:] != b"PAR1":
        raise Refused("broken", f"{name} is a Parquet file that breaks off.", "Download it again.")
    if struct.unpack("<I", tail[:4])[0] > min(MOST_FOOTER, size - 12):
        raise Refused(
            "broken", f"{name} has a Parquet footer of an impossible size.", "Write the file again."
        )
    try:
        return pq.ParquetFile(
            path,
            read_dictionary=list(words),
            thrift_string_size_limit=MOST_FOOTER,
            thrift_container_size_limit=200_000,
            pre_buffer=False,
        )
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _broken(name, error) from error


def read_names(path: Path, name: str) -> dict[str, str]:
    """Folded name of each top-level column to its name as written. Raises `Refused`."""
    with _open(path, name) as file:
        written = file.schema_arrow.names
    if len(written) > MOST_COLUMNS:
        raise Refused("too_many_columns", f"{name} has {len(written):,} columns.", "Keep those that matter.")
    names: dict[str, str] = {}
    for column in written:
        folded = fold_column(column)
        if folded in names:
            raise Refused("ambiguous_header", f"There are two columns {folded!r}.", "Rename one of them.")
        names[folded] = column
    return names


class ParquetRecords:
    """The rows of some columns. `lines` of a block are record numbers, the first is 1."""

    def __init__(self, path: Path, name: str, names: dict[str, str], columns: Sequence[str]) -> None:
        self._path, self._name = path, name
        self._columns = {column: names[column] for column in columns}
        self.done = 0
        self.delimiter = ""
        self.size = path.stat().st_size
        with _open(path, name) as file:
            try:
                self._words = self._check(file)
            except (pa.ArrowException, OSError, ValueError, IndexError) as error:
                raise _broken(name, error) from error

    def _check(self, file: pq.ParquetFile) -> list[str]:
        """Types and sizes. Returns the columns of texts, which may be dictionary-encoded."""
        columns_of_words = []
        for folded, written in self._columns.items():
            kind = file.schema_arrow.field(written).type
            if pa.types.is_dictionary(kind):
                kind = kind.value_type
            if _is_words(kind):
                columns_of_words.append(written)
            elif not _is_plain(kind):
                raise Refused(
                    "bad_type", f"Column {folded!r} has type {kind}.", "Write it as text, number or date."
                )
        # By place: what a chunk calls itself need not be what the schema calls it.
        places = [place for place, path in enumerate(_list_paths(file)) if path in self._columns.values()]
        for number in _list_groups(file):
            group = file.metadata.row_group(number)
            total = sum(self._check_chunk(group.column(place), number) for place in places)
            if total > MOST_GROUP:
                words = f"Row group {number} unpacks to {total >> 20:,} MB."
                raise Refused("giant_row_group", words, _REWRITE)
        return columns_of_words

    def _check_chunk(self, chunk: Any, number: int) -> int:
        """How many bytes a column of a row group unpacks to."""
        start, size = chunk.data_page_offset, chunk.total_compressed_size
        if chunk.has_dictionary_page and chunk.dictionary_page_offset:
            start = min(start, chunk.dictionary_page_offset)
        if start < 4 or size < 0 or start + size > self.size:
            words = f"Row group {number} points outside the file."
            raise Refused("broken", words, "Write the file again.")
        largest, unpacked = find_largest_page(self._path, start, size)
        if largest > MOST_PAGE:
            words = f"Row group {number} has a page of {largest >> 20:,} MB."
            raise Refused("giant_page", words, _REWRITE)
        return int(max(unpacked, chunk.total_uncompressed_size))

    def blocks(self) -> Iterator[Block]:
        """Every block from the start."""
        first = 1
        with _open(self._path, self._name) as file:
            count = max(1, file.metadata.num_rows)
            for group in _list_groups(file):
                rows = self._choose_batch(group)
                batches = file.iter_batches(rows, [group], list(self._columns.values()), use_threads=False)
                while (columns := self._next(batches)) is not None:
                    size = len(next(iter(columns.values())))
                    yield Block(columns, np.arange(first, first + size, dtype=np.int64))
                    first += size
                    self.done = max(self.done, min(self.size, self.size * (first - 1) // count))

    def _choose_batch(self, group: int) -> int:
        """How many rows may be unpacked at once: a giant word of the dictionary may stand in each of them."""
        if not self._words:
            return ROWS
        with _open(self._path, self._name, self._words) as file:
            columns = self._next(file.iter_batches(1, [group], self._words, use_threads=False), self._words)
        longest = sum(_measure_words(column) for column in (columns or {}).values())
        return min(ROWS, MOST_BATCH // max(1, longest))

    def _next(self, batches: Iterator[pa.RecordBatch], raw: Sequence[str] = ()) -> dict[str, pa.Array] | None:
        """The columns of the next batch by folded name; those of `raw` names as they come."""
        try:
            batch = next(batches, None)
            if batch is None:
                return None
            if raw:
                return {written: batch.column(written) for written in raw}
            batch.validate(full=True)  # texts may be no UTF-8
            return {folded: _plain(batch.column(written)) for folded, written in self._columns.items()}
        except (pa.ArrowException, OSError, ValueError, UnicodeError) as error:
            raise _broken(self._name, error) from error


def _broken(name: str, error: Exception) -> Refused:
    return Refused("broken", f"{name} is not a readable Parquet file: {str(error)[:200]}", _REWRITE)


def _list_paths(file: pq.ParquetFile) -> list[str]:
    """Path of each column chunk in the schema, by place."""
    return [file.schema.column(place).path for place in range(len(file.schema))]


def _list_groups(file: pq.ParquetFile) -> list[int]:
    """Row groups with rows. What an empty one says of its pages means nothing: writers put zeros."""
    groups = range(file.metadata.num_row_groups)
    return [number for number in groups if file.metadata.row_group(number).num_rows]


def _is_words(kind: pa.DataType) -> bool:
    return any(test(kind) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view))


def _is_plain(kind: pa.DataType) -> bool:
    return any(
        test(kind)
        for test in (
            pa.types.is_integer,
            pa.types.is_floating,
            pa.types.is_decimal,
            pa.types.is_date,
            pa.types.is_timestamp,
            pa.types.is_null,
        )
    )


def _plain(column: pa.Array) -> pa.Array:
    """Times as days (of the zone that the column names), texts of every kind as strings."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        return pc.floor_temporal(column, unit="day").cast(pa.date32())
    if pa.types.is_date64(kind):
        return column.cast(pa.date32())
    if pa.types.is_null(kind):
        return column.cast(pa.string())
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
    if pa.types.is_string_view(column.type):
        column = column.cast(pa.string())
    return _clip(column) if _is_words(column.type) else column


def _measure_words(column: pa.Array) -> int:
    """Bytes of the longest word of a batch, or of its dictionary. Raises `Refused` where it is giant."""
    words = column.dictionary if pa.types.is_dictionary(column.type) else column
    longest = int(pc.max(pc.binary_length(words)).as_py() or 0)
    if longest > LONGEST:
        raise Refused(
            "giant_cell", f"A cell is longer than {LONGEST:,} bytes.", "Remove it and write the file again."
        )
    return longest


def _clip(words: pa.Array) -> pa.Array:
    """Giant words, cut: they are too long in any case, and every later step would copy them."""
    if _measure_words(words) > MOST_WORD:
        words = pc.utf8_slice_codeunits(words, 0, MOST_WORD // 4)
    return words.cast(pa.string())
