"""The locks of the house on PostgreSQL, by number. On SQLite whoever writes is alone, and there are none."""

from __future__ import annotations

import enum

from sqlalchemy import Connection, text

_TAKE = text("SELECT pg_advisory_xact_lock(:number)")
_TRY = text("SELECT pg_try_advisory_xact_lock(:number)")


@enum.unique
class Lock(enum.IntEnum):
    """What one transaction at a time may do. An older Backline knows the same numbers."""

    SCHEMA = 4_242_2026
    SEALS = 4_242_2027
    VAULT = 4_242_2028
    CATALOGUE = 4_242_2029


def take_lock(connection: Connection, lock: Lock) -> None:
    """Keep the others out until the end of the caller's writing transaction; waits for one at work."""
    if connection.dialect.name == "postgresql":
        connection.execute(_TAKE, {"number": int(lock)})


def try_lock(connection: Connection, lock: Lock) -> bool:
    """The same where nobody is at work; whether it was taken."""
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.execute(_TRY, {"number": int(lock)}).scalar_one())
