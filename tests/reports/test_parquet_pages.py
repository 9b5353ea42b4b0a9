"""Page headers of Parquet."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backline.reports import parquet_pages
from backline.reports.format import Refused
from backline.reports.parquet_pages import find_largest_page


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("dictionary", [False, True])
def test_pages_add_up_to_what_the_footer_says(tmp_path: Path, version: str, *, dictionary: bool) -> None:
    path = tmp_path / "x.parquet"
    table = pa.table({"a": [f"word {number % 900}" for number in range(50_000)]})
    pq.write_table(
        table,
        path,
        use_dictionary=dictionary,
        data_page_version=version,
        data_page_size=20_000,
        compression="snappy",
    )
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(0)
    start = min(filter(None, [chunk.dictionary_page_offset, chunk.data_page_offset]))
    largest, total = find_largest_page(path, start, chunk.total_compressed_size)
    assert 0 < largest <= total <= chunk.total_uncompressed_size


@given(st.binary(max_size=80))
def test_noise_is_read_or_refused(data: bytes) -> None:
    try:
        unpacked, packed, length = parquet_pages._read_page_header(data)
    except Refused as refusal:
        assert refusal.kind == "broken"
    else:
        assert length <= len(data)
        assert isinstance(unpacked + packed, int)


def test_a_page_beyond_its_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": ["x"] * 9}), path, use_dictionary=False)
    size = pq.ParquetFile(path).metadata.row_group(0).column(0).total_compressed_size
    with pytest.raises(Refused, match="outside its column"):
        find_largest_page(path, 4, size - 1)
