"""Worker, scheduler and web as child processes: started, watched, started again, stopped in order."""

from __future__ import annotations

import fcntl
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO

from backline.errors import BadInput

LONGEST_PAUSE = 30.0
STEADY = 60.0  # a child that lived so long starts again without a pause
Sink = Callable[[str, str], None]


@dataclass
class Child:
    """One process of the tree."""

    name: str
    arguments: Sequence[str]
    process: subprocess.Popen[str] | None = None
    began: float = 0.0
    deaths: int = 0
    again_at: float = 0.0
    reader: threading.Thread | None = field(default=None, repr=False)


class Supervisor:
    """Keeps its children alive. `look()` is called in a loop from the thread that made it.

    `grace` seconds after SIGTERM a child is killed with its whole process group.
    """

    def __init__(self, commands: dict[str, Sequence[str]], sink: Sink, grace: float) -> None:
        self.children = [Child(name, arguments) for name, arguments in commands.items()]
        self._sink = sink
        self._grace = grace

    def start(self) -> None:
        """Start every child."""
        for child in self.children:
            self._start(child)

    def add(self, commands: dict[str, Sequence[str]]) -> None:
        """Start some more children."""
        for name, arguments in commands.items():
            self.children.append(Child(name, arguments))
            self._start(self.children[-1])

    def look(self) -> None:
        """Start again whatever died; each death in a row waits longer, up to half a minute."""
        now = time.monotonic()
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                code = child.process.returncode
                _kill_group(child.process)
                child.process = None
                child.deaths = 1 if now - child.began > STEADY else child.deaths + 1
                pause = min(LONGEST_PAUSE, 0.5 * 2 ** (child.deaths - 1)) * random.uniform(0.8, 1.2)
                child.again_at = now + pause
                self._sink(child.name, f"ended with code {code}; starts again in {pause:.1f} s")
            elif child.process is None and now >= child.again_at:
                self._start(child)

    def stop(self) -> None:
        """Ask every child to end, wait for the grace, then kill. Safe to call twice."""
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            if process.poll() is None:
                process.terminate()
        until = time.monotonic() + self._grace
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=max(0.0, until - time.monotonic()))
            _kill_group(process)
            process.wait()
        for child in self.children:
            if child.reader is not None:
                child.reader.join(timeout=1.0)
            child.process = None
            child.again_at = float("inf")

    def _start(self, child: Child) -> None:
        child.began = time.monotonic()
        # A session of its own: Ctrl-C in the terminal reaches only us, and we pass it on in order.
        child.process = subprocess.Popen(
            [sys.executable, "-m", "backline", *child.arguments, "--under", str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="backslashreplace",
            start_new_session=True,
        )
        assert child.process.stdout is not None
        child.reader = threading.Thread(
            target=self._read, args=(child.name, child.process.stdout), daemon=True
        )
        child.reader.start()

    def _read(self, name: str, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                self._sink(name, line.rstrip("\n"))


def _kill_group(process: subprocess.Popen[str]) -> None:
    """End what is left of a child and of its children; the group outlives its leader."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


class StateLock:
    """At most one process tree per state folder. The kernel gives the lock back when its holder dies."""

    def __init__(self, state: Path, elsewhere: str = "set BACKLINE_STATE to another folder") -> None:
        self._path = state / "up.lock"
        self._elsewhere = elsewhere
        self._file: IO[str] | None = None

    def __enter__(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise BadInput(
                f"Backline is up on {self._path.parent} already (process {holder}).",
                remedy=f"Stop that one first (kill {holder}), or {self._elsewhere}.",
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        self._file = file

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()
