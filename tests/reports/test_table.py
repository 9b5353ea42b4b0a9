"""The plain table."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from backline.reports.format import Refused
from tests.reports.conftest import Read, read_path

TEXT = """date,artist,track,country,source,streams,isrc,other
2026-08-01,A,T,de,playlists,5,DE-A12-26-00001,x
2026-08-01,A,T,de,playlists,6,nonsense,x
2026-08-02,A,,,,-2,,x
"""


def test_rows_of_one_key_are_added_up_and_refunds_kept(read: Read) -> None:
    found = read(TEXT)
    assert (found.reading.format, found.reading.report, found.reading.kind) == ("table", "table", "artist")
    assert found.values() == [5, 6, -2]
    assert found.counts == (3, 3, 0, 0)
    assert found.reading.totals["units"] == 9
    assert found.column("country") == ["DE", "DE", ""]
    assert found.column("source") == ["playlists", "playlists", ""]
    assert found.column("track") == ["T", "T", None]
    assert found.column("isrc") == ["DEA122600001", None, None]


def test_parquet_says_the_same_and_counts_records(tmp_path: Path) -> None:
    table = pa.table(
        {
            "streams": pa.array([5, 6, None, 7], type=pa.int32()),
            "Date": pa.array([date(2026, 8, 1)] * 3 + [None], type=pa.date32()),
            "artist": ["A", "B", "C", "D"],
            "nested": [[1], [2], [3], [4]],
        }
    )
    pq.write_table(table, tmp_path / "x.bin")
    found = read_path(tmp_path / "x.bin")
    assert found.values() == [5, 6]
    assert found.column("line") == [1, 2]
    assert found.rejected == [(4, "bad_date")]
    assert found.counts == (4, 2, 1, 1)


def test_options_stand_in_for_columns(read: Read) -> None:
    found = read("date;country;streams\n2026-08-01;DE;5\n", artist="A", track="T")
    assert found.reading.format == "table"
    assert found.reading.kind == "track"
    assert found.column("artist") == ["A"]
    assert found.column("track") == ["T"]
    with pytest.raises(Refused, match="--artist"):
        read("date,country,streams\n2026-08-01,DE,5\n")


def test_people_cannot_be_added_up(read: Read) -> None:
    found = read("date,artist,listeners\n2026-08-01,A,5\n2026-08-01,A,5\n2026-08-01,A,6\n")
    assert found.counts == (3, 1, 1, 1)


def test_revenue_needs_its_currency(read: Read) -> None:
    with pytest.raises(Refused, match="currency"):
        read("date,artist,revenue\n2026-08-01,A,5\n")
    found = read(
        "date,artist,streams,revenue,currency\n2026-08-01,A,7,0.0410,eur\n2026-08-01,A,1,-1,USD\n2026-08-01,A,1,1,\n"
    )
    assert found.reading.totals == {"units": 8, "money": {"EUR": Decimal("0.041"), "USD": Decimal(-1)}}
    money = [fact for fact in found.facts if fact["measure"] == "revenue"]
    assert [(fact["value"], fact["scale"], fact["currency"]) for fact in money] == [
        (41, 3, "EUR"),
        (-1, 0, "USD"),
    ]
    assert {fact["currency"] for fact in found.facts if fact["measure"] == "streams"} == {""}
    assert found.rejected == [(4, "bad_currency")]
