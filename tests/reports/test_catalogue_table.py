"""A team's own catalogue: every column, every way to write a cell, and every wrong cell named at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backline.reports.catalogue_rows import CatalogueRow
from backline.reports.catalogue_table import CatalogueTable, is_catalogue, read_catalogue
from backline.reports.format import Refused

HEADER = "artist,title,isrc,release,upc,release_date,type,disc,position,duration,explicit"
ROW = "Nova,One,ZZ-A01-26-00001,Dawn,036000291452,2026-03-01,album,1,2,3:35,no"


@pytest.fixture
def read(tmp_path: Path) -> Any:
    """Read a table from text or bytes."""

    def read(body: str | bytes, artist: str | None = None) -> CatalogueTable:
        path = tmp_path / "mine.csv"
        path.write_bytes(body.encode() if isinstance(body, str) else body)
        return read_catalogue(path, path.name, artist)

    return read


def tell(table: CatalogueTable) -> list[tuple[int, str]]:
    """(line, field) of what is wrong."""
    return [(cell.line, cell.field) for cell in table.wrong]


def test_a_row(read: Any) -> None:
    table = read(f"{HEADER},label\n{ROW},Own Label\n")
    assert table.rows == [
        CatalogueRow(
            2,
            "Nova",
            "One",
            "ZZA012600001",
            "Dawn",
            "036000291452",
            "2026-03-01",
            "album",
            1,
            2,
            215_000,
            False,
        )
    ]
    assert (table.wrong, table.unread) == ([], ["label"])


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings_and_delimiters(read: Any, delimiter: str, encoding: str) -> None:
    body = "Künstler,Titel,Album,Länge\nÄnn,Öde,Dämmerung,215000\n".replace(",", delimiter)
    (row,) = read(body.encode(encoding)).rows
    assert (row.artist, row.title, row.release, row.duration_ms) == ("Änn", "Öde", "Dämmerung", 215_000)


def test_what_is_not_told_is_none(read: Any) -> None:
    (row, alone) = read("title,release\nOne,\n,Dawn\n", artist="Nova").rows
    assert row == CatalogueRow(2, "Nova", "One") and alone == CatalogueRow(3, "Nova", release="Dawn")


@pytest.mark.parametrize(
    ("field", "cell", "value"),
    [
        ("release_date", "2026", "2026"),
        ("release_date", "2026-03", "2026-03"),
        ("duration", "1:02:03", 3_723_000),
        ("duration", "0:59", 59_000),
        ("explicit", "Oui", True),
        ("explicit", "clean", False),
        ("upc", "36000291452", "036000291452"),
    ],
)
def test_ways_to_write_a_cell(read: Any, field: str, cell: str, value: Any) -> None:
    (row,) = read(f"artist,title,release,{field}\nNova,One,Dawn,{cell}\n").rows
    name = {"release_date": "released", "duration": "duration_ms"}.get(field, field)
    assert getattr(row, name) == value


def test_every_wrong_cell_is_named_at_once(read: Any) -> None:
    table = read(
        f"{HEADER}\n"
        "Nova,One,ZZA01,Dawn,8.6E+11,03-04-2026,ep,0,first,35,perhaps\n"
        ",Two,,,036000291452,2026,,,,0:75,\n"
        "Nova,,ZZA012600002,Dawn,,,,,,,\n"
        "Nova,,,,,,,,,,yes\n"
        "Nova,Three\n"
        f"Nova,{'x' * 501},,,,,,,,,\n"
    )
    assert tell(table) == [
        *((2, name) for name in HEADER.split(",")[2:] if name != "release"),
        *((3, name) for name in ("duration", "artist", "upc", "release_date")),
        (4, "isrc"),
        (5, "title"),
        (6, ""),
        (7, "title"),
    ]
    assert all(cell.reason.endswith(".") and cell.remedy.endswith(".") for cell in table.wrong)
    assert "rounded" in table.wrong[1].remedy
    assert "3:35" in next(cell for cell in table.wrong if cell.field == "duration").remedy


def test_rows_that_contradict_each_other(read: Any) -> None:
    table = read(
        "artist,title,isrc,release,upc,release_date,position\n"
        "Nova,One,ZZA012600001,Dawn,036000291452,2026,1\n"
        "Nova,ONE,ZZA012600001,Best,,,1\n"  # on another release: the same recording
        "Nova,Two,ZZA012600001,Dawn,036000291452,2025,1\n"
        "Nova,Three,,Best,,,\n"
        "Nova,three,,Best,,,\n"
    )
    assert tell(table) == [(4, "title"), (4, "release_date"), (4, "position"), (6, "title")]
    assert "Line 2" in table.wrong[0].reason


def test_dates_that_the_whole_file_tells(read: Any) -> None:
    body = "artist,release,release_date\nNova,Dawn,{}\nNova,Dusk,{}\n"
    table = read(body.format("01/03/2026", "31/03/2026"))
    assert [row.released for row in table.rows] == ["2026-03-01", "2026-03-31"]
    doubted = read(body.format("01/03/2026", "2026-03-31"))
    assert tell(doubted) == [(2, "release_date")]


@pytest.mark.parametrize(
    ("header", "is_one"),
    [
        ("artist,title,isrc", True),
        ("artist,album,upc,label", True),
        ("artist,title", False),
        ("title,isrc", False),
        ("artist,title,isrc,a,b,c", False),
    ],
)
def test_whether_a_header_is_likely_one_of_a_catalogue(header: str, is_one: bool) -> None:
    assert is_catalogue(header.split(",")) is is_one


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("", "empty"),
        ("artist,title\n", "empty"),
        ("artist,isrc\nNova,ZZA012600001\n", "missing_column"),
        ("title,isrc\nOne,ZZA012600001\n", "missing_artist"),
        ("artist,title,title\nNova,One,Two\n", "ambiguous_header"),
        ("<html><body>sign in</body></html>", "html"),
        (b"PAR1" + bytes(100), "not_a_table"),
        (b"PK\x03\x04" + bytes(100), "not_a_table"),
    ],
)
def test_files_that_are_no_catalogue(read: Any, body: Any, kind: str) -> None:
    with pytest.raises(Refused) as refused:
        read(body)
    assert refused.value.kind == kind and refused.value.remedy
