"""The door: every dress of one table, and everything that is no table."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from backline.reports.format import Hints, NeedsMapping, Refused
from backline.reports.header import fingerprint_names
from backline.reports.mapping import Mappings
from backline.reports.read import open_report
from tests.reports.conftest import Read
from tests.reports.test_content import workbook

ROWS = [["date", "artist", "streams"], ["2026-08-01", "Zoë; ab", "5"], ["2026-08-02", "Mötley", "1200"]]


def render(delimiter: str, end: str, *, quoted: bool) -> str:
    """The rows as a portal writes them."""
    cell = '"{}"'.format if quoted or delimiter == ";" else "{}".format
    return end.join(delimiter.join(map(cell, row)) for row in ROWS) + end


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("quoted", [False, True])
def test_one_table_in_every_dress(
    read: Read, encoding: str, delimiter: str, end: str, *, quoted: bool
) -> None:
    found = read(render(delimiter, end, quoted=quoted).encode(encoding))
    assert found.column("artist") == ["Zoë; ab", "Mötley"]
    assert found.values() == [5, 1200]
    assert found.column("line") == [2, 3]
    assert found.column("day") == [date(2026, 8, 1), date(2026, 8, 2)]


def test_a_preamble_and_a_trailing_delimiter_do_no_harm(read: Read) -> None:
    text = "Account: 5\nGenerated 2026-08-03\n\ndate;artist;streams;\n2026-08-01;A;5;\n2026-08-02;A;6\n"
    found = read(text)
    assert found.values() == [5, 6]
    assert found.column("line") == [5, 6]


def test_progress_ends_at_the_size(read: Read) -> None:
    reading = read("date,artist,streams\n2026-08-01,A,5\n").reading
    assert reading.done == reading.size > 0


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "empty"),
        (b"date,artist,streams\n", "empty"),
        (b"date,artist,streams\n\n,,\n", "empty"),
        (b"just words\nand more\n", "not_a_table"),
        (b"<html>date,artist,streams</html>", "html"),
        (b"date,artist,streams\n2026-08-01,A,x\nx,B,1\n", "nothing_usable"),
        (b"date,artist,streams,streams\n2026-08-01,A,1,2\n", "ambiguous_header"),
        (b'date,artist,streams\n2026-08-01,"A,1\n', "open_quote"),
        (b"PAR1PAR1", "broken"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_remedy(read: Read, content: bytes, kind: str) -> None:
    with pytest.raises(Refused) as caught:
        read(content)
    assert caught.value.kind == kind
    assert caught.value.remedy


def test_a_workbook_named_csv_is_refused(read: Read) -> None:
    with pytest.raises(Refused, match="XLSX"):
        read(workbook())


def test_rejected_rows_are_known_even_where_none_can_be_used(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("date,artist,streams\n2026-08-01,A,x\n", encoding="utf-8")
    reading = open_report(path, "x.csv", Hints(), Mappings())
    with pytest.raises(Refused):
        list(reading.blocks())
    assert [item.line for item in reading.rejected] == [2]
    assert reading.counts.rejected == 1


def test_an_unknown_header_asks_for_a_mapping(read: Read) -> None:
    with pytest.raises(NeedsMapping, match="Tag, Wer, Zahl"):
        read("Tag;Wer;Zahl\n1;2;3\n")


@pytest.mark.parametrize(("column", "is_named"), [("label", True), ("streams", False), ("earnings", False)])
def test_a_catalogue_is_pointed_to_its_own_import(read: Read, column: str, is_named: bool) -> None:
    with pytest.raises(NeedsMapping) as needs:
        read(f"artist,title,isrc,release,{column}\nNova,One,ZZA012600001,Dawn,5\n")
    assert ("backline catalogue import FILE" in str(needs.value.remedy)) is is_named


def test_a_label_of_ones_own(read: Read) -> None:
    found = read("date,artist,streams\n2026-08-01,A,5\n", report="distrokid")
    assert (found.reading.format, found.reading.report) == ("table", "distrokid")


def test_a_broken_mapping_is_the_persons_to_mend(read: Read) -> None:
    with pytest.raises(Refused, match="TOML"):
        read("a,b\n1,2\n", mapping="x = ")


def test_a_remembered_mapping_is_only_used_where_no_format_knows_the_header(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("date,artist,streams\n2026-08-01,A,5\n", encoding="utf-8")
    kept = Mappings(kept={fingerprint_names(["date", "artist", "streams"]): "no TOML"})
    assert open_report(path, "x.csv", Hints(), kept).format == "table"
