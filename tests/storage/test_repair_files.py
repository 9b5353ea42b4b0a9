"""Files of processes that ended are told from those of processes that work, and bells from jobs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from backline.storage.repair_files import (
    HOUR,
    list_bells,
    list_exports,
    list_spooled,
    list_unfinished,
    put_back,
    remove_files,
)

BELL = "backline.bell"
RUN = "019b0000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def dead() -> int:
    """The id of a process that has ended."""
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    return int(done.stdout)


def make(path: Path, age: float = 0.0, words: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(words)
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def test_half_written_files_of_ended_processes(tmp_path: Path, dead: int) -> None:
    old = 2 * HOUR
    gone = [
        make(tmp_path / f".backline.db.{dead}.0a1b2c3d.part", old),
        make(tmp_path / f".backline.db.{dead}.0a1b2c3d.part-wal", old),
        make(tmp_path / f".backline-1.zip.{dead}.0a1b2c3d.part", old),
    ]
    make(tmp_path / f".backline-2.zip.{dead}.0a1b2c3d.part", 60)
    make(tmp_path / f".backline-3.zip.{os.getpid()}.0a1b2c3d.part", old)
    gone.append(make(tmp_path / f".backline-3.zip.{os.getpid()}.1a1b2c3d.part", 25 * HOUR))
    make(tmp_path / "backline-4.zip", old)
    make(tmp_path / f"mine.{dead}.0a1b2c3d.part", old)
    assert list_unfinished([tmp_path, tmp_path, tmp_path / "none"]) == sorted(gone)
    assert remove_files(gone) == 4
    assert remove_files(gone) == 0
    assert list_unfinished([tmp_path]) == []


def test_a_spool_that_was_left(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    assert list_spooled(spool) == []
    make(spool / "a")
    assert list_spooled(spool) == []
    os.utime(spool, (5, 5))
    assert list_spooled(spool) == [spool]
    assert remove_files([spool]) == 1
    assert not spool.exists()


def test_exports_and_their_runs(tmp_path: Path) -> None:
    old = make(tmp_path / f"metrics-{RUN}.csv", 25 * HOUR)
    make(tmp_path / f"metrics-{RUN}.parquet", 23 * HOUR)
    make(tmp_path / "my-metrics.csv", 25 * HOUR)
    assert list_exports(tmp_path) == {old: RUN}


def test_bells_are_told_from_jobs(tmp_path: Path) -> None:
    def message(name: str, task: str, age: float = 7 * HOUR) -> Path:
        return make(tmp_path / name, age, json.dumps({"headers": {"task": task}, "body": ""}))

    bells = [
        message("001_a.backline.probe.msg", BELL),
        message(f".002_b.backline.probe.msg.{RUN}", BELL),
    ]
    message("003_c.backline.probe.msg", BELL, HOUR)
    message("004_d.backline.probe.msg", "probe.add")  # a job that nobody has taken yet stays
    taken = message(f".005_e.backline.probe.msg.{RUN}", "probe.add")
    make(tmp_path / ".006_f.backline.probe.msg", 7 * HOUR, '{"headers"')
    make(tmp_path / "007_g.backline.probe.msg.refused", 7 * HOUR, "[]")
    assert list_bells(tmp_path, {BELL}) == (sorted(bells), [taken])
    assert put_back([taken]) == 1
    assert (tmp_path / "005_e.backline.probe.msg").exists()
    assert put_back([taken]) == 0
    assert list_bells(tmp_path / "none", {BELL}) == ([], [])
