"""Where the header is and what it says."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from backline.reports.format import Format, Hints, Layout
from backline.reports.header import (
    choose_format,
    find_header,
    fingerprint_names,
    fold_column,
    strip_empty_end,
)


def count(names: Sequence[str]) -> int:
    """A header of date and streams."""
    return len(names) if {"date", "streams"} <= set(names) else 0


@pytest.mark.parametrize("name", ["Monthly listeners", " monthly_listeners ", "\ufeffMONTHLY-LISTENERS"])
def test_names_are_folded(name: str) -> None:
    assert fold_column(name) == "monthly_listeners"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_what_makes_a_header(delimiter: str) -> None:
    header = find_header(f"Date{delimiter}Streams\n1{delimiter}2\n", count)
    assert (header.names, header.delimiter, header.skip) == (("date", "streams"), delimiter, 1)


def test_a_preamble_is_passed() -> None:
    header = find_header("sep=;\nReport of, say; 2026\n\ndate;streams\n1;2\n", count)
    assert (header.names, header.skip) == (("date", "streams"), 4)


def test_an_unknown_header_is_the_first_of_the_widest_rows() -> None:
    header = find_header("My report, part 1\n\nTag;Künstler;Abrufe\n1;a, b;3\n2;a;4\n", count)
    assert header.written == ("Tag", "Künstler", "Abrufe")
    assert header.delimiter == ";"


@pytest.mark.parametrize("note", [',,,"Note that these figures, …",', "Artist:,Nova,,,", ",,,,"])
def test_a_note_above_an_unknown_header_is_passed(note: str) -> None:
    text = f'{note}\nPosition,"Track Name",Artist,Streams,URL\n1,T,A,5,u\n2,T,A,4,u\n'
    header = find_header(text, count)
    assert header.written == ("Position", "Track Name", "Artist", "Streams", "URL")
    assert header.skip == 2


def test_a_column_without_a_name_leaves_the_header_what_it_is() -> None:
    rows = "".join(f"{number},a,b\n" for number in range(20))
    assert find_header(f",name,plays\n{rows}", count).written == ("", "name", "plays")


def test_one_column_is_still_a_header() -> None:
    assert find_header("words\nmore\n", count).names == ("words",)


def test_the_fingerprint_ignores_the_order() -> None:
    assert fingerprint_names(["a", "b"]) == fingerprint_names(["b", "a"]) != fingerprint_names(["a", "c"])


def test_the_format_that_knows_most_is_taken() -> None:
    def lay_out(_names: object, _name: str, _hints: Hints) -> Layout:
        raise AssertionError

    few = Format("few", lambda names: 1, lay_out)
    many = Format("many", lambda names: 2, lay_out)
    none = Format("none", lambda names: 0, lay_out)
    assert choose_format(["a"], [none, few, many]) is many
    assert choose_format(["a"], [none]) is None


def test_empty_cells_at_the_end_are_no_columns() -> None:
    assert strip_empty_end(["a", "", "b", "", " "]) == ["a", "", "b"]
