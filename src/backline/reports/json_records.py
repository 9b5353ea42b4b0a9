"""A list of JSON objects, one after the other, in bounded memory: the record's number stands for a line."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TextIO

from backline.reports.format import Refused

CHARS: Final = 1 << 18
LONGEST: Final = 1 << 16  # characters of one object; a play has about 1,000
_SPACE: Final = " \t\r\n"
_MEND: Final = "Download it again, or ask for it again."
Record = dict[str, Any]


class JsonRecords:
    """The objects of a file. `done` of `size` bytes are read."""

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name
        self._decoder = json.JSONDecoder(parse_float=float, parse_constant=lambda _: None)
        self.done = 0
        self.size = path.stat().st_size

    def read(self) -> Iterator[Record]:
        """Every object from the start. Raises `Refused` where the list is damaged or an object has no end."""
        with self._path.open("rb") as raw:
            text = io.TextIOWrapper(raw, encoding="utf-8-sig", newline=None)
            try:
                for record in self._scan(text):
                    self.done = max(self.done, raw.tell())
                    yield record
            except UnicodeDecodeError as error:
                raise Refused("encoding", f"{self._name} is not UTF-8.", _MEND) from error
        self.done = self.size

    def _scan(self, text: TextIO) -> Iterator[Record]:
        held, place, number = text.read(CHARS), 0, 0
        place = _skip(held, place) + 1  # behind the bracket
        while True:
            if len(held) - place < LONGEST and (more := text.read(CHARS)):
                held, place = held[place:] + more, 0
            place = _skip(held, place)
            if held[place : place + 1] == "]":
                return
            if number:
                if held[place : place + 1] != ",":
                    raise self._damaged(number)
                place = _skip(held, place + 1)
            record, place = self._decode(held, place, number + 1)
            number += 1
            yield record

    def _decode(self, held: str, place: int, number: int) -> tuple[Record, int]:
        try:
            record, end = self._decoder.raw_decode(held[place : place + LONGEST])
        except (ValueError, RecursionError) as error:  # a number of thousands of digits is a ValueError, too
            if len(held) - place >= LONGEST:
                words = f"Record {number} is longer than {LONGEST:,} characters, or damaged."
                raise Refused("giant_row", words, _MEND) from error
            raise self._damaged(number) from error
        if not isinstance(record, dict):
            raise Refused("json", f"Record {number} of {self._name} is no object.", _MEND)
        return record, place + end

    def _damaged(self, number: int) -> Refused:
        return Refused("broken", f"{self._name} breaks off or is damaged at record {number}.", _MEND)


def _skip(text: str, place: int) -> int:
    while place < len(text) and text[place] in _SPACE:
        place += 1
    return place
