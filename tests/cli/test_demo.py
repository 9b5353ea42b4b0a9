"""`backline demo` as people call it: twice, whatever their environment says, and with its samples as shipped."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from backline import samples
from backline.cli.demo import copy_samples
from tests.cli.conftest import Call


def test_demo_shows_what_it_found_and_repeats_nothing(
    program: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKLINE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("BACKLINE_LANGUAGE", "en")
    place = tmp_path / "demo-state"
    first = program("demo", "--once", "--state", str(place), timeout=200)
    assert first.code == 0, first.err
    for words in ("What ran", "6 files accepted", "1 rejected", samples.ARTIST, "Where to look"):
        assert words in first.out
    assert "nothing was repeated" not in first.out
    runs = list_runs(place)
    assert sorted(runs) == ["report_import.import_reports", "streaming_metrics.aggregate_metrics"]
    assert len(list((place / "exports").iterdir())) == 2

    second = program("demo", "--once", "--state", str(place), timeout=200)
    assert second.code == 0, second.err
    assert "nothing was repeated" in second.out
    assert list_runs(place) == runs


def list_runs(place: Path) -> dict[str, str]:
    """Task to the id of its only run, by the demo's own database."""
    with sqlite3.connect(place / "backline.db") as connection:
        rows = connection.execute("SELECT task, id, state, attempt FROM backline_run").fetchall()
    assert {row[2] for row in rows} == {"succeeded"}
    assert len(rows) == 2
    return {row[0]: row[1] for row in rows}


def test_samples_are_copied_as_downloaded(tmp_path: Path) -> None:
    copies, mark = copy_samples(tmp_path)
    assert [copy.name for copy in copies] == sorted(path.name for path in samples.REPORTS.iterdir())
    assert {int(copy.stat().st_mtime) for copy in copies} == {samples.DOWNLOADED}
    assert copy_samples(tmp_path) == (copies, mark)


def test_sample_that_was_changed_is_put_right(tmp_path: Path) -> None:
    copies, mark = copy_samples(tmp_path)
    as_shipped = copies[0].read_bytes()
    copies[0].write_text("date,streams\n")
    assert copy_samples(tmp_path) == (copies, mark)
    assert copies[0].read_bytes() == as_shipped


def test_demo_in_a_folder_that_is_in_use_says_so(program: Call, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = program("demo", "--once", "--state", str(tmp_path / "file"), timeout=60)
    assert result.code not in (0, 1)
    assert "file" in result.err
