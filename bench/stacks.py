"""The ground a round stands on: embedded (SQLite, files), PostgreSQL with Redis, PostgreSQL with RabbitMQ.

Services are private ones with fsync on, those of the tests; they end with the stack.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backline.settings import Settings
from bench.contenders import EMBEDDED, REDIS
from tests.services.postgresql import PostgreSQL
from tests.services.rabbitmq import RabbitMQ
from tests.services.redis import Redis


@dataclass(frozen=True)
class Stack:
    """One ground: its name, a folder of its own, and the URLs ("" is what is built in)."""

    name: str
    state: Path
    database_url: str = ""
    broker_url: str = ""

    @property
    def environ(self) -> dict[str, str]:
        """What a contender's process is told; the settings file of whoever measures plays no part."""
        empty = self.state / "none.toml"
        empty.touch()
        return {
            "BACKLINE_CONFIG": str(empty),
            "BACKLINE_STATE": str(self.state),
            "BACKLINE_DATABASE_URL": self.database_url,
            "BACKLINE_BROKER_URL": self.broker_url,
        }

    @property
    def settings(self) -> Settings:
        """The same for this process."""
        sections = {"database": {"url": self.database_url}, "broker": {"url": self.broker_url}}
        return Settings.model_validate({"state": self.state, **sections})


@contextmanager
def open_stack(name: str) -> Iterator[Stack]:
    """Start what the stack needs. Raises `tests.services.programs.Missing` where a program is not installed."""
    with ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="backline-bench-")))
        folder.chmod(0o755)  # an unprivileged server must reach its own folder in it
        state = folder / "state"
        state.mkdir()
        if name == EMBEDDED:
            yield Stack(name, state)
            return
        postgresql = _start(ends, PostgreSQL(folder))
        broker = _start(ends, (Redis if name == REDIS else RabbitMQ)(folder))
        yield Stack(name, state, postgresql.make_database("bench"), broker.url)


def _start(ends: ExitStack, service: Any) -> Any:
    ends.callback(service.stop)
    service.start()
    return service
