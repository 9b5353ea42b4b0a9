"""`backline fetch`: a real mailbox in, numbers out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backline.cli.fetch import look_once
from backline.cli.screen import Screen
from backline.errors import TryLater
from backline.mailroom.place import Mailroom
from backline.settings import load_settings
from backline.storage.runs import list_runs
from backline.tasks.report_fetch import fetch_reports
from backline.tasks.report_import import import_reports
from backline.wiring import House
from tests.cli.conftest import Call
from tests.mailroom.conftest import TABLE, Drawer, Post, post, write_message
from tests.services.dovecot import PASSWORD
from tests.services.programs import free_port

__all__ = ["post"]


@pytest.fixture
def drawers(state: Path, tmp_path: Path) -> Iterator[tuple[House, list[Drawer]]]:
    """A house that fetches and imports, and two of its places."""
    words = f'host = "127.0.0.1"\nuser = "u"\nhost_key = "SHA256:{"a" * 43}"\n'
    tables = [f'[[sftp]]\nname = "{name}"\n{words}' for name in ("a", "b")]
    (tmp_path / "backline.toml").write_text("".join(tables))
    tasks = {task.name: task for task in (fetch_reports, import_reports)}
    house = House(load_settings({"BACKLINE_STATE": str(state)}).settings, tasks)
    places = [Drawer("a"), Drawer("b")]
    house.runtime.providers[Mailroom] = lambda _: Mailroom(places, state / "fetched")  # type: ignore[index] # a dict
    yield house, places
    house.close()


def test_nothing_is_set(call: Call) -> None:
    result = call("fetch", "--once")
    assert result.code == 2 and "[[mailbox]]" in result.err


def test_what_two_places_brought_is_imported_the_oldest_first(
    drawers: tuple[House, list[Drawer]], capsys: pytest.CaptureFixture[str]
) -> None:
    house, (late, early) = drawers
    late.files, late.changed = {"late.csv": TABLE}, 2.0
    early.files, early.changed = {"early.csv": TABLE.replace(b"Ann", b"Bo")}, 1.0
    assert look_once(house, Screen("en", json_lines=True), [])
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["file"] for line in told if "file" in line] == ["early.csv", "late.csv"]


def test_without_a_worker_a_place_that_was_away_is_asked_again(
    drawers: tuple[House, list[Drawer]], capsys: pytest.CaptureFixture[str]
) -> None:
    house, (away, _) = drawers
    away.error, away.files = TryLater(60, "It is away."), {"a.csv": TABLE}
    screen = Screen("en", json_lines=True)
    assert [look_once(house, screen, []) for _ in range(2)] == [False, False]
    with house.database.read() as connection:
        assert len(list_runs(connection, task=fetch_reports.name, states=["queued", "scheduled"])) == 1
    away.error = None
    assert look_once(house, screen, [])
    assert '"a.csv"' in capsys.readouterr().out


@pytest.mark.services
def test_a_mailbox_is_fetched_and_imported_once(
    call: Call, post: Post, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = post.box()
    (tmp_path / "secret").write_text(f"{PASSWORD}\n")
    (tmp_path / "secret").chmod(0o600)
    (tmp_path / "backline.toml").write_text(
        f'[[mailbox]]\nname = "label"\nhost = "{box.host}"\nport = {box.port}\nuser = "{box.user}"\n'
        f'password = "file:{tmp_path / "secret"}"\nca_file = "{box.ca_file}"\nsince_days = 3650\n'
    )
    post.send(write_message(own_csv=TABLE, bad_csv=b"<html>sign in</html>"))
    result = call("fetch", "--once", "--json")
    place, good, bad = result.lines
    assert place == {"place": "label", "stored": 2, "refused": 0, "left": 0, "error": None}
    assert {line["file"]: line["outcome"] for line in (good, bad)} == {
        "own.csv": "accepted",
        "bad.csv": "rejected",
    }
    assert result.code == 4
    again = call("fetch", "label", "--once")
    assert again.code == 0 and PASSWORD not in again.out + again.err
    assert call("metrics", "show", "--artist", "Ann", "--json").one["value"] == "5"
    assert call("fetch", "nowhere", "--once").code == 2


@pytest.mark.services
def test_a_server_that_is_away_is_told(call: Call, tmp_path: Path) -> None:
    (tmp_path / "backline.toml").write_text(
        f'[[mailbox]]\nname = "label"\nhost = "127.0.0.1"\nport = {free_port()}\nuser = "u"\n'
        'password = "env:SOME_PASSWORD"\n'
    )
    result = call("fetch", "--once")
    assert result.code != 0 and "cannot be read now" in result.err


def test_it_looks_again_until_it_is_told_to_stop(state: Path, tmp_path: Path) -> None:
    (tmp_path / "backline.toml").write_text(
        f'[[sftp]]\nname = "depot"\nhost = "127.0.0.1"\nport = {free_port()}\nuser = "u"\n'
        f'host_key = "SHA256:{"a" * 43}"\n'
    )
    command = [sys.executable, "-m", "backline", "fetch", "--every", "0.1"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    assert process.stderr is not None
    try:
        assert "cannot be read now" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.stderr.close()
