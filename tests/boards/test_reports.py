"""Every report format that discovery finds, proved by its sample in samples/reports/<format>/.

A new format is one new file in the folder of formats and one sample here; nothing else is touched.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from backline.discovery import find_members
from backline.music import MEASURES, MONTH
from backline.reports.format import FACT_SCHEMA, Format, Hints, find_formats, pick_formats
from backline.reports.header import choose_format, fold_column
from backline.reports.mapping import Mappings
from backline.reports.read import Reading, open_report

SAMPLES = Path(__file__).parent / "samples" / "reports"
HINTS = Hints(artist="Somebody", downloaded=date(2026, 8, 30), today=date(2026, 8, 31))
FORMATS = [pytest.param(fmt, id=fmt.name) for fmt in find_formats()]
TABLES = [pytest.param(fmt, id=fmt.name) for fmt in pick_formats(lists=False)]  # lists fit no other dress
KINDS = ("artist", "track", "chart", "statement", "playlist")
Rows = list[list[str]]


def find_sample(fmt: Format) -> Path:
    """The one sample of a format."""
    found = sorted((SAMPLES / fmt.name).iterdir()) if (SAMPLES / fmt.name).is_dir() else []
    assert len(found) == 1, f"put one sample into samples/reports/{fmt.name}/"
    return found[0]


def read_rows(path: Path) -> Rows:
    """Header and rows, parted by the sign that the header has most of; of a list its names and values."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        if path.suffix == ".json":
            records = json.load(file)
            return [list(records[0]), *(list(map(str, record.values())) for record in records)]
        head = file.readline()
        file.seek(0)
        return list(csv.reader(file, delimiter=max(",;\t", key=head.count)))


def read(path: Path, name: str) -> tuple[Reading, list[dict[str, Any]]]:
    """The reading and its facts without their lines, in one order."""
    reading = open_report(path, name, HINTS, Mappings())
    assert isinstance(reading, Reading)
    facts = []
    for block in reading.blocks():
        assert block.schema == FACT_SCHEMA
        facts += block.drop_columns(["line"]).to_pylist()
    return reading, sorted(facts, key=repr)


def write(path: Path, rows: Rows, *, delimiter: str = ",", encoding: str = "utf-8", end: str = "\n") -> None:
    """Rows in another dress."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))


@pytest.mark.parametrize("fmt", TABLES)
def test_its_sample_is_read_to_the_last_row(fmt: Format) -> None:
    sample = find_sample(fmt)
    reading, facts = read(sample, sample.name)
    assert reading.format == fmt.name
    assert reading.report.startswith(fmt.name)
    assert reading.kind in KINDS
    assert reading.span >= MONTH
    assert reading.counts.accepted == reading.counts.read == len(read_rows(sample)) - 1
    assert reading.rejected == []
    assert {fact["measure"] for fact in facts} <= set(MEASURES)
    assert all(fact["artist"] and fact["day"] for fact in facts)
    assert reading.days.count == len({fact["day"] for fact in facts})


@pytest.mark.parametrize("fmt", FORMATS)
def test_no_other_format_takes_its_sample(fmt: Format) -> None:
    names = [fold_column(name) for name in read_rows(find_sample(fmt))[0]]
    assert choose_format(names, find_formats()) is fmt
    points = sorted(other.recognise(names) for other in find_formats())
    assert points[-1] > points[-2], "two formats know as many of the columns"


DRESSES: list[tuple[str, Callable[[Path, Rows], None]]] = [
    ("semicolons", lambda path, rows: write(path, rows, delimiter=";")),
    ("tabs and CRLF", lambda path, rows: write(path, rows, delimiter="\t", end="\r\n")),
    ("UTF-16", lambda path, rows: write(path, rows, encoding="utf-16")),
    ("a mark and CR", lambda path, rows: write(path, rows, encoding="utf-8-sig", end="\r")),
    ("columns reversed", lambda path, rows: write(path, [row[::-1] for row in rows])),
    ("a column more", lambda path, rows: write(path, [[*row, "note"] for row in rows])),
    ("a preamble", lambda path, rows: write(path, [["Downloaded today"], [], *rows])),
    ("blank rows", lambda path, rows: write(path, [*rows[:2], [], [""] * len(rows[0]), *rows[2:]])),
    ("capitals", lambda path, rows: write(path, [[name.upper() for name in rows[0]], *rows[1:]])),
]


@pytest.mark.parametrize("fmt", TABLES)
@pytest.mark.parametrize("dress", [pytest.param(dress, id=name) for name, dress in DRESSES])
def test_another_dress_says_the_same(
    fmt: Format, dress: Callable[[Path, Rows], None], tmp_path: Path
) -> None:
    sample = find_sample(fmt)
    dress(tmp_path / "dressed", read_rows(sample))
    reading, facts = read(tmp_path / "dressed", sample.name)
    assert reading.format == fmt.name
    assert facts == read(sample, sample.name)[1]


@pytest.mark.parametrize("fmt", TABLES)
def test_a_row_that_does_not_fit_costs_only_itself(fmt: Format, tmp_path: Path) -> None:
    sample = find_sample(fmt)
    rows = read_rows(sample)
    write(tmp_path / "x", [*rows[:2], [*rows[1], "9", "9"], *rows[2:]])
    reading, facts = read(tmp_path / "x", sample.name)
    assert [(item.line, item.kind) for item in reading.rejected] == [(3, "bad_row")]
    assert facts == read(sample, sample.name)[1]


def test_a_list_is_read_to_the_last_record() -> None:
    for fmt in pick_formats(lists=True):
        sample = find_sample(fmt)
        reading = open_report(sample, sample.name, HINTS, Mappings())
        plays = [play for block in reading.blocks() for play in block.to_pylist()]
        assert (reading.format, reading.kind, reading.rejected) == (fmt.name, "listener", [])
        assert reading.counts.accepted == reading.counts.read == len(plays) == len(read_rows(sample)) - 1


def test_every_sample_has_its_format() -> None:
    assert {path.name for path in SAMPLES.iterdir()} == {fmt.name for fmt in find_formats()}


def test_a_new_format_is_one_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "board_formats").mkdir()
    (tmp_path / "board_formats" / "__init__.py").touch()
    (tmp_path / "board_formats" / "fax.py").write_text(
        '"""Fax."""\nfrom backline.reports.format import Format\n'
        'fax = Format("fax", lambda names: int("fax" in names), lambda names, name, hints: None)\n',
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    found = find_members("board_formats", None, Format)
    assert [fmt.name for fmt in found] == ["fax"]
    assert choose_format(["fax"], [*find_formats(), *found]) is found[0]
