"""The content decides what a file is."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import openpyxl
import pytest

from backline.reports.content import TextContent, tell_content
from backline.reports.format import Refused

TABLE = "date,artist,streams\n2026-08-01,Zoë,5\n"


def tell(tmp_path: Path, content: bytes) -> TextContent | None:
    """What the bytes are, under a name that lies."""
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    return tell_content(path, "x.csv")


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1252", "cp1252"),
    ],
)
def test_encodings(tmp_path: Path, encoding: str, told: str) -> None:
    content = tell(tmp_path, TABLE.encode(encoding))
    assert content is not None
    assert content.encoding == told


def test_big_endian_with_a_mark(tmp_path: Path) -> None:
    content = tell(tmp_path, b"\xfe\xff" + TABLE.encode("utf-16-be"))
    assert content is not None
    assert content.encoding == "utf-16"


def test_latin_1_where_windows_has_gaps(tmp_path: Path) -> None:
    assert tell(tmp_path, b"date,streams\n\xe9\x81,1\n") == TextContent("latin-1", has_quotes=False)


def test_one_late_byte_decides(tmp_path: Path) -> None:
    content = tell(tmp_path, TABLE.encode() * 60_000 + b"2026-08-01,\xe9,1\n")
    assert content == TextContent("cp1252", has_quotes=False)


def test_quotes_are_found(tmp_path: Path) -> None:
    assert tell(tmp_path, b'date,streams\n"2026-08-01",1\n') == TextContent("utf-8", has_quotes=True)


def workbook() -> bytes:
    """A real XLSX."""
    book = openpyxl.Workbook()
    book.active.append(["date", "artist", "streams"])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n", "empty"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "html"),
        (b"\n  <html><table><tr><td>date</td></tr></table></html>", "html"),
        (b"<?xml version='1.0'?><a/>", "html"),
        (b"%PDF-1.7 ...", "not_a_table"),
        (b"\x89PNG\r\n\x1a\n", "not_a_table"),
        (b"\xff\xd8\xff\xe0", "not_a_table"),
        (gzip.compress(TABLE.encode(), mtime=0), "not_a_table"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "not_a_table"),
        (b'{"date": "2026-08-01"}', "json"),
        (b'[{"date": "2026-08-01"}]', "json"),
        (TABLE.encode("utf-32"), "encoding"),
        (TABLE.encode() + b"2026-08-02,A\x00B,5\n", "binary"),
        (bytes(range(1, 32)) * 40, "binary"),
    ],
)
def test_what_is_no_table_is_refused_with_a_remedy(tmp_path: Path, content: bytes, kind: str) -> None:
    with pytest.raises(Refused) as caught:
        tell(tmp_path, content)
    assert caught.value.kind == kind
    assert caught.value.remedy


def test_a_workbook_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="XLSX"):
        tell(tmp_path, workbook())


def test_parquet_is_told_by_its_bytes(tmp_path: Path) -> None:
    assert tell(tmp_path, b"PAR1 and so on") is None
