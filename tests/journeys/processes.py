"""Real processes of the product: started from the main thread, watched, started again when they die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import psutil

from tests.services.programs import die_with_parent

T = TypeVar("T")
POLL = 0.02


def wait_for(what: str, look: Callable[[], T], seconds: float = 30.0) -> T:
    """The first true thing that `look()` returns. Raises `TimeoutError` that says what was waited for."""
    until = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > until:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(POLL)
    return found


class Crew:
    """Processes by name. `look()` starts again what died, as a supervisor would."""

    def __init__(self, env: Mapping[str, str], logs: Path) -> None:
        self._env = dict(env)
        self._logs = logs
        self._commands: dict[str, list[str]] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.starts = 0
        self.before: dict[str, list[str]] = {}  # by name: a command that becomes the member

    def extend(self, env: Mapping[str, str]) -> None:
        """Members that start from now on have this environment too."""
        paths = [env.get("PYTHONPATH"), self._env.get("PYTHONPATH")]
        self._env |= {**env, "PYTHONPATH": os.pathsep.join(filter(None, paths))}

    def start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        """`python -m` with these arguments, under this name."""
        self._commands[name] = [sys.executable, "-m", *arguments]
        return self._start(name)

    def worker(self, name: str = "worker", concurrency: int = 2) -> subprocess.Popen[bytes]:
        """`backline worker`."""
        return self.start(name, "backline", "worker", "--concurrency", str(concurrency))

    def scheduler(self, name: str = "scheduler") -> subprocess.Popen[bytes]:
        """`backline scheduler`."""
        return self.start(name, "backline", "scheduler")

    def look(self) -> None:
        """Start again whatever died."""
        for name, process in list(self._running.items()):
            if process.poll() is not None:
                _kill_group(process)
                self._start(name)

    @property
    def workers(self) -> list[str]:
        """The names of the workers that are there."""
        return [name for name in self._running if "worker" in self._commands[name]]

    def has_ended(self) -> bool:
        """Whether a member has ended."""
        return any(process.poll() is not None for process in self._running.values())

    def pid(self, name: str = "worker") -> int:
        """The process id of a member."""
        return self._running[name].pid

    def children(self, name: str = "worker") -> list[psutil.Process]:
        """The pool children of a worker, none of them a zombie."""
        with suppress(psutil.NoSuchProcess):
            children = psutil.Process(self.pid(name)).children()
            return [child for child in children if child.status() != psutil.STATUS_ZOMBIE]
        return []

    def stop(self, name: str, seconds: float = 20.0) -> int:
        """SIGTERM, and the exit code. Raises where it does not end in time."""
        process = self._running.pop(name)
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(timeout=seconds)
        finally:
            _kill_group(process)

    def kill_all(self) -> None:
        """kill -9 for every process group."""
        while self._running:
            _kill_group(self._running.popitem()[1])

    def log(self, name: str = "worker") -> str:
        """What a member has said so far."""
        path = self._logs / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def all_logs(self, most: int = 4000) -> str:
        """The end of every log, for a failure's words."""
        return "\n".join(f"── {name}\n{self.log(name)[-most:]}" for name in self._commands)

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        self.starts += 1
        with (self._logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [*self.before.get(name, []), *self._commands[name]], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._env,
                start_new_session=True, preexec_fn=die_with_parent,
            )  # fmt: skip
        self._running[name] = process
        return process


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def plain_env(**extra: str) -> dict[str, str]:
    """This process's environment without our options, with the plug-in of test tasks."""
    paths = [str(Path(__file__).parent / "plug_in"), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {name: value for name, value in os.environ.items() if not name.startswith("BACKLINE_")}
    return {**env, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1", **extra}


def is_alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False
