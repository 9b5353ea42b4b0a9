"""The supervisor with real processes: restart, order at the end, and no child that outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from backline.cli.supervisor import StateLock, Supervisor
from backline.errors import BadInput


def await_true(what: Callable[[], bool], seconds: float = 15.0) -> None:
    """Wait until it is true."""
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


def test_starts_again_what_died_and_stops_in_order() -> None:
    lines: list[tuple[str, str]] = []
    supervisor = Supervisor({"scheduler": ["scheduler"]}, lambda *line: lines.append(line), grace=10)
    supervisor.start()
    (child,) = supervisor.children
    try:
        await_true(lambda: any("watching" in words for _, words in lines))
        assert child.process is not None
        first = child.process.pid
        os.kill(first, signal.SIGKILL)

        def is_back() -> bool:
            supervisor.look()
            return child.process is not None and child.process.pid != first

        await_true(is_back)
        assert any("code -9" in words for _, words in lines)
        assert sum("watching" in words for _, words in lines) >= 1
    finally:
        second = child.process.pid if child.process else 0
        supervisor.stop()
    assert second and not psutil.pid_exists(second)
    supervisor.look()
    assert child.process is None


def test_child_that_does_not_end_is_killed() -> None:
    """A stopped process cannot answer SIGTERM; after the grace it is gone all the same."""
    supervisor = Supervisor({"scheduler": ["scheduler"]}, lambda *_: None, grace=0.5)
    supervisor.start()
    process = supervisor.children[0].process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    while psutil.Process(process.pid).status() != psutil.STATUS_STOPPED:
        threading.Event().wait(0.01)
    began = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - began < 5
    assert process.returncode == -signal.SIGKILL


def test_children_do_not_outlive_a_killed_supervisor(tmp_path: Path) -> None:
    script = tmp_path / "supervise.py"
    script.write_text(
        textwrap.dedent("""
        import sys, threading
        from backline.cli.supervisor import Supervisor
        supervisor = Supervisor({"scheduler": ["scheduler"]}, lambda *line: print(*line, flush=True), 5)
        supervisor.start()
        print("child", supervisor.children[0].process.pid, flush=True)
        threading.Event().wait()
        """)
    )
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    child = int(process.stdout.readline().split()[1])
    while "watching" not in process.stdout.readline():
        pass
    process.kill()
    process.wait()
    await_true(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)


def test_lock_holds_one_tree_per_state_folder(tmp_path: Path) -> None:
    with StateLock(tmp_path), pytest.raises(BadInput, match=str(os.getpid())), StateLock(tmp_path):
        pass
    with StateLock(tmp_path):
        pass
