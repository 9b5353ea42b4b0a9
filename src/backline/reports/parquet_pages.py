"""Sizes of the pages of a Parquet column chunk, read from the page headers (Thrift compact protocol).

The footer may claim anything; what is unpacked is what a page's own header says. Source of the layout:
parquet-format, `src/main/thrift/parquet.thrift`, struct PageHeader (fields 1 type, 2 uncompressed_page_size,
3 compressed_page_size).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from backline.reports.format import Refused

_HEADER: Final = 1 << 16
_MOST_PAGES: Final = 200_000
_STRUCT, _STOP = 12, 0


def find_largest_page(path: Path, start: int, size: int) -> tuple[int, int]:
    """(unpacked size of the largest page, of all pages) of a chunk. Raises `Refused` where it is broken."""
    largest = total = 0
    place, end = start, start + size
    with path.open("rb") as file:
        for _ in range(_MOST_PAGES):
            if place >= end:
                return largest, total
            file.seek(place)
            unpacked, packed, length = _read_page_header(file.read(min(_HEADER, end - place)))
            if packed < 0 or unpacked < 0 or place + length + packed > end:
                break
            largest, total = max(largest, unpacked), total + unpacked
            place += length + packed
    raise Refused("broken", "A page of the Parquet file points outside its column.", "Write the file again.")


def _read_page_header(data: bytes) -> tuple[int, int, int]:
    """(uncompressed size, compressed size, length of the header)."""
    reader = _Compact(data)
    sizes = {2: -1, 3: -1}
    try:
        for field, kind in reader.fields():
            if field in sizes and kind == 5:
                sizes[field] = reader.zigzag()
            else:
                reader.skip(kind)
    except (IndexError, RecursionError) as error:
        raise Refused(
            "broken", "A page header of the Parquet file cannot be read.", "Write the file again."
        ) from error
    return sizes[2], sizes[3], reader.place


class _Compact:
    """Just enough of Thrift's compact protocol to walk over a struct."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.place = 0

    def byte(self) -> int:
        value = self.data[self.place]
        self.place += 1
        return value

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
            if shift > 70:
                raise IndexError(shift)

    def zigzag(self) -> int:
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def fields(self) -> _Fields:
        return _Fields(self)

    def skip(self, kind: int, depth: int = 0) -> None:
        """Step over a value of a compact type."""
        if depth > 16:
            raise IndexError(depth)
        if kind in (1, 2):  # true and false live in the field's own byte
            return
        if kind == 3:
            self.place += 1
        elif kind in (4, 5, 6):
            self.varint()
        elif kind == 7:
            self.place += 8
        elif kind == 8:
            length = self.varint()
            self.place += length
        elif kind in (9, 10):
            self._skip_list(depth)
        elif kind == _STRUCT:
            for _, inner in self.fields():
                self.skip(inner, depth + 1)
        else:
            raise IndexError(kind)
        if self.place > len(self.data):
            raise IndexError(self.place)

    def _skip_list(self, depth: int) -> None:
        head = self.byte()
        count = head >> 4 if head >> 4 < 15 else self.varint()
        if count > len(self.data):
            raise IndexError(count)
        for _ in range(count):
            self.skip(head & 15 if head & 15 not in (1, 2) else 3, depth + 1)


class _Fields:
    """(field number, compact type) of the fields of the struct at the reader's place."""

    def __init__(self, reader: _Compact) -> None:
        self._reader = reader
        self._field = 0

    def __iter__(self) -> _Fields:
        return self

    def __next__(self) -> tuple[int, int]:
        head = self._reader.byte()
        if head == _STOP:
            raise StopIteration
        delta = head >> 4
        self._field = self._field + delta if delta else self._reader.zigzag()
        return self._field, head & 15
