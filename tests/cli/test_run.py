"""`backline run`: submitted, carried here, waited for."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from backline.cli.exits import BAD_INPUT, NOT_YET
from backline.cli.houses import open_house
from backline.cli.run import await_run
from backline.cli.screen import Screen
from backline.runtime.task import INTERACTIVE
from tests.cli.conftest import Call, queue_run

pytestmark = pytest.mark.usefixtures("probe")


def test_here(call: Call) -> None:
    result = call("run", "add", "--set", "one=40", "--here", "--json")
    assert result.code == 0, result
    assert (result.one["state"], result.one["answer"]["sum"]) == ("succeeded", 42)


def test_here_for_people(call: Call) -> None:
    result = call("run", "probe.add", "--set", "one=40", "--here")
    assert result.out.splitlines() == ["sum: 42"]
    run = call("runs", "list", "--json").one["id"]
    assert f"backline runs show {run} --json" in result.err
    shown = call("runs", "show", run).out
    assert "one: 40" in shown and "sum: 42" in shown and "{" not in shown


def test_failed_run_ends_in_its_own_kind_and_names_the_reason(call: Call) -> None:
    result = call("run", "refuse", "--set", "word=that", "--here", "--json")
    assert result.code == BAD_INPUT
    assert (result.one["state"], result.one["error"]) == ("failed", "that cannot be used.")
    assert "backline runs show" in result.err


def test_what_a_person_asks_for_goes_before_batch(call: Call) -> None:
    call("run", "add", "--set", "one=1", "--here")
    assert call("runs", "list", "--json").one["priority"] == INTERACTIVE


def test_same_key_is_the_same_run(call: Call) -> None:
    first = call("run", "add", "--set", "one=1", "--key", "k", "--here", "--json").one
    again = call("run", "add", "--set", "one=1", "--key", "k", "--here", "--json").one
    assert again == first
    other = call("run", "add", "--set", "one=2", "--key", "k", "--here", "--json")
    assert other.code == 2
    assert "another job" in other.err


def test_without_worker_the_run_waits_and_says_so(program: Call) -> None:
    submitted = program("run", "add", "--set", "one=1", "--json").one
    assert submitted["state"] == "queued"
    process = subprocess.Popen(
        [sys.executable, "-m", "backline", "run", "add", "--set", "one=2", "--wait", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )  # fmt: skip
    assert process.stderr is not None
    said = [process.stderr.readline(), process.stderr.readline()]
    assert said[0] == "queued\n"
    assert "backline up" in said[1]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "")


def test_waiting_ends_at_its_timeout_and_leaves_the_run(program: Call, call: Call) -> None:
    result = program("run", "add", "--set", "one=1", "--wait", "--timeout", "0.2", "--json")
    assert (result.code, result.one["state"]) == (NOT_YET, "queued")
    run = result.one["run"]
    assert "0.2 s" in result.err and f"backline runs cancel {run}" in result.err
    assert call("runs", "show", run, "--json").one["state"] == "queued"


@pytest.mark.parametrize("more", [(), ("--wait", "--here")])
def test_a_timeout_is_for_those_who_wait_for_a_worker(call: Call, more: tuple[str, ...]) -> None:
    result = call("run", "add", "--set", "one=1", "--timeout", "1", *more)
    assert result.code == BAD_INPUT and "--wait" in result.err
    assert call("runs", "list", "--json").out == ""


def test_waiting_ends_where_nobody_takes_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    run = queue_run("probe.add", one=1)
    with open_house() as house:
        row = await_run(house.database, Screen(), run, nobody=0)
    assert row.state == "queued"
    told = capsys.readouterr().err
    assert f"No worker has taken run {run}" in told and "backline up" in told


def test_wait_with_a_worker(program: Call) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-m", "backline", "worker", "--concurrency", "1", "--queues", "probe"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        result = program("run", "add", "--set", "one=40", "--wait", "--json")
        assert (result.code, result.one["answer"]["sum"]) == (0, 42)
    finally:
        worker.terminate()
        assert worker.wait(timeout=20) == 0
