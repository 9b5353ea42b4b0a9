"""Records, their lines and what is too large, with and without quotes."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from backline.reports.content import TextContent
from backline.reports.format import Refused
from backline.reports.quoted import LONGEST
from backline.reports.records import CHARS, Block, TextRecords, read_head, split_head

NAMES = ("a", "b", "c")


def read_blocks(
    tmp_path: Path, text: str, *, quotes: bool | None = None, names: tuple[str, ...] = NAMES
) -> list[Block]:
    """All blocks below the first line."""
    path = tmp_path / "x.csv"
    path.write_bytes(text.encode())
    content = TextContent("utf-8", '"' in text if quotes is None else quotes)
    return list(TextRecords(path, content, ",", names, 1).blocks())


def rows_of(blocks: list[Block]) -> list[tuple[int, list[str]]]:
    """(line, cells)."""
    return [(int(block.lines[row]), block.cells(row)) for block in blocks for row in range(len(block))]


@pytest.mark.parametrize("quotes", [False, True])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_physical_lines(tmp_path: Path, end: str, *, quotes: bool) -> None:
    text = end.join(["a,b,c", "1,2,3", "", "4,5,6", ",,", "7,8", "9,9,9,,", "1,2,3,4"])
    blocks = read_blocks(tmp_path, text, quotes=quotes)
    rows = [row for row in rows_of(blocks) if any(row[1])]
    assert sorted(rows) == [(2, ["1", "2", "3"]), (4, ["4", "5", "6"]), (7, ["9", "9", "9"])]
    assert [broken for block in blocks for broken in block.broken] == [
        (6, ["7", "8"]),
        (8, ["1", "2", "3", "4"]),
    ]


def test_newlines_inside_quotes_count(tmp_path: Path) -> None:
    blocks = read_blocks(tmp_path, 'a,b,c\n1,"two\nlines",3\n4,5,6\n"x\r\ny\rz",,1\n7,8,9\n')
    assert [line for line, _ in rows_of(blocks)] == [2, 4, 5, 8]


def test_cells_of_several_lines_are_read_by_columns_also_where_blocks_meet(tmp_path: Path) -> None:
    cells = [f"{number}\n\n{'x' * (number % 97)}" for number in range(60_000)]
    text = "a,b,c\n" + "".join(f'"{cell}",2,"3"\n' for cell in cells)
    blocks = read_blocks(tmp_path, text)
    assert len(blocks) > 2 and all(isinstance(block.columns["a"], pa.Array) for block in blocks)
    assert [cell for block in blocks for cell in block.column("a").to_pylist()] == cells
    assert [int(line) for block in blocks for line in block.lines] == list(range(2, 3 * len(cells) + 2, 3))


def test_a_sloppy_quote_costs_one_row(tmp_path: Path) -> None:
    blocks = read_blocks(tmp_path, 'a,b,c\n1,"say "hello" now",3\n4,"5",6\n')
    assert rows_of(blocks) == [(3, ["4", "5", "6"])]
    assert blocks[0].broken == [(2, None)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('a,b,c\n1,"2,3\n4,5,6\n', "open_quote"),
        ('a,b,c\n1,"2,3\n4,"5",6\n', "open_quote"),
        ('a,b,c\n1,"' + "x\n" * LONGEST + '",3\n', "giant_cell"),
        ('a,b,c\n1,"' + "x" * LONGEST + '",3\n', "endless_line"),
        ("a,b,c\n1,2," + "x" * LONGEST + "\n", "endless_line"),
        ("a,b,c\n" + "1,2,3\n" * 9 + "x" * (3 * CHARS), "endless_line"),
        ("a,b,c\n" + '"x\n",' * (3 * CHARS // 4), "giant_row"),
    ],
)
def test_what_has_no_end_is_refused(tmp_path: Path, text: str, kind: str) -> None:
    with pytest.raises(Refused) as caught:
        read_blocks(tmp_path, text)
    assert caught.value.kind == kind
    assert caught.value.remedy


@pytest.mark.parametrize("quotes", [False, True])
def test_blocks_are_bounded_and_lose_nothing(tmp_path: Path, *, quotes: bool) -> None:
    count = 150_000
    text = "a,b,c\n" + "".join(f"{number},{'y' * 20},z\n" for number in range(count))
    blocks = read_blocks(tmp_path, text, quotes=quotes)
    assert len(blocks) > 2
    assert [cell for block in blocks for cell in block.column("a").to_pylist()] == [
        str(n) for n in range(count)
    ]
    assert [int(line) for block in blocks for line in block.lines] == list(range(2, count + 2))


def test_reading_again_starts_anew_and_tells_how_far_it_is(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b,c\n1,2,3\n", encoding="utf-8")
    records = TextRecords(path, TextContent("utf-8", has_quotes=False), ",", NAMES, 1)
    assert records.done == 0
    assert rows_of(list(records.blocks())) == rows_of(list(records.blocks()))
    assert records.done == records.size == 12


def test_of_two_columns_of_one_name_the_first_is_read(tmp_path: Path) -> None:
    blocks = read_blocks(tmp_path, "a,a,c\n1,2,3\n", names=("a", "a", "c"))
    assert blocks[0].cell("a", 0) == "1"


def test_a_text_that_breaks_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes("a,b,c\n1,2,3\n".encode("utf-16") + b"x")
    with pytest.raises(Refused, match="breaks off"):
        list(TextRecords(path, TextContent("utf-16", has_quotes=True), ",", NAMES, 1).blocks())


def test_the_head_ends_with_a_line(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n" * 100, encoding="utf-8")
    assert read_head(path, "utf-8", 10) == "a,b\na,b\n"
    assert split_head('a,b\n\n"c', ",") == [["a", "b"], [], ["c"]]


def test_orderly_and_other_quotes_follow_one_another(tmp_path: Path) -> None:
    row = f'"1","2","{"x" * 1000}"\n'
    many = CHARS // len(row) + 50
    text = f'a,b,c\n{row * many}"4","5\n","6"\n7,"8"9,0\n{row * many}"10","11"\n'
    blocks = read_blocks(tmp_path, text)
    rows = sorted(rows_of(blocks))
    assert [line for line, _ in rows] == [*range(2, many + 3), *range(many + 5, 2 * many + 5)]
    assert rows[many] == (many + 2, ["4", "5", "6"])
    assert {tuple(cells) for line, cells in rows if line != many + 2} == {("1", "2", "x" * 1000)}
    assert [broken for block in blocks for broken in block.broken] == [
        (many + 4, None),
        (2 * many + 5, ["10", "11"]),
    ]
    assert len(blocks) > 2
