"""What the demo says while it waits for a run, and that it looks after its children meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from backline.cli.demo_stages import Stages, _describe
from backline.cli.screen import Screen
from backline.storage.database import Database
from tests.cli.conftest import Call, queue_run


class Looking:
    """A supervisor without children: counts the looks, and does something at the third."""

    def __init__(self, at_third: object = None) -> None:
        self.looks = 0
        self._at_third = at_third

    def look(self) -> None:
        self.looks += 1
        if self.looks == 3 and callable(self._at_third):
            self._at_third()


@pytest.fixture
def database(state: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{state / 'backline.db'}")
    yield database
    database.close()


def make_stages(supervisor: Looking, stop: threading.Event | None = None) -> Stages:
    return Stages(Screen(), supervisor, stop or threading.Event())


@pytest.mark.usefixtures("probe")
def test_ended_run_is_told_in_one_line(
    call: Call, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    call("run", "probe.add", "--set", "one=1", "--here", "--json")
    run_id = call("runs", "list", "--json").one["id"]
    row = make_stages(Looking()).await_run(database, run_id, "Adding")
    assert row.state == "succeeded"
    assert capsys.readouterr().out == "  ✓ Adding\n"


@pytest.mark.usefixtures("probe")
def test_failed_run_is_told_as_failed(
    call: Call, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    call("run", "probe.refuse", "--here", "--json")
    run_id = call("runs", "list", "--json").one["id"]
    assert make_stages(Looking()).await_run(database, run_id, "Trying").state == "failed"
    assert capsys.readouterr().out == "  ✗ Trying\n"


@pytest.mark.usefixtures("probe")
def test_children_are_looked_after_while_a_run_waits(call: Call, database: Database) -> None:
    run_id = queue_run("probe.add", one=1)
    supervisor = Looking(lambda: call("runs", "cancel", run_id))
    assert make_stages(supervisor).await_run(database, run_id, "Waiting").state == "cancelled"
    assert supervisor.looks >= 3


@pytest.mark.usefixtures("probe")
def test_stop_ends_the_wait(database: Database) -> None:
    run_id = queue_run("probe.add", one=1)
    stop = threading.Event()
    with pytest.raises(KeyboardInterrupt):
        make_stages(Looking(stop.set), stop).await_run(database, run_id, "Waiting")


def test_stays_until_stopped() -> None:
    stop = threading.Event()
    supervisor = Looking(stop.set)
    make_stages(supervisor, stop).stay()
    assert supervisor.looks == 3


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        (None, "running"),
        ('{"done": 1200, "total": 5000, "words": "a.csv"}', "1,200/5,000 a.csv"),
        ('{"done": 3, "total": null, "words": null}', "3"),
    ],
)
def test_progress_in_words(progress: str | None, words: str) -> None:
    assert _describe(SimpleNamespace(state="running", progress=progress)) == words
