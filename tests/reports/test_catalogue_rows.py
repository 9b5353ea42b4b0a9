"""Rows of several artists: one release, one track, or a contradiction."""

from __future__ import annotations

from typing import Any

import pytest

from backline.reports.catalogue_rows import CatalogueRow, check_together, name_releases, sort_tracks

ISRC, OTHER, UPC = "ZZA012600001", "ZZA012600002", "036000291452"


def make(*rows: dict[str, Any]) -> list[CatalogueRow]:
    """Rows of the release Dawn, by Nova unless told otherwise."""
    given = {"artist": "Nova", "title": "One", "release": "Dawn"}
    return [CatalogueRow(line, **(given | row)) for line, row in enumerate(rows, 2)]


KAY: dict[str, Any] = {"artist": "Kay"}


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ({}, KAY, False),
        ({"upc": UPC}, KAY | {"upc": UPC}, True),
        ({"isrc": ISRC}, KAY | {"isrc": ISRC}, True),
        ({"isrc": ISRC}, KAY | {"isrc": OTHER}, False),
        ({"position": 1}, KAY | {"position": 1, "disc": 1}, True),
        ({"position": 1}, KAY | {"position": 2}, False),
        ({"position": 1, "released": "2026"}, KAY | {"position": 1}, False),
        ({}, {"title": "Two"}, True),
    ],
)
def test_which_rows_are_on_one_release(first: dict[str, Any], second: dict[str, Any], is_one: bool) -> None:
    mine, other = name_releases(make(first, second))
    assert (mine == other) is is_one


def test_a_row_of_no_release_has_none() -> None:
    assert name_releases(make({"release": ""})) == [None]


def test_tracks_of_a_release() -> None:
    rows = make(
        {"isrc": ISRC, "position": 1}, KAY | {"isrc": ISRC}, {"title": "Two", "position": 2}, {"title": ""}
    )
    assert [[row.line for row in some] for some in sort_tracks(rows)] == [[2, 3], [4]]


@pytest.mark.parametrize(
    ("first", "second", "wrong"),
    [
        ({"isrc": ISRC, "position": 1}, KAY | {"isrc": ISRC, "position": 1}, []),
        ({"position": 1}, KAY | {"position": 1, "isrc": ISRC}, []),
        ({"position": 1}, KAY | {"position": 1, "title": "Two"}, ["position"]),
        ({"position": 1}, {"position": 1}, ["position"]),
        ({"position": 1, "isrc": ISRC}, KAY | {"position": 1, "isrc": OTHER}, ["position"]),
        ({}, {}, ["title"]),
        ({}, KAY, ["position"]),  # one track of both, or two of one title?
        ({"isrc": ISRC}, KAY | {"isrc": OTHER}, []),
        ({"position": 1}, KAY | {"position": 2}, []),
    ],
)
def test_rows_of_one_place(first: dict[str, Any], second: dict[str, Any], wrong: list[str]) -> None:
    rows = make({"upc": UPC} | first, {"upc": UPC} | second)
    assert [cell.field for cell in check_together(rows)] == wrong
