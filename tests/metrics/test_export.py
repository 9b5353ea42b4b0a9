"""Files of numbers that a spreadsheet opens without running anything."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from backline.errors import BadInput
from backline.metrics.export import COLUMNS, check_suffix, list_rows, neutralise, write_export
from tests.metrics.listed_numbers import ListedNumbers, day_of

DAY = day_of("2026-08-01")


@pytest.fixture
def numbers() -> ListedNumbers:
    numbers = ListedNumbers()
    numbers.add("day", DAY, "", -5, measure="revenue", currency="EUR", scale=2)
    numbers.add("day", DAY, "", 12)
    numbers.add("track", DAY, '=HYPERLINK("x")', 12)
    numbers.add("country", DAY + 1, "DE", 12, known_at=1_000_000)
    return numbers


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_formulas_get_an_apostrophe(text: str) -> None:
    assert neutralise(text) == "'" + text


@pytest.mark.parametrize("text", ["", "A=B", "1-1", "Söng", "'quoted", " =1"])
def test_other_texts_stay(text: str) -> None:
    assert neutralise(text) == text


def test_csv(numbers: ListedNumbers, tmp_path: Path) -> None:
    path = write_export(list_rows(numbers, "art_1", "-Minus", None, None), tmp_path / "new" / "out.csv")
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file))
    assert tuple(header) == COLUMNS
    assert rows == [
        ["art_1", "'-Minus", "2026-08-02", "table", "country", "DE", "streams", "", "12", "1.0", "1970-01-01T00:00:01Z"],
        ["art_1", "'-Minus", "2026-08-01", "table", "day", "", "revenue", "EUR", "-0.05", "1.0", "1970-01-01T00:00:00Z"],
        ["art_1", "'-Minus", "2026-08-01", "table", "day", "", "streams", "", "12", "1.0", "1970-01-01T00:00:00Z"],
        ["art_1", "'-Minus", "2026-08-01", "table", "track", "'=HYPERLINK(\"x\")", "streams", "", "12", "1.0", "1970-01-01T00:00:00Z"],
    ]  # fmt: skip


def test_parquet_keeps_numbers_as_numbers(numbers: ListedNumbers, tmp_path: Path) -> None:
    rows = list_rows(numbers, "art_1", "Nova")
    table = pq.read_table(write_export(rows, tmp_path / "out.PARQUET"))
    assert tuple(table.column_names) == COLUMNS
    assert table.column("value").to_pylist() == [Decimal("12.00"), Decimal("-0.05"), Decimal(12), Decimal(12)]
    assert str(table.schema.field("value").type) == "decimal128(38, 2)"
    assert table.column("key").to_pylist()[-1] == '\'=HYPERLINK("x")'


def test_range(numbers: ListedNumbers) -> None:
    assert [row.key for row in list_rows(numbers, "a", "A", DAY + 1, DAY + 9)] == ["DE"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_empty_and_written_again(suffix: str, numbers: ListedNumbers, tmp_path: Path) -> None:
    path = tmp_path / f"out{suffix}"
    write_export(list_rows(numbers, "a", "A"), path)
    full = path.read_bytes()
    write_export([], path)
    assert 0 < len(path.read_bytes()) < len(full)
    write_export(list_rows(numbers, "a", "A"), path)
    assert path.read_bytes() == full
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file(numbers: ListedNumbers, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old")
    rows = list_rows(numbers, "a", "A")
    with pytest.raises(AttributeError):
        write_export([*rows, object()], path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_unknown_suffix(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"\.parquet"):
        check_suffix(tmp_path / "out.xlsx")
    with pytest.raises(BadInput):
        write_export([], tmp_path / "out")
