"""Numbers as files: a long table with one row per day, report, dimension, key and measure, CSV or Parquet.

A spreadsheet takes a text that begins with = + - @, tab or carriage return for a formula; here such a
text gets an apostrophe in front (OWASP, CSV injection). Inside, names stay as they came. Numbers stay
numbers: decimal text in CSV, decimal128 in Parquet, exact in both.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from backline.disk import name_draft
from backline.errors import BadInput
from backline.metrics.lines import combine_cells
from backline.metrics.numbers import ArtistNumbers, Figure, show_value
from backline.moments import show_moment
from backline.music import DIMENSIONS, FIRST_DAY, LAST_DAY

COLUMNS = (
    *("artist_id", "artist", "day", "report", "dimension", "key", "measure", "currency", "value"),
    *("coverage", "known_at"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_DIGITS = 38  # of decimal128


@dataclass(frozen=True)
class ExportRow:
    """One row of the table; value exact, coverage 0..1."""

    artist_id: str
    artist: str
    day: date
    report: str
    dimension: str
    key: str
    measure: str
    currency: str
    value: Decimal
    coverage: float
    known_at: str


def neutralise(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def list_rows(
    numbers: ArtistNumbers, artist_id: str, artist: str, first: int | None = None, last: int | None = None
) -> list[ExportRow]:
    """Every number of the range, ordered by report, dimension, day, key, measure and currency."""
    low, high = FIRST_DAY if first is None else first, LAST_DAY if last is None else last
    rows = []
    for dimension in DIMENSIONS:
        figures = combine_cells(numbers.read_cells(dimension, low, high), by_day=False)
        rows += [_make_row(artist_id, artist, dimension, figure) for figure in figures]
    return sorted(rows, key=lambda r: (r.report, r.dimension, r.day, r.key, r.measure, r.currency))


def check_suffix(path: Path) -> None:
    """Raise `BadInput` where the file's suffix is no format that can be written."""
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise BadInput(f"{path.name}: the suffix says no format.", remedy="Use .csv or .parquet.")


def write_export(rows: Sequence[ExportRow], path: Path) -> Path:
    """Write by the file's suffix, in place of what was there, whole or not at all. Raises `BadInput`."""
    check_suffix(path)
    write = _write_csv if path.suffix.lower() == ".csv" else _write_parquet
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside its place, so that the rename stays within one file system.
    draft = name_draft(path)
    try:
        write(rows, draft)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def _make_row(artist_id: str, artist: str, dimension: str, figure: Figure) -> ExportRow:
    assert figure.day is not None
    return ExportRow(
        artist_id,
        neutralise(artist),
        figure.day,
        neutralise(figure.report),
        dimension,
        neutralise(figure.key),
        figure.measure,
        figure.currency or "",
        figure.value,
        figure.coverage,
        show_moment(figure.known_at),
    )


def _write_csv(rows: Iterable[ExportRow], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in rows:
            writer.writerow([_show_cell(row, column) for column in COLUMNS])


def _show_cell(row: ExportRow, column: str) -> Any:
    return show_value(row.value, row.currency) if column == "value" else getattr(row, column)


def _write_parquet(rows: Sequence[ExportRow], path: Path) -> None:
    import pyarrow as pa  # takes a while to load, and most processes never export
    import pyarrow.parquet as pq

    scale = max((-int(row.value.as_tuple().exponent) for row in rows), default=0)
    kinds: dict[str, pa.DataType] = {
        "day": pa.date32(),
        "value": pa.decimal128(_DIGITS, scale),
        "coverage": pa.float64(),
    }
    columns = {
        name: pa.array([getattr(row, name) for row in rows], kinds.get(name, pa.string())) for name in COLUMNS
    }
    pq.write_table(pa.table(columns), path, compression="zstd")
