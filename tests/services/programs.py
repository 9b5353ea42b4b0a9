"""A service as a child process: found, started unprivileged, and gone when its starter is gone."""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

LOOPBACK = "127.0.0.1"
HOMEBREW = ("/opt/homebrew", "/usr/local")
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class Missing(Exception):
    """A program is not installed here."""


def find_program(name: str, folders: Sequence[str]) -> str:
    """The full path of a program: in these folders (globs, newest first), else in PATH. Raises `Missing`."""
    for pattern in folders:
        for folder in sorted(Path("/").glob(pattern.lstrip("/")), key=_version, reverse=True):
            if os.access(folder / name, os.X_OK):
                return str(folder / name)
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        raise Missing(name)
    return found


def _version(folder: Path) -> list[int]:
    words = str(folder).replace("@", "/").replace("-", "/").split("/")
    return [int(part) for word in words for part in word.split(".") if part.isdigit()]


def free_port(address: str = LOOPBACK) -> int:
    """A port of this address that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind((address, 0))
        return int(listener.getsockname()[1])


def choose_user(*names: str) -> str | None:
    """As root, the first of these users that exists, else nobody. None where we are not root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in (*names, "nobody") if name in known)


def make_folder(folder: Path, user: str | None) -> Path:
    """A folder that only `user` may look into."""
    folder.mkdir(parents=True, mode=0o700)
    if user is not None:
        shutil.chown(folder, user)
    return folder


class Program:
    """One running program and its process group. It dies with the thread that started it (Linux)."""

    def __init__(self, command: Sequence[str], log: Path, user: str | None, **env: str) -> None:
        self.command = list(command)
        self.log = log
        self._user = user
        self._env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", **env}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start it in a process group of its own."""
        entry = pwd.getpwnam(self._user) if self._user else None
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._env,
                cwd=self.log.parent,
                start_new_session=True,
                user=entry.pw_uid if entry else None,
                group=entry.pw_gid if entry else None,
                extra_groups=[] if entry else None,
                preexec_fn=die_with_parent,
            )

    def await_ready(self, ready: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until `ready()`. Raises with the end of the log where the program ends or takes too long."""
        until, pause = time.monotonic() + seconds, threading.Event()
        while time.monotonic() < until and self.running:
            with suppress(OSError):
                if ready():
                    return
            pause.wait(0.05)
        code = None if self.process is None else self.process.poll()
        tail = self.log.read_text(errors="replace")[-3000:]
        self.kill()
        raise RuntimeError(f"{self.command[0]} did not get ready (exit code {code}):\n{tail}")

    def stop(self, number: int = signal.SIGTERM, seconds: float = 20.0) -> None:
        """Ask it to end, wait, then kill its group."""
        if self.process is None:
            return
        if self.running:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=seconds)
        self.kill()

    def kill(self) -> None:
        """kill -9 for the whole group, and wait."""
        if self.process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None


def die_with_parent() -> None:
    """Between fork and exec: the kernel sends SIGKILL when the parent is gone. Elsewhere the keeper sees to it."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def answers(port: int, address: str = LOOPBACK) -> bool:
    """Whether something accepts connections on a port of this address."""
    with suppress(OSError), socket.create_connection((address, port), timeout=1):
        return True
    return False
