"""A run inserted through a connection of the caller's own: its transaction, its commit, its rollback.

Known are SQLAlchemy (Session, scoped_session, Connection), psycopg 3 (connection, cursor), Django's database
connections and sqlite3, on PostgreSQL and SQLite. No library but SQLAlchemy is imported for that.
"""

from __future__ import annotations

import importlib
import re
import sqlite3
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session, scoped_session

from backline.errors import BadInput, Conflict
from backline.storage.clock import now_sql
from backline.storage.runs import INSERT_RUN, NewRun, list_values, refuse_other_job

Values = Mapping[str, Any]
Row = Sequence[Any] | None
Steps = Generator[tuple[str, Values], Row, str]
Ring = Callable[[], object]
KNOWN = "a SQLAlchemy Session or Connection, a psycopg or sqlite3 connection or cursor, a Django connection"

_EARLIER = """
SELECT id, job_sha FROM backline_run
WHERE id = :id OR (task = :task AND idempotency_key = :idempotency_key) ORDER BY CASE WHEN id = :id THEN 0 ELSE 1 END
"""
_NAMED = re.compile(r"(?<![:\w]):([a-z_]+)")
_BELLS = "backline_bells"
_NO_TABLES = ("42P01", "42703", "no such table", "no such column", "has no column", "no column named")
_NOT_GRANTED = "42501"


class Borrowed(Protocol):
    """A connection as this file uses it."""

    dialect: str
    tells: bool  # whether it is known when the caller's transaction has been committed

    def first(self, sql: str, values: Values) -> Row:
        """The first row of a statement with `:name` parameters, in the caller's transaction."""

    def after_commit(self, ring: Ring) -> None:
        """Have `ring` called once the caller has committed; only where `tells`."""


def insert_borrowed(connection: Any, new: NewRun, ring: Ring) -> str:
    """Insert the row through `connection` and return its id; nothing is committed here.

    `ring` is called after the commit where the library tells of it; a run of now that nobody rings for is found by the
    next sweep. A key that was used before returns the earlier run's id. Raises `Conflict` where it
    stands for another job, `BadInput` for a connection that cannot be used.
    """
    lent = borrow(connection)
    run_id = _insert(lent, new)
    if lent.tells and new.delay <= 0:
        lent.after_commit(ring)
    return run_id


def _insert(lent: Borrowed, new: NewRun) -> str:
    steps = _insert_in_steps(new, lent.dialect, rung=lent.tells)
    request = next(steps)
    try:
        while True:
            request = steps.send(lent.first(*request))
    except StopIteration as end:
        return str(end.value)
    except Conflict:
        raise
    except Exception as error:
        raise _explain(error) or error from error


async def insert_borrowed_async(connection: Any, new: NewRun, ring: Ring) -> str:
    """The same for an asynchronous connection: psycopg's, or SQLAlchemy's AsyncSession and AsyncConnection."""
    if _is_of(connection, "sqlalchemy", "AsyncSession", "AsyncConnection", "async_scoped_session"):
        return str(await connection.run_sync(insert_borrowed, new, ring))  # a Session or a Connection
    if not _is_of(connection, "psycopg", "AsyncConnection", "AsyncCursor"):
        raise _refuse(connection, "an AsyncSession, an AsyncConnection, or an asynchronous psycopg cursor")
    cursor = _make_psycopg_cursor(connection, "AsyncCursor")
    steps = _insert_in_steps(new, "postgresql", rung=False)
    sql, values = next(steps)
    try:
        while True:
            await cursor.execute(_write_pyformat(sql), values)
            sql, values = steps.send(await cursor.fetchone())
    except StopIteration as end:
        return str(end.value)
    except Conflict:
        raise
    except Exception as error:
        raise _explain(error) or error from error
    finally:
        await cursor.close()


def _insert_in_steps(new: NewRun, dialect: str, *, rung: bool) -> Steps:
    """Statements to send, their first rows come back; whoever goes through them does so in one transaction."""
    values = list_values(new)
    if not rung and new.delay <= 0:
        values |= {"rings": 0, "ring_again": 0}  # due for a bell at once: the next sweep rings
    row = yield INSERT_RUN.format(now=now_sql(dialect)), values
    if row is None:
        row = yield _EARLIER, values
        if row is None:
            raise Conflict(
                f"The key {new.idempotency_key} of {new.task} is being used by another transaction."
            )
        refuse_other_job(new, _read(row[0]), _read(row[1]))
    return _read(row[0])


