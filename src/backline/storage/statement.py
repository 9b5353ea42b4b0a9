"""One hot statement, sent straight to the driver: the few that every run pays for.

SQLAlchemy costs about 80 µs a statement beside the driver's own work (measured, psycopg 3.3); a run
sends its pick, claim, renewal and settlement this way and everything else through SQLAlchemy. Errors
and dead connections are still SQLAlchemy's to judge.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

_NAMED = re.compile(r"(?<![:\w]):([a-z_]+)")


class Statement:
    """SQL with `:name` parameters for one dialect; `first()` answers its first row as an object."""

    def __init__(self, sql: str, dialect: str) -> None:
        if dialect == "postgresql":
            sql = _NAMED.sub(r"%(\1)s", sql.replace("%", "%%"))
        self._sql = sql
        self._names: list[str] | None = None

    def first(self, connection: Connection, values: Mapping[str, Any]) -> SimpleNamespace | None:
        """The first row, with columns as attributes; None where there is none."""
        driver: Any = connection.connection.driver_connection
        try:
            cursor = driver.execute(self._sql, values)
            row = cursor.fetchone()
            if row is not None and self._names is None:  # the driver makes its description anew each time
                self._names = [column[0] for column in cursor.description]
            cursor.close()
        except connection.dialect.loaded_dbapi.Error as error:
            raise translate_error(connection, self._sql, values, error) from error
        return None if row is None else SimpleNamespace(**dict(zip(self._names or (), row, strict=True)))


def translate_error(connection: Connection, sql: str, values: Any, error: Exception) -> BaseException:
    """The driver's error as SQLAlchemy would raise it; a dead connection leaves the pool."""
    dialect = connection.dialect
    fairy: Any = connection.connection
    dead = dialect.is_disconnect(error, fairy.dbapi_connection, None)  # type: ignore[arg-type]  # caught as the driver's own Error
    if dead:
        connection.invalidate(error)
    return DBAPIError.instance(
        sql, values, error, dialect.loaded_dbapi.Error,
        hide_parameters=True, connection_invalidated=dead, dialect=dialect,
    )  # fmt: skip
