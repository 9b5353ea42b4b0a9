"""Blocks of quoted lines: the same cells as the csv module reads, or none."""

from __future__ import annotations

import csv
import io
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backline.reports.quoted import LONGEST, split_quoted


def read_rows(text: str, delimiter: str = ",", width: int = 2) -> list[list[str]] | None:
    """Row by row what the columns hold."""
    found = split_quoted(io.StringIO(text, newline="\n").readlines(), delimiter, width)
    if found is None:
        return None
    return [list(row) for row in zip(*(column.to_pylist() for column in found.columns), strict=True)]


def test_orderly_quotes_are_split_at_once() -> None:
    text = '"Ärtist, one","say ""so"""\n,""\nnull,NA\n"",x y \n1,2'
    expected = [["Ärtist, one", 'say "so"'], ["", ""], ["null", "NA"], ["", "x y "], ["1", "2"]]
    assert read_rows(text) == expected


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_each_delimiter(delimiter: str) -> None:
    assert read_rows(f'"a{delimiter}b"{delimiter}c\n', delimiter) == [[f"a{delimiter}b", "c"]]


@pytest.mark.parametrize(
    "text",
    [
        'a,b\n\nc,d\n',
        'a,b\nc\n',
        'a,b,c\n',
        'a,"b\n',
        'a,"b\n"c\n',
        'a,b"c\n',
        'a,"b"c\n',
        'a, "b"\n',
        ' a,b\n',
        '\ufeffa,b\n',
    ],
)  # fmt: skip
def test_what_is_not_in_order_is_left_to_the_csv_module(text: str) -> None:
    assert read_rows(text) is None


def test_a_cell_may_span_lines_and_what_goes_on_behind_them_is_left() -> None:
    lines = ['a,"b\n', "\n", ' ""c"\n', "d,e\n", '"f\n', 'g",h\n', 'i,"j\n', "k\n"]
    found = split_quoted(lines, ",", 2)
    assert found is not None and (found.starts.tolist(), found.height) == ([0, 3, 4], 6)
    assert [column.to_pylist() for column in found.columns] == [
        ["a", "d", "f\ng"],
        ['b\n\n "c', "e", "h"],
    ]


def test_a_cell_that_may_be_too_long_is_left_to_the_csv_module() -> None:
    line = "x" * (LONGEST // 2) + "\n"
    assert split_quoted(['a,"', line, '"\n'], ",", 2) is not None
    assert split_quoted(['a,"', line, line, '"\n'], ",", 2) is None


@given(st.text(alphabet='a",; \n\u00e9\x00', max_size=40), st.sampled_from([",", ";"]))
def test_nothing_is_read_in_another_way(text: str, delimiter: str) -> None:
    found = read_rows(text, delimiter) if text else None
    if found is not None:
        reader = csv.reader(
            io.StringIO(text, newline="\n"), delimiter=delimiter, strict=True, skipinitialspace=True
        )
        assert found == list(islice(reader, len(found)))


_CELL = st.text(alphabet='a",;.é\n', max_size=5)


@given(st.lists(st.tuples(_CELL, _CELL), min_size=1, max_size=5))
def test_what_the_csv_module_writes_is_read(rows: list[tuple[str, str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    assert read_rows(text.getvalue()) == [list(row) for row in rows]
