"""Three stacks: SQLite + files, PostgreSQL + Redis, PostgreSQL + RabbitMQ; each can be hurt and healed."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text

from backline.celery_app import make_app
from backline.desk import Desk
from backline.runtime.task import Task
from backline.settings import Settings, load_settings
from backline.storage.database import Database
from backline.storage.upgrade import upgrade_database
from tests.journeys.plug_in import journey_tasks
from tests.journeys.processes import Crew, plain_env
from tests.services.postgresql import PostgreSQL, make_database
from tests.services.programs import die_with_parent
from tests.services.rabbitmq import RabbitMQ
from tests.services.redis import Redis

NAMES = ("embedded", "redis", "rabbitmq")
OPTIONS = {
    "BACKLINE_DATABASE_BUSY_SECONDS": "5",
    "BACKLINE_RUNTIME_LEASE_SECONDS": "3",
    "BACKLINE_RUNTIME_SWEEP_SECONDS": "0.3",
    "BACKLINE_RUNTIME_RING_AGAIN_SECONDS": "2",
    "BACKLINE_RUNTIME_GRACE_SECONDS": "4",
    "BACKLINE_RUNTIME_ACTOR": "journey",
    "BACKLINE_WEB_PORT": "0",
}
LOCK_SQLITE = (
    "import sqlite3, sys, time; c = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None); "
    "c.execute('BEGIN IMMEDIATE'); print('locked', flush=True); time.sleep(float(sys.argv[2])); c.rollback()"
)


class Servers:
    """The servers that journeys may hurt: this process's own, started when first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[type[Any], Any] = {}

    def get(self, kind: type[Any]) -> Any:
        """A running server of that kind. Raises `Missing`. To be called from the main thread."""
        if kind not in self._running:
            server = self._make(kind)
            server.start()
            self._running[kind] = server
        return self._running[kind]

    def _make(self, kind: type[Any]) -> Any:
        return kind(self._folder)

    def stop(self) -> None:
        """Stop all."""
        while self._running:
            self._running.popitem()[1].stop()


@dataclass
class Stack:
    """One installation in a folder of its own, and what can be done to it."""

    name: str
    folder: Path
    settings: Settings
    env: Mapping[str, str]
    database: Database
    server: PostgreSQL | None
    broker: Redis | RabbitMQ | None
    desk: Desk = field(init=False)
    crew: Crew = field(init=False)

    def __post_init__(self) -> None:
        tasks = {task.name: task for task in vars(journey_tasks).values() if isinstance(task, Task)}
        self.desk = make_app(self.settings, tasks).backline_desk
        self.crew = Crew(self.env, self.folder)

    def submit(self, task: Task[Any, Any], *args: Any, **options: Any) -> str:
        """A run asked for from this process, as a team's own program would. Returns its id."""
        return str(self.desk.submit(task, task.read_job(*args), options).id)

    def query(self, sql: str, **values: Any) -> list[Any]:
        """Rows, read from outside."""
        with self.database.read() as connection:
            return list(connection.execute(text(sql), values).all())

    def one(self, sql: str, **values: Any) -> Any:
        """The first row, or None."""
        rows = self.query(sql, **values)
        return rows[0] if rows else None

    def state(self, run_id: str) -> str:
        """The state of a run."""
        return str(self.one("SELECT state FROM backline_run WHERE id = :id", id=run_id).state)

    def effects(self, number: int) -> int:
        """How often this number took effect."""
        sql = "SELECT count(*) AS n FROM journey_effect WHERE number = :number"
        return int(self.one(sql, number=number).n)

    def count(self, *states: str) -> int:
        """How many runs are in one of these states."""
        rows = self.query("SELECT state, count(*) AS n FROM backline_run GROUP BY state")
        return sum(row.n for row in rows if row.state in states)

    def hurt_broker(self) -> None:
        """The broker is killed and loses all it holds."""
        if self.broker is None:
            for path in (self.settings.state / "doorbell" / "messages").glob("*"):
                path.unlink(missing_ok=True)
        else:
            self.broker.kill()
            self.broker.empty()

    def heal_broker(self) -> None:
        """The broker starts again, empty."""
        if self.broker is not None:
            self.broker.start()

    @contextmanager
    def without_database(self, seconds: float) -> Iterator[None]:
        """PostgreSQL is killed, and started after the block; SQLite is locked for `seconds` by another process."""
        if self.server is not None:
            self.server.kill()
            try:
                yield
            finally:
                self.server.start()
                self.database.close()  # what we observe with is none of the journey's concern
            return
        command = [sys.executable, "-c", LOCK_SQLITE, str(self.database.url.database), str(seconds)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, preexec_fn=die_with_parent) as locker:
            assert locker.stdout is not None
            assert locker.stdout.readline() == b"locked\n"
            yield
            assert locker.wait() == 0

    def close(self) -> None:
        """End every process and give back the connections."""
        self.crew.kill_all()
        self.desk.house().close()
        self.database.close()
        if self.broker is not None:
            _purge(self)


def make_stack(name: str, folder: Path, servers: Servers, revision: str = "head", **options: str) -> Stack:
    """An installation with an upgraded database and the tables that count. Raises `Missing`."""
    folder.mkdir(parents=True, exist_ok=True)
    server = broker = None
    env = {**OPTIONS, "BACKLINE_STATE": str(folder / "state"), **options}
    if name != "embedded":
        server = servers.get(PostgreSQL)
        broker = servers.get({"redis": Redis, "rabbitmq": RabbitMQ}[name])
        env["BACKLINE_DATABASE_URL"] = make_database(server.url, f"j{secrets.token_hex(6)}")
        env["BACKLINE_BROKER_URL"] = broker.url
        env["BACKLINE_BROKER_KEY_PREFIX"] = f"{folder.name}:"
    settings = load_settings(env).settings
    database = Database(settings.database_url, writer_role=settings.database.writer_role, busy_seconds=30)
    upgrade_database(database, revision)
    owner = Database(settings.database_url)
    with owner.write() as connection:
        for statement in journey_tasks.TABLES:
            connection.execute(text(statement))
            if server is not None:
                table = statement.split()[2]
                connection.execute(text(f"GRANT ALL ON {table} TO {settings.database.writer_role}"))
    owner.close()
    return Stack(name, folder, settings, plain_env(**env), database, server, broker)


def _purge(stack: Stack) -> None:
    """The next stack on this broker must not hear our bells."""
    with stack.desk.app.connection_for_write() as connection:
        for queue in ("backline", "backline.journey"):
            try:
                connection.default_channel.queue_purge(queue)
            except Exception as error:  # no such queue: nothing to purge, and a channel to open anew
                del error
                connection.close()


def remove(folder: Path) -> None:
    """Remove a stack's folder."""
    shutil.rmtree(folder, ignore_errors=True)


def idle(seconds: float) -> None:
    """Let time pass where the passing of time is what is tested."""
    threading.Event().wait(seconds)
