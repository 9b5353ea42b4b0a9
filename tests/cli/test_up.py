"""`backline up` as a real process tree."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from backline.cli.up import is_answering, show_address
from tests.cli.conftest import Call


@dataclass
class Tree:
    """A running `backline up`."""

    process: subprocess.Popen[str]
    address: str
    log: Path


@contextmanager
def grow(folder: Path) -> Iterator[Tree]:
    """One tree on a free port, ready to answer."""
    log = folder / "up.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "backline", "up", "--port", "0", "--concurrency", "1"],
            stdout=subprocess.PIPE, stderr=file, text=True,
        )  # fmt: skip
    assert process.stdout is not None
    address = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
    assert address is not None, log.read_text()
    try:
        # Who says that it is up must answer, and have the folder that it names.
        assert httpx.get(f"{address[0]}/ready").status_code == 200
        inbox = re.search(r"dropped into (\S+) ", process.stdout.readline())
        assert inbox is not None and Path(inbox[1]).is_dir()
        yield Tree(process, address[0], log)
    finally:
        process.kill()
        process.wait()


@pytest.mark.usefixtures("probe")
def test_runs_are_carried_and_the_end_is_clean(tmp_path: Path, program: Call) -> None:
    with grow(tmp_path) as tree:
        result = program("run", "add", "--set", "one=40", "--wait", "--json")
        assert (result.code, result.one["answer"]["sum"]) == (0, 42)
        children = psutil.Process(tree.process.pid).children(recursive=True)
        assert len(children) >= 3
        tree.process.send_signal(signal.SIGTERM)
        assert tree.process.wait(timeout=30) == 0
        _, alive = psutil.wait_procs(children, timeout=5)
        assert alive == []


def test_a_standing_tree_lets_no_second_in_and_starts_its_worker_again(
    tmp_path: Path, program: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    with grow(tmp_path) as tree:
        same_state = program("up")
        assert same_state.code == 2
        assert str(tree.process.pid) in same_state.err
        monkeypatch.setenv("BACKLINE_STATE", str(tmp_path / "other"))
        same_port = program("up", "--port", tree.address.rpartition(":")[2])
        assert same_port.code == 2
        assert "--port" in same_port.err
        assert httpx.get(f"{tree.address}/health").status_code == 200
        first = find_worker(tree)
        assert first is not None
        psutil.Process(first).kill()
        for _ in range(150):
            now = find_worker(tree)
            if now not in (None, first):
                break
            time.sleep(0.1)
        assert now not in (None, first)
        assert "code -9" in tree.log.read_text()


def find_worker(tree: Tree) -> int | None:
    """The process id of the tree's worker."""
    for child in psutil.Process(tree.process.pid).children():
        if child.status() != psutil.STATUS_ZOMBIE and "worker" in child.cmdline():
            return child.pid
    return None


@pytest.mark.parametrize("name", ["up", "demo"])
def test_the_supervisor_itself_loads_neither_broker_nor_web_server(name: str) -> None:
    heavy = "{'celery', 'kombu', 'fastapi', 'uvicorn', 'pyarrow'}"
    code = f"import sys, backline.cli.{name}; print(*sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "\n")


def test_an_address_as_a_browser_takes_it() -> None:
    assert show_address("127.0.0.1", 80) == "http://127.0.0.1:80"
    assert show_address("::1", 80) == "http://[::1]:80"


def test_a_port_where_nobody_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert not is_answering("127.0.0.1", port)