def _read(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def borrow(connection: Any) -> Borrowed:
    """What can be done with the caller's connection. Raises `BadInput` for one of an unknown kind."""
    if isinstance(connection, (Session, scoped_session, Connection)):
        return _Alchemy(connection)
    if isinstance(connection, (sqlite3.Connection, sqlite3.Cursor)):
        return _SQLite(connection)
    if _is_of(connection, "psycopg", "Connection", "Cursor"):
        return _Psycopg(connection)
    if hasattr(connection, "on_commit") and hasattr(connection, "vendor"):
        return _Django(connection)
    if _is_of(connection, "sqlalchemy", "AsyncSession", "AsyncConnection", "async_scoped_session") or _is_of(
        connection, "psycopg", "AsyncConnection", "AsyncCursor"
    ):
        raise BadInput(
            "This connection is asynchronous.", remedy="Use `await backline.submit_async(job, connection=…)`."
        )
    raise _refuse(connection, KNOWN)


def _refuse(connection: Any, known: str) -> BadInput:
    return BadInput(f"A run cannot be inserted through {type(connection).__name__}.", remedy=f"Give {known}.")


def _is_of(connection: Any, library: str, *names: str) -> bool:
    """Whether a class of that library is among its classes, told by name so that nothing need be imported."""
    return any(
        kind.__name__ in names and kind.__module__.partition(".")[0] == library
        for kind in type(connection).__mro__
    )


def _check_dialect(name: str) -> str:
    if name not in ("postgresql", "sqlite"):
        raise BadInput(f"Backline keeps no runs in {name}.", remedy="Use PostgreSQL or SQLite.")
    return name


def _write_pyformat(sql: str) -> str:
    return _NAMED.sub(r"%(\1)s", sql.replace("%", "%%"))


class _Alchemy:
    def __init__(self, lent: Session | scoped_session[Any] | Connection) -> None:
        self._session: Session | None = None
        if isinstance(lent, Connection):
            self._connection = lent
        else:
            self._session = lent.registry() if isinstance(lent, scoped_session) else lent
            self._connection = self._session.connection()
        self.dialect = _check_dialect(self._connection.dialect.name)
        self.tells = self._session is not None  # a bare Connection says so only before it commits

    def first(self, sql: str, values: Values) -> Row:
        return self._connection.execute(text(sql), dict(values)).first()

    def after_commit(self, ring: Ring) -> None:
        assert self._session is not None, "a bare Connection does not tell"
        waiting: list[Ring] = self._session.info.setdefault(_BELLS, [])
        waiting.append(ring)
        if not event.contains(self._session, "after_commit", _ring_all):
            event.listen(self._session, "after_commit", _ring_all)
            event.listen(self._session, "after_rollback", _forget_all)


def _ring_all(session: Session) -> None:
    """Of the whole transaction, not of a savepoint in it."""
    if session.in_nested_transaction():
        return
    for ring in session.info.pop(_BELLS, []):
        ring()


def _forget_all(session: Session) -> None:
    session.info.pop(_BELLS, None)


class _Psycopg:
    dialect = "postgresql"

    def __init__(self, lent: Any) -> None:
        self._lent = lent
        connection = lent.connection if hasattr(lent, "connection") else lent
        self.tells = (
            connection.autocommit and connection.info.transaction_status == 0
        )  # IDLE: committed at once

    def first(self, sql: str, values: Values) -> Row:
        with _make_psycopg_cursor(self._lent, "Cursor") as cursor:
            row: Row = cursor.execute(_write_pyformat(sql), values).fetchone()
        return row

    def after_commit(self, ring: Ring) -> None:
        ring()


def _make_psycopg_cursor(lent: Any, kind: str) -> Any:
    """A plain cursor on the same connection, whatever its row and cursor factories are."""
    psycopg: Any = importlib.import_module("psycopg")
    connection = lent.connection if hasattr(lent, "connection") else lent
    return getattr(psycopg, kind)(connection, row_factory=psycopg.rows.tuple_row)


class _SQLite:
    dialect = "sqlite"

    def __init__(self, lent: sqlite3.Connection | sqlite3.Cursor) -> None:
        self._connection = lent.connection if isinstance(lent, sqlite3.Cursor) else lent
        at_once = (
            self._connection.isolation_level is None or getattr(self._connection, "autocommit", False) is True
        )
        self.tells = at_once and not self._connection.in_transaction

    def first(self, sql: str, values: Values) -> Row:
        cursor = sqlite3.Cursor(self._connection)  # with no row factory
        try:
            rows = cursor.execute(sql, dict(values)).fetchall()  # to the end: only then is it committed
        finally:
            cursor.close()
        return tuple(rows[0]) if rows else None

    def after_commit(self, ring: Ring) -> None:
        ring()


class _Django:
    tells = True

    def __init__(self, lent: Any) -> None:
        self._lent = lent
        self.dialect = _check_dialect(str(lent.vendor))

    def first(self, sql: str, values: Values) -> Row:
        names = _NAMED.findall(sql)
        with self._lent.cursor() as cursor:
            cursor.execute(_NAMED.sub("%s", sql.replace("%", "%%")), [values[name] for name in names])
            row: Row = cursor.fetchone()
        return row

    def after_commit(self, ring: Ring) -> None:
        self._lent.on_commit(ring)  # called at once where no transaction is open


def _explain(error: Exception) -> BadInput | None:
    """The driver's error in our words where there is a remedy; None for any other."""
    causes = [error, getattr(error, "orig", None), error.__cause__]
    states = [getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None) for cause in causes if cause]
    signs = " ".join([*map(str, filter(None, states)), "" if any(states) else str(error)])
    if any(sign in signs for sign in _NO_TABLES):
        return BadInput(
            "The connection's database lacks Backline's tables, or they are of another version.",
            remedy="Run `backline db upgrade` with database.url set to that database.",
        )
    if _NOT_GRANTED in signs:
        return BadInput(
            "The connection's role may not write runs.",
            remedy="GRANT SELECT, INSERT ON backline_run to it.",
        )
    return None
