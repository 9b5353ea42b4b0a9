"""No room for the database, the doorbell, the logs and the state: it is told, waited for, and nothing is half done."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from backline.runtime.retry import is_passing
from tests.conftest import skip_forbidden
from tests.journeys.plug_in import journey_tasks
from tests.journeys.processes import plain_env, wait_for
from tests.journeys.stacks import Servers, idle, make_stack
from tests.services.netns import NotPermitted
from tests.services.tmpfs import SmallDisk

REPORT = Path(__file__).parents[2] / "src/backline/samples/reports"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """16 MB."""
    folder, made, words = tmp_path / "disk", None, ""
    folder.mkdir()
    try:
        made = SmallDisk(folder, 16)
    except NotPermitted as error:
        words = str(error)
    if made is None:
        skip_forbidden(f"a tmpfs ({words})")
    yield made
    made.end()


def check_whole(path: Path) -> None:
    """The database is intact."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_runs_wait_for_room_and_each_counts_once(disk: SmallDisk, servers: Servers) -> None:
    stack = make_stack("embedded", disk.path / "stack", servers)
    try:
        stack.crew.worker()
        stack.crew.scheduler()
        long = stack.submit(journey_tasks.work, 1, 2000)
        wait_for("a run in hand", lambda: stack.state(long) == "running")
        others = [stack.submit(journey_tasks.work, number, 50) for number in range(2, 22)]
        disk.fill()
        refused = 0
        for _ in range(20):  # longer than the run in hand takes, and than its lease
            disk.fill()
            try:
                others.append(stack.submit(journey_tasks.mark, 100, key="while it is full"))
            except Exception as error:
                assert is_passing(error), error
                refused += 1
            idle(0.2)
        assert refused > 5
        assert stack.count("succeeded") < len(others)
        check_whole(stack.settings.state / "backline.db")
        disk.empty()
        others.append(stack.submit(journey_tasks.mark, 100, key="while it is full"))
        wait_for("every run to succeed", lambda: stack.count("succeeded") == len({long, *others}), 60)
        assert [stack.effects(number) for number in (*range(1, 22), 100)] == [1] * 22
        assert stack.crew.starts == 2 and not stack.crew.has_ended()
        check_whole(stack.settings.state / "backline.db")
    finally:
        stack.close()


def list_imports(path: Path) -> list[str]:
    """The files that were brought in, and nothing that belongs to no import."""
    with closing(sqlite3.connect(path)) as connection:
        files = [str(row[0]) for row in connection.execute("SELECT file FROM backline_import")]
        facts = connection.execute("SELECT count(*) FROM backline_fact").fetchone()[0]
    assert bool(facts) == bool(files)
    return files


@pytest.mark.parametrize(
    ("left", "code", "remedy"),
    [(0, 4, "Make room"), (120_000, 5, "tries it again")],
    ids=["at the start", "on the way"],
)
def test_an_import_says_so_and_leaves_nothing_half_written(
    disk: SmallDisk, sqlite_template: Path, left: int, code: int, remedy: str
) -> None:
    report = next(REPORT.glob("*songs*.csv"))
    env = plain_env(
        BACKLINE_STATE=str(disk.path / "state"), BACKLINE_DATABASE_BUSY_SECONDS="2", COLUMNS="200"
    )

    def bring_in() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "backline", "import", str(report)]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=90, check=False)

    path = disk.path / "state" / "backline.db"
    path.parent.mkdir()
    shutil.copyfile(sqlite_template, path)
    disk.fill(left)
    said = bring_in()
    assert (said.returncode, "is full" in said.stderr, remedy in said.stderr) == (code, True, True), said
    assert "Traceback" not in said.stdout + said.stderr
    disk.empty()
    check_whole(path)
    assert list_imports(path) == []
    assert bring_in().returncode == 0
    assert list_imports(path) == [report.name]
