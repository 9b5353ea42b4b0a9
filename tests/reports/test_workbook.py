"""Workbooks: cells as texts, sheets that lie, bombs."""

from __future__ import annotations

import datetime as dt
import io
import tracemalloc
import zipfile
from pathlib import Path

import openpyxl
import pytest

from backline.reports import workbook
from backline.reports.format import Refused
from backline.reports.workbook import WorkbookRecords, read_sheet_head, show_cell
from tests.reports.conftest import Read
from tests.reports.test_distrokid import CLASSIC, ROW


def write_book(path: Path, *rows: list[object]) -> Path:
    """A workbook of one sheet."""
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(path)
    return path


def change_member(path: Path, name: str, *pairs: tuple[str, str]) -> bytes:
    """The workbook with one member rewritten."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            body = old.read(item).decode()
            for before, after in pairs if item.filename == name else ():
                assert before in body
                body = body.replace(before, after)
            new.writestr(item.filename, body)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        (1.234, "1.2340"),
        (1e-05, "0.00001"),
        (0.1 + 0.2, "0.3"),
        (5.0, "5"),
        (float("nan"), ""),
        (7, "7"),
        (True, "true"),
        (" x ", "x"),
        (dt.datetime.fromisoformat("2026-08-01"), "2026-08-01"),
        (dt.datetime.fromisoformat("2026-08-01T09:30"), "2026-08-01 09:30:00"),
        (dt.date(2026, 8, 1), "2026-08-01"),
    ],
)
def test_a_cell_as_text(cell: object, text: str) -> None:
    assert show_cell(cell) == text


def test_rows_are_numbered_as_in_the_sheet(tmp_path: Path) -> None:
    path = write_book(tmp_path / "x.xlsx", ["a", "b"], [1, 2], [], [3, None], [4, 5, 6])
    assert read_sheet_head(path, "x")[0] == ["a", "b"]
    (block,) = WorkbookRecords(path, "x", ["a", "b"], 1).blocks()
    assert block.lines.tolist() == [2, 4] and block.column("a").to_pylist() == ["1", "3"]
    assert [line for line, _ in block.broken] == [5]


def test_blocks_are_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_book(tmp_path / "x.xlsx", ["a"], *([number] for number in range(10)))
    monkeypatch.setattr(workbook, "CELLS", 4)
    blocks = list(WorkbookRecords(path, "x", ["a"], 1).blocks())
    assert [len(block) for block in blocks] == [4, 4, 2]


def test_what_a_sheet_says_of_its_size_is_not_believed(read: Read, tmp_path: Path) -> None:
    names = CLASSIC.split(", ")
    path = write_book(tmp_path / "x.xlsx", list(names), [ROW.get(name, "") for name in names])
    lie = ('<dimension ref="A1:M2"', '<dimension ref="A1:XFD1048576"')
    content = change_member(path, "xl/worksheets/sheet1.xml", lie)
    assert read(content, "x.xlsx").counts == (1, 1, 0, 0)


def test_a_workbook_with_another_content_is_refused_as_before(read: Read, tmp_path: Path) -> None:
    path = write_book(tmp_path / "x.xlsx", ["date", "artist", "streams"], ["2026-08-01", "Ann", 5])
    for content in (path.read_bytes(), write_book(path, ["Notes"], ["none"]).read_bytes()):
        with pytest.raises(Refused, match="XLSX workbook") as caught:
            read(content, "x.xlsx")
        assert caught.value.kind == "not_a_table"


@pytest.mark.parametrize(
    ("member", "body", "kind"),
    [
        ("xl/sharedStrings.xml", b"x" * (workbook.MOST_TEXTS + 1), "too_large"),
        ("xl/worksheets/sheet2.xml", b"<t>" + b"x" * (8 << 20), "giant_row"),
        ("xl/worksheets/sheet2.xml", b"<row>" + b"<c/>" * (2 << 20), "giant_row"),
    ],
)
def test_a_bomb_is_refused_before_it_is_opened(
    read: Read, tmp_path: Path, member: str, body: bytes, kind: str
) -> None:
    path = write_book(tmp_path / "x.xlsx", ["a", "b"])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, body)
    content = path.read_bytes()
    assert len(content) < 1 << 20
    tracemalloc.start()
    try:
        with pytest.raises(Refused) as caught:
            read(content, "x.xlsx")
        assert tracemalloc.get_traced_memory()[1] < 30 << 20
    finally:
        tracemalloc.stop()
    assert caught.value.kind == kind


@pytest.mark.parametrize("member", ["xl/worksheets/sheet1.xml", "xl/workbook.xml"])
def test_damage_is_refused(read: Read, tmp_path: Path, member: str) -> None:
    names = CLASSIC.split(", ")
    path = write_book(tmp_path / "x.xlsx", list(names), [ROW.get(name, "") for name in names])
    content = change_member(path, member, ("</", "<"))
    with pytest.raises(Refused):
        read(content, "x.xlsx")
