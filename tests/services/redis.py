"""A private Redis: its own port and folder, no persistence unless asked for."""

from __future__ import annotations

from pathlib import Path

from tests.services.programs import (
    HOMEBREW,
    LOOPBACK,
    Program,
    answers,
    choose_user,
    find_program,
    free_port,
    make_folder,
)


class Redis:
    """One server. Killed, it forgets everything."""

    name = "redis"

    def __init__(self, folder: Path, address: str = LOOPBACK) -> None:
        """Raises `Missing` where Redis (or Valkey) is not installed."""
        server = find_program("redis-server", tuple(f"{brew}/opt/redis*/bin" for brew in HOMEBREW))
        user = choose_user("redis")
        self.folder = make_folder(folder / self.name, user)
        self.address, self.port = address, free_port(address)
        command = [
            server, "--port", str(self.port), "--bind", address, "--dir", str(self.folder),
            "--save", "", "--appendonly", "no", "--daemonize", "no",
            "--protected-mode", "no" if address != LOOPBACK else "yes",
        ]  # fmt: skip
        self._program = Program(command, self.folder / "log", user)

    @property
    def url(self) -> str:
        """A Celery broker URL."""
        return f"redis://{self.address}:{self.port}/0"

    def start(self) -> None:
        """Start the server and wait until it listens."""
        self._program.start()
        self._program.await_ready(lambda: answers(self.port, self.address))

    def stop(self) -> None:
        """SIGTERM, then kill."""
        self._program.stop()

    def kill(self) -> None:
        """kill -9."""
        self._program.kill()

    def empty(self) -> None:
        """Nothing to do: a Redis without persistence that was killed is empty."""
