"""A file read once more from its start, for what one block of it cannot decide."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import pyarrow as pa

from backline.reports.currency_signs import drop_sign
from backline.reports.numbers import find_decimal_sign, is_ambiguous, is_empty, read_number
from backline.reports.records import Block


@dataclass(frozen=True, slots=True)
class Scan:
    """`blocks` reads the file anew. `delimiter` is what parts the cells of a text, else ""."""

    blocks: Callable[[], Iterator[Block]]
    delimiter: str = ""

    def list_words(self, column: str) -> Iterator[list[str]]:
        """The different texts of a column, block by block, trimmed."""
        for block in self.blocks():
            yield list_words(block.column(column))

    def find_signs(self, passed_over: Collection[str], counts: Collection[str]) -> dict[str, str]:
        """Column to decimal sign, of those that hold nothing but numbers and leave no choice.

        `counts` are columns of whole numbers: there a sign before three digits parts thousands.
        """
        found: dict[str, str] = {}
        others = set(passed_over)
        for block in self.blocks():
            for name in block.columns.keys() - others:
                numbers = _list_numbers(block.column(name))
                if numbers is None:
                    others.add(name)
                elif name not in found and (sign := _find_sign(numbers, whole=name in counts)):
                    found[name] = sign
        return {name: sign for name, sign in found.items() if name not in others}


def list_words(column: pa.Array) -> list[str]:
    """The different texts of a column, trimmed."""
    return [word.strip() for word in column.unique().to_pylist() if isinstance(word, str)]


def _list_numbers(column: pa.Array) -> list[str] | None:
    """The different numbers of a column of texts, None where anything else stands there."""
    if not pa.types.is_string(column.type):
        return None
    numbers = [drop_sign(word.rstrip(" %")) for word in list_words(column) if not is_empty(word)]
    are_read = (any(read_number(number, sign) is not None for sign in ".,") for number in numbers)
    return numbers if all(are_read) else None


def _find_sign(words: list[str], *, whole: bool) -> str | None:
    sign = find_decimal_sign(words, whole=whole)
    unclear = next(filter(is_ambiguous, words), None) if whole and sign is None else None
    return sign if unclear is None else "," if "." in unclear else "."
