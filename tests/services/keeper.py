"""One process that keeps the services which all test processes share: started when first asked for,
ended by the pytest that leads, or by itself when that pytest is gone.

    python -m tests.services.keeper FOLDER LEADER
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.services.dovecot import Dovecot
from tests.services.postgresql import PostgreSQL
from tests.services.programs import Missing
from tests.services.rabbitmq import RabbitMQ
from tests.services.redis import Redis
from tests.services.sshd import Sshd

KINDS: dict[str, Any] = {kind.name: kind for kind in (PostgreSQL, Redis, RabbitMQ, Dovecot, Sshd)}
TEMPLATE = "backline_template"
ROOT = Path(__file__).parents[2]


def ask(folder: Path, leader: int, service: str) -> str:
    """The URL of a shared service, started now where it is not. Raises `Missing`, `RuntimeError`."""
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "socket").exists():
            _start(folder, leader)
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(180)
        line.connect(str(folder / "socket"))
        line.sendall(service.encode() + b"\n")
        answer = json.loads(line.makefile().readline() or '{"failed": "the keeper of services is gone"}')
    if "missing" in answer:
        raise Missing(answer["missing"])
    if "failed" in answer:
        raise RuntimeError(answer["failed"])
    return str(answer["url"])


def end(folder: Path) -> None:
    """Stop every shared service and remove the folder. Safe where none was started."""
    with suppress(OSError), socket.socket(socket.AF_UNIX) as line:
        line.settimeout(60)
        line.connect(str(folder / "socket"))
        line.sendall(b"end\n")
        line.recv(1)
    shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path, leader: int) -> None:
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.services.keeper", str(folder), str(leader)],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    until = time.monotonic() + 30
    while not (folder / "socket").exists():
        if time.monotonic() > until or process.poll() is not None:
            raise RuntimeError((folder / "log").read_text())
        time.sleep(0.02)


class Keeper:
    """Serves one request after another; every service is a child of its main thread."""

    def __init__(self, folder: Path, leader: int) -> None:
        self._folder = folder
        self._leader = leader
        self._running: dict[str, Any] = {}

    def run(self) -> None:
        """Until told to end, or the leader is gone."""
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self._folder / "starting"))
            listener.listen(64)
            listener.settimeout(0.5)
            (self._folder / "starting").rename(self._folder / "socket")
            try:
                while _is_alive(self._leader):
                    with suppress(TimeoutError):
                        line, _ = listener.accept()
                        with line, suppress(OSError):
                            if not self._serve(line):
                                return
            finally:
                self._stop()

    def _serve(self, line: socket.socket) -> bool:
        line.settimeout(10)
        wanted = line.makefile().readline().strip()
        if wanted == "end":
            self._stop()
            return False
        try:
            answer = {"url": self._provide(wanted)}
        except Missing as error:
            answer = {"missing": str(error)}
        except Exception as error:
            answer = {"failed": f"{type(error).__name__}: {error}"}
        line.sendall(json.dumps(answer).encode() + b"\n")
        return True

    def _provide(self, name: str) -> str:
        if name not in self._running:
            service = KINDS[name](self._folder)
            service.start()
            self._running[name] = service
            if name == "postgresql":
                _make_template(service)
        return str(self._running[name].url)

    def _stop(self) -> None:
        while self._running:
            self._running.popitem()[1].stop()
        if not _is_alive(self._leader):
            shutil.rmtree(self._folder, ignore_errors=True)


def _make_template(service: PostgreSQL) -> None:
    from backline.storage.database import Database
    from backline.storage.upgrade import upgrade_database

    database = Database(service.make_database(TEMPLATE), writer_role="backline_writer")
    upgrade_database(database)
    database.close()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    Keeper(Path(sys.argv[1]), int(sys.argv[2])).run()
