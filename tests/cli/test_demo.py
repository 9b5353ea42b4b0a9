"""`backline demo` as people call it: twice, whatever their environment says, and with its samples as shipped."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from backline import samples
from backline.cli.demo import carry, copy_samples
from backline.cli.supervisor import StateLock
from backline.runtime.run import run_here
from backline.runtime.submit import Ask
from backline.storage.audits import list_audit
from backline.storage.database import Database
from backline.storage.runs import read_run, request_cancel
from backline.wiring import House
from tests.cli.conftest import Call
from tests.cli.turns import Word, house, say

__all__ = ["house"]


def test_demo_shows_what_it_found_and_repeats_nothing(
    program: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKLINE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("BACKLINE_LANGUAGE", "en")
    place = tmp_path / "demo-state"
    first = program("demo", "--once", "--state", str(place), timeout=200)
    assert first.code == 0, first.err
    for words in (
        "What ran", "6 files accepted", "1 rejected", samples.ARTIST, "Where to look",
        "Connected as", "4 releases, 7 recordings, with 13 requests", "3 tracks of the reports joined: 2 by ISRC, 1 by UPC",
        "wait for your word", "catalogue confirm trk_",
    ):  # fmt: skip
        assert words in first.out
    assert "nothing was repeated" not in first.out
    runs = list_runs(place)
    assert sorted(runs) == [
        "data_sync.remind_reconnect", "data_sync.sync_artist_data", "report_import.import_reports",
        "streaming_metrics.aggregate_metrics",
    ]  # fmt: skip
    assert len(list((place / "exports").iterdir())) == 2

    second = program("demo", "--once", "--state", str(place), timeout=200)
    assert second.code == 0, second.err
    assert "nothing was repeated" in second.out
    assert list_runs(place) == runs


def list_runs(place: Path) -> dict[str, list[str]]:
    """Task to the ids of its runs, by the demo's own database: one each, and the reminders of one consent."""
    with sqlite3.connect(place / "backline.db") as connection:
        rows = connection.execute("SELECT task, id, state FROM backline_run ORDER BY id").fetchall()
    runs: dict[str, list[str]] = {}
    for task, run_id, state in rows:
        is_reminder = task == "data_sync.remind_reconnect"
        assert state == ("scheduled" if is_reminder else "succeeded")
        runs.setdefault(task, []).append(run_id)
        assert len(runs[task]) <= (3 if is_reminder else 1)
    return runs


def test_samples_are_copied_as_downloaded(tmp_path: Path) -> None:
    copies, mark = copy_samples(tmp_path)
    assert [copy.name for copy in copies] == sorted(path.name for path in samples.REPORTS.iterdir())
    assert {int(copy.stat().st_mtime) for copy in copies} == {samples.DOWNLOADED}
    assert copy_samples(tmp_path) == (copies, mark)


class Hand:
    """Instead of the stack's worker: carries the run itself while the demo waits for it."""

    def __init__(self, house: House) -> None:
        self._house = house

    def await_run(self, database: Database, run_id: str, words: str) -> Any:
        run_here(self._house.runtime, run_id)
        with database.read() as connection:
            return read_run(connection, run_id)


def test_a_run_that_an_earlier_demo_left_is_tried_again_and_the_audit_says_so(house: House) -> None:
    run_id = house.submit(say, Word(word="hello"), Ask("demo", key="demo:m"))
    with house.database.write() as connection:
        request_cancel(connection, house.database.now_sql, run_id)
    row: Any = carry(house, Hand(house), say.name, {"word": "hello"}, "m", "Saying")  # type: ignore[arg-type]  # stands in for the stages
    assert (row.id, row.state) == (run_id, "succeeded")
    with house.database.read() as connection:
        trail = [(row.actor, row.action) for row in list_audit(connection, run_id=run_id)]
    assert trail == [("demo", "run.succeeded"), ("demo", "run.retry")]


def test_sample_that_was_changed_is_put_right(tmp_path: Path) -> None:
    copies, mark = copy_samples(tmp_path)
    as_shipped = copies[0].read_bytes()
    copies[0].write_text("date,streams\n")
    assert copy_samples(tmp_path) == (copies, mark)
    assert copies[0].read_bytes() == as_shipped


def test_a_second_demo_names_the_option_that_helps(program: Call, tmp_path: Path) -> None:
    with StateLock(tmp_path / "place"):
        result = program("demo", "--once", "--state", str(tmp_path / "place"), timeout=60)
    assert result.code == 2
    assert "--state" in result.err and "BACKLINE_STATE" not in result.err


def test_demo_in_a_folder_that_is_in_use_says_so(program: Call, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = program("demo", "--once", "--state", str(tmp_path / "file"), timeout=60)
    assert result.code not in (0, 1)
    assert "file" in result.err
