"""One database: its engine per process, reading and writing transactions, and its clock.

SQLite runs in WAL mode with synchronous=FULL and takes the write lock at BEGIN; PostgreSQL is
reached through psycopg 3. Times are whole microseconds since 1970 UTC, by the database's clock.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.exc import ArgumentError, DBAPIError

from backline.errors import BadInput
from backline.storage.clock import now_sql

R = TypeVar("R")
WRITES = "backline_writes"
# A network that is cut in the middle neither answers nor resets. TCP alone then waits for 15 minutes with what
# is not acknowledged, and for two hours where only the other side has something to say; a worker would hang
# so long, and the server would keep the rows locked that it had in hand. In seconds:
IDLE, AGAIN, PROBES = 10, 5, 3
SILENCE = 15


class Database:
    """Opens connections; one engine per process id, so that a fork never shares a socket."""

    def __init__(
        self, url: str, *, pool_size: int = 5, busy_seconds: float = 30.0, writer_role: str | None = None
    ) -> None:
        self.url = _read_url(url)
        self.dialect = self.url.get_backend_name()
        self.pool_size = pool_size
        self.busy_seconds = busy_seconds
        self.writer_role = writer_role
        self.now_sql = now_sql(self.dialect)
        self._engine: Engine | None = None
        self._pid = 0
        self._lock = threading.Lock()

    @property
    def is_sqlite(self) -> bool:
        """True for SQLite, False for PostgreSQL."""
        return self.dialect == "sqlite"

    @property
    def engine(self) -> Engine:
        """The engine of this process; made on first use after a fork."""
        if self._engine is None or self._pid != os.getpid():
            with self._lock:
                if self._engine is None or self._pid != os.getpid():
                    self._engine, self._pid = self._make_engine(), os.getpid()
        return self._engine

    @contextmanager
    def read(self, *, snapshot: bool = False) -> Iterator[Connection]:
        """A connection for reading. With `snapshot` every statement sees the same moment, as on SQLite they do anyway."""
        with self.engine.connect() as connection:
            if snapshot and not self.is_sqlite:
                connection.execution_options(isolation_level="REPEATABLE READ")  # in place
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may write; committed at the end of the block, rolled back on an error."""
        with self.engine.connect() as connection:
            connection.execution_options(**{WRITES: True})  # in place
            with connection.begin():
                yield connection

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """A connection on which each statement is a transaction of its own. PostgreSQL only."""
        with self.engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    def try_twice(self, work: Callable[[], R]) -> R:
        """Call `work`, and once more where a connection of the pool turned out to be dead.

        After a restart of the server every pooled connection is; `work` must bear being done twice.
        """
        try:
            return work()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        return work()

    def now(self, connection: Connection) -> int:
        """The database's clock in microseconds since 1970 UTC."""
        return int(connection.execute(text(f"SELECT {self.now_sql}")).scalar_one())

    def read_mode(self, connection: Connection) -> str:
        """SQLite's journal mode; PostgreSQL's version."""
        statement = "PRAGMA journal_mode" if self.is_sqlite else "SHOW server_version"
        return str(connection.execute(text(statement)).scalar_one())

    def read_role(self, connection: Connection) -> str:
        """The role that PostgreSQL takes us for; "none" where we took none."""
        return str(connection.execute(text("SELECT current_setting('role')")).scalar_one())

    def close(self) -> None:
        """Give back every connection of this process."""
        if self._engine is not None and self._pid == os.getpid():
            self._engine.dispose()
        self._engine = None

    def _make_engine(self) -> Engine:
        if self.is_sqlite:
            return self._make_sqlite()
        engine = create_engine(
            self.url,
            hide_parameters=True,  # what is written is nobody's business in an error text
            pool_size=self.pool_size,
            max_overflow=self.pool_size,
            pool_use_lifo=True,
            connect_args={
                name: value
                for name, value in _CONNECT_ARGS.items()
                if name not in self.url.query  # what the URL says counts
            },
        )
        if self.writer_role:
            event.listen(engine, "connect", _take_role(self.writer_role))
        return engine

    def _make_sqlite(self) -> Engine:
        if self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(self.url, hide_parameters=True, connect_args={"timeout": self.busy_seconds})
        event.listen(engine, "connect", _prepare_sqlite(self.busy_seconds))
        event.listen(engine, "begin", _begin_sqlite)
        event.listen(engine, "handle_error", _keep_interrupted)
        return engine


_SERVER_SIDE = {
    "timezone": "UTC",
    "idle_in_transaction_session_timeout": 60_000,  # a paused worker must not hold its row for ever
    "tcp_keepalives_idle": IDLE,
    "tcp_keepalives_interval": AGAIN,
    "tcp_keepalives_count": PROBES,
    "tcp_user_timeout": SILENCE * 1000,
}
_CONNECT_ARGS = {
    "connect_timeout": 5,
    "keepalives_idle": IDLE,
    "keepalives_interval": AGAIN,
    "keepalives_count": PROBES,
    "tcp_user_timeout": SILENCE * 1000,  # milliseconds; where the system has no such thing, it says nothing
    "options": " ".join(f"-c {name}={value}" for name, value in _SERVER_SIDE.items()),
}


def _read_url(text_url: str) -> URL:
    try:
        url = make_url(text_url)
    except ArgumentError as error:
        raise BadInput(
            "database.url is not an SQLAlchemy URL.", remedy="Example: sqlite:////srv/b.db"
        ) from error
    backend = url.get_backend_name()
    if backend in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise BadInput(f"The database {backend} is not supported.", remedy="Use SQLite or PostgreSQL.")
    return url


def _prepare_sqlite(busy_seconds: float) -> Any:
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={int(busy_seconds * 1000)}")
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return prepare


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _keep_interrupted(context: ExceptionContext) -> None:
    """Ctrl-C in the middle of a statement leaves a SQLite connection usable: it is rolled back, not thrown away.

    A connection that is thrown away with an open statement keeps its write lock until nobody remembers it.
    """
    if not isinstance(context.original_exception, Exception):
        context.is_disconnect = False


def _take_role(role: str) -> Any:
    """Become the writer role where it exists and we are a member; see writer_role.py."""

    def take(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('role', rolname, false) FROM pg_roles "
                "WHERE rolname = %s AND pg_has_role(oid, 'member')",
                (role,),
            )
        connection.commit()

    return take
