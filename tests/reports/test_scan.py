"""What the rest of a file tells of the way its numbers are written."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

from backline.reports.records import Block
from backline.reports.scan import Scan


def scan(**columns: list[list[object]]) -> Scan:
    """A file of columns, each given block by block."""

    def blocks() -> Iterator[Block]:
        for parts in zip(*columns.values(), strict=True):
            arrays = {name: pa.array(part) for name, part in zip(columns, parts, strict=True)}
            yield Block(arrays, np.arange(len(parts[0])))

    return Scan(blocks)


def test_words_come_trimmed_block_by_block_and_anew() -> None:
    file = scan(a=[[" x", None], ["y", "y"]])
    assert list(file.list_words("a")) == list(file.list_words("a")) == [["x"], ["y"]]


@pytest.mark.parametrize(
    ("column", "sign"),
    [
        ([["1,234"], ["0.5"]], "."),
        ([["1,234"], ["$0,5"]], ","),
        ([["", "n/a"], ["85,5 %"]], ","),
        ([["1,234"], ["5"]], None),
        ([["0.5"], ["Volume 2"]], None),
        ([["1.5", "01.02.2026"]], None),
        ([[0.5], [0.5]], None),
    ],
)
def test_columns_of_numbers_tell_their_sign(column: list[list[object]], sign: str | None) -> None:
    assert scan(a=column, b=column).find_signs({"b"}, set()) == ({"a": sign} if sign else {})


def test_whole_numbers_part_their_thousands() -> None:
    assert scan(a=[["5"], ["1,250"]]).find_signs(set(), {"a"}) == {"a": "."}
    assert scan(a=[["5"], ["1.250"]]).find_signs(set(), {"a"}) == {"a": ","}
    assert scan(a=[["5"], ["1250"]]).find_signs(set(), {"a"}) == {}
