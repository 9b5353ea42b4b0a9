"""Parquet files, honest and hostile."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from backline.reports.format import Refused
from backline.reports.parquet_records import ParquetRecords, read_names
from tests.reports.conftest import read_path


def read_columns(path: Path, columns: Sequence[str]) -> dict[str, list[Any]]:
    """Every value of some columns."""
    names = read_names(path, path.name)
    blocks = list(ParquetRecords(path, path.name, names, columns).blocks())
    return {column: [v for block in blocks for v in block.column(column).to_pylist()] for column in columns}


def test_types_become_those_of_the_room(tmp_path: Path) -> None:
    moment = datetime(2026, 8, 1, 23, 30, tzinfo=UTC)
    table = pa.table(
        {
            "a": pa.array(["x", None], pa.large_string()),
            "b": pa.array(["x", "y"]).dictionary_encode(),
            "c": pa.array([moment, None], pa.timestamp("ns", "Europe/Berlin")),
            "d": pa.array([moment.replace(tzinfo=None)] * 2, pa.timestamp("ms")),
            "e": pa.array([date(2026, 8, 1)] * 2, pa.date64()),
            "f": pa.array([Decimal("1.50"), None], pa.decimal128(9, 2)),
            "g": pa.nulls(2),
            "h": pa.array(["x", None], pa.string_view()),
        }
    )
    pq.write_table(table, tmp_path / "x.parquet")
    day = date(2026, 8, 1)
    assert read_columns(tmp_path / "x.parquet", "abcdefgh") == {
        "a": ["x", None],
        "b": ["x", "y"],
        "c": [date(2026, 8, 2), None],  # half past one in Berlin
        "d": [day, day],
        "e": [day, day],
        "f": [Decimal("1.50"), None],
        "g": [None, None],
        "h": ["x", None],
    }


def test_views_of_texts_are_texts(tmp_path: Path) -> None:
    names = {"date": ["2026-08-01", "2026-08-02"], "artist": ["A", "a name that is longer than a view"]}
    columns = {name: pa.array(words, pa.string_view()) for name, words in names.items()}
    pq.write_table(pa.table({**columns, "streams": [1, 2]}), tmp_path / "x.parquet")
    found = read_path(tmp_path / "x.parquet")
    assert found.column("artist") == names["artist"]
    assert found.values() == [1, 2]


@pytest.mark.parametrize("groups", [0, 1])
def test_a_file_without_rows_says_so(tmp_path: Path, groups: int) -> None:
    table = pa.table({"date": ["2026-08-01"], "artist": ["A"], "streams": [1]})
    with pq.ParquetWriter(tmp_path / "x.parquet", table.schema) as writer:
        for _ in range(groups):
            writer.write_table(table.slice(0, 0))
    with pytest.raises(Refused, match="no rows") as caught:
        read_path(tmp_path / "x.parquet")
    assert caught.value.kind == "empty"


def test_many_row_groups_are_read_in_blocks(tmp_path: Path) -> None:
    count = 200_000
    table = pa.table({"n": range(count)})
    pq.write_table(table, tmp_path / "x.parquet", row_group_size=30_000)
    names = read_names(tmp_path / "x.parquet", "x")
    records = ParquetRecords(tmp_path / "x.parquet", "x", names, ["n"])
    lines = [int(line) for block in records.blocks() for line in block.lines]
    assert lines == list(range(1, count + 1))
    assert records.done == records.size


def test_a_column_of_another_kind_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [[1]], "b": [True]}), tmp_path / "x.parquet")
    for column in "ab":
        with pytest.raises(Refused, match="has type"):
            read_columns(tmp_path / "x.parquet", [column])


def test_two_columns_of_one_folded_name_are_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a b": [1], "A_b": [1]}), tmp_path / "x.parquet")
    with pytest.raises(Refused, match="two columns"):
        read_names(tmp_path / "x.parquet", "x")


@pytest.mark.parametrize("cut", [4, 9, 200])
def test_a_file_that_breaks_off_is_refused(tmp_path: Path, cut: int) -> None:
    pq.write_table(
        pa.table({"date": ["2026-08-01"], "artist": ["A"], "streams": [1]}), tmp_path / "x.parquet"
    )
    whole = (tmp_path / "x.parquet").read_bytes()
    (tmp_path / "x.parquet").write_bytes(whole[:-cut])
    with pytest.raises(Refused) as caught:
        read_path(tmp_path / "x.parquet")
    assert caught.value.kind == "broken"


def test_a_footer_of_impossible_size_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"PAR1" + b"\0" * 100 + b"\xff\xff\xff\x7fPAR1")
    with pytest.raises(Refused, match="impossible"):
        read_path(tmp_path / "x")


def test_damaged_pages_are_refused_whatever_byte_is_hit(tmp_path: Path) -> None:
    rows = 100
    table = pa.table(
        {"date": ["2026-08-01"] * rows, "artist": [f"A{n}" for n in range(rows)], "streams": range(rows)}
    )
    pq.write_table(table, tmp_path / "whole.parquet", compression="zstd")
    whole = (tmp_path / "whole.parquet").read_bytes()
    refused = 0
    for place in range(4, len(whole) - 8, 5):
        (tmp_path / "x").write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            read_path(tmp_path / "x")
        except Refused:
            refused += 1
        except Exception as error:
            assert type(error).__name__ == "NeedsMapping", error
    assert refused


@pytest.mark.parametrize("kind", ["page", "group"])
def test_what_unpacks_to_too_much_is_refused(tmp_path: Path, kind: str) -> None:
    if kind == "page":
        table = pa.table({"date": ["2026-08-01"], "artist": ["A" * (64 << 20)], "streams": [1]})
    else:
        words = pa.array([f"{number:0300d}" for number in range(2000)])
        table = pa.table(
            {
                "date": pa.repeat("2026-08-01", 700_000),
                "artist": words.take(pa.array(range(700_000)).cast(pa.int64()).to_numpy() % 2000),
                "streams": pa.repeat(1, 700_000),
            }
        )
    pq.write_table(
        table,
        tmp_path / "x.parquet",
        compression="zstd",
        use_dictionary=False,
        data_page_size=1 << 20,
        row_group_size=1 << 30,
    )
    assert (tmp_path / "x.parquet").stat().st_size < 4 << 20
    with pytest.raises(Refused) as caught:
        read_path(tmp_path / "x.parquet")
    assert caught.value.kind in ("giant_page", "giant_row_group")
