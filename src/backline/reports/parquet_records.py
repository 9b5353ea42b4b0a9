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
from backline.reports.header import fold_name
from backline.reports.parquet_pages import find_largest_page
from backline.reports.records import MOST_COLUMNS, ROWS, Block

MOST_FOOTER: Final = 8 << 20
MOST_GROUP: Final = 192 << 20  # unpacked bytes of the columns that are read, of one row group
MOST_PAGE: Final = 32 << 20
_REWRITE = "Write it again with smaller row groups (at most a million rows), or as CSV."


def _open(path: Path, name: str) -> pq.ParquetFile:
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
            path, thrift_string_size_limit=MOST_FOOTER, thrift_container_size_limit=200_000, pre_buffer=False
        )
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Refused(
            "broken", f"{name} is not a readable Parquet file: {str(error)[:200]}", _REWRITE
        ) from error


def read_names(path: Path, name: str) -> dict[str, str]:
    """Folded name of each top-level column to its name as written. Raises `Refused`."""
    with _open(path, name) as file:
        written = file.schema_arrow.names
    if len(written) > MOST_COLUMNS:
        raise Refused("too_many_columns", f"{name} has {len(written):,} columns.", "Keep those that matter.")
    names: dict[str, str] = {}
    for column in written:
        folded = fold_name(column)
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
        self.size = path.stat().st_size
        with _open(path, name) as file:
            self._read_as_words = self._check(file)

    def _check(self, file: pq.ParquetFile) -> list[str]:
        """Types and sizes. Returns the columns of texts, which are read dictionary-encoded."""
        words = []
        for folded, written in self._columns.items():
            kind = file.schema_arrow.field(written).type
            if pa.types.is_dictionary(kind):
                kind = kind.value_type
            if pa.types.is_string(kind) or pa.types.is_large_string(kind):
                words.append(written)
            elif not _is_plain(kind):
                raise Refused(
                    "bad_type", f"Column {folded!r} has type {kind}.", "Write it as text, number or date."
                )
        wanted = set(self._columns.values())
        for number in range(file.metadata.num_row_groups):
            self._check_group(file.metadata.row_group(number), wanted, number)
        return words

    def _check_group(self, group: Any, wanted: set[str], number: int) -> None:
        total = 0
        for index in range(group.num_columns):
            chunk = group.column(index)
            if chunk.path_in_schema not in wanted:
                continue
            start = chunk.data_page_offset
            if chunk.has_dictionary_page and chunk.dictionary_page_offset:
                start = min(start, chunk.dictionary_page_offset)
            if (
                start < 4
                or start + chunk.total_compressed_size > self.size
                or chunk.total_compressed_size < 0
            ):
                raise Refused(
                    "broken", f"Row group {number} points outside the file.", "Write the file again."
                )
            largest, unpacked = find_largest_page(self._path, start, chunk.total_compressed_size)
            total += max(unpacked, chunk.total_uncompressed_size)
            if largest > MOST_PAGE:
                raise Refused(
                    "giant_page", f"Row group {number} has a page of {largest >> 20:,} MB.", _REWRITE
                )
        if total > MOST_GROUP:
            raise Refused("giant_row_group", f"Row group {number} unpacks to {total >> 20:,} MB.", _REWRITE)

    def blocks(self) -> Iterator[Block]:
        """Every block from the start."""
        first = 1
        with _open(self._path, self._name) as plain:
            count = max(1, plain.metadata.num_rows)
        file = pq.ParquetFile(self._path, read_dictionary=self._read_as_words, pre_buffer=False)
        with file:
            batches = file.iter_batches(ROWS, columns=list(self._columns.values()), use_threads=False)
            while (batch := self._next(batches)) is not None:
                columns = {folded: _plain(batch.column(written)) for folded, written in self._columns.items()}
                lines = np.arange(first, first + batch.num_rows, dtype=np.int64)
                first += batch.num_rows
                self.done = max(self.done, min(self.size, self.size * (first - 1) // count))
                yield Block(columns, lines)

    def _next(self, batches: Iterator[pa.RecordBatch]) -> pa.RecordBatch | None:
        try:
            return next(batches, None)
        except (pa.ArrowException, OSError, ValueError, UnicodeError) as error:
            raise Refused(
                "broken", f"{self._name} cannot be unpacked: {str(error)[:200]}", _REWRITE
            ) from error


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
    """Times as days in UTC, decimals and odd texts in the types that the rest of the room knows."""
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date64(kind):
        return (
            pc.floor_temporal(column, unit="day").cast(pa.date32())
            if pa.types.is_timestamp(kind)
            else column.cast(pa.date32())
        )
    if pa.types.is_null(kind):
        return column.cast(pa.string())
    if pa.types.is_dictionary(kind) and not pa.types.is_string(kind.value_type):
        return column.cast(pa.dictionary(pa.int32(), pa.string()))
    if pa.types.is_large_string(kind):
        return column.cast(pa.string())
    return column
