"""The database's clock: the one expression through which all storage reads time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOW = {
    # Whole microseconds since 1970 UTC. SQLite's julianday has a resolution of about 40 µs.
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)",
    "postgresql": "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
}


def now_sql(dialect: str) -> str:
    """The SQL expression for now, in microseconds since 1970 UTC."""
    return _NOW[dialect]


def read_now(connection: Connection) -> int:
    """Now by the clock of this connection's database, in microseconds since 1970 UTC."""
    return int(connection.execute(text(f"SELECT {now_sql(connection.dialect.name)}")).scalar_one())


def to_micros(moment: datetime) -> int:
    """An aware datetime as microseconds since 1970 UTC."""
    return (moment.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    """Microseconds since 1970 UTC as an aware datetime."""
    return _EPOCH + timedelta(microseconds=micros)


def seconds_to_micros(seconds: float) -> int:
    """Seconds as whole microseconds."""
    return round(seconds * 1_000_000)
