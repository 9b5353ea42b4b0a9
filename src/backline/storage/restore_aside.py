"""How a PostgreSQL database that holds something gives way: its tables move into a schema of their own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, inspect, text

from backline.errors import NotAllowed
from backline.storage.backup_rows import OURS, is_anything_there

FILLED = "The database holds something already."
FORCE = "With --force it is kept aside, and nothing of it is lost."
_FUNCTIONS = """
SELECT p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' FROM pg_proc p
WHERE p.pronamespace = current_schema()::regnamespace AND p.proname LIKE 'backline\\_%'
"""
_MAY_CREATE = "SELECT has_database_privilege(current_database(), 'CREATE')"
_NAME = (
    "SELECT 'backline_before_' || to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDD\"t\"HH24MISSMS')"
)


_CLOSED = {
    "backline_api_key": "SELECT id FROM backline_api_key WHERE revoked_at IS NOT NULL",
    "backline_user": "SELECT name FROM backline_user WHERE disabled_at IS NOT NULL",
}


@dataclass(frozen=True)
class Kept:
    """What gave way: where it is now (None: it held nothing), the highest epoch of its audit, and who was shut out."""

    place: str | None = None
    epoch: int = 0
    revoked: frozenset[str] | None = None  # ids of API keys; None: not known
    disabled: frozenset[str] | None = None  # names of users; None: not known


def read_closed(
    tables: Collection[str], ask: Callable[[str], Iterable[Any]]
) -> dict[str, frozenset[str] | None]:
    """Who is shut out of a database with these tables, as fields of `Kept`; `ask` gives the first column's values."""
    keys, users = (
        frozenset(map(str, ask(query))) if table in tables else None for table, query in _CLOSED.items()
    )
    return {"revoked": keys, "disabled": users}


def set_schema_aside(connection: Connection, *, force: bool) -> Kept:
    """Make room in the current schema, in the owner's transaction; nobody else gets at the tables meanwhile.

    Empty tables go; filled ones move into a new schema, whole, with their triggers and counters. Raises
    `NotAllowed` where they are filled and there is no `force`, or where this user may not make a schema.
    """
    tables = [name for name in inspect(connection).get_table_names() if name.startswith(OURS)]
    if not tables:
        return Kept()
    connection.execute(text(f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE"))
    functions = [str(name) for name in connection.execute(text(_FUNCTIONS)).scalars()]
    if not is_anything_there(connection):
        connection.execute(text(f"DROP TABLE {', '.join(tables)}"))
        for name in functions:
            connection.execute(text(f"DROP FUNCTION {name}"))
        return Kept()
    if not force:
        raise NotAllowed(FILLED, remedy=FORCE)
    if not connection.execute(text(_MAY_CREATE)).scalar_one():
        raise NotAllowed(
            "The database holds something, and this user may not make a schema to keep it in.",
            remedy="GRANT CREATE ON DATABASE … TO this user, or name an empty database with --into.",
        )
    epoch = _read_epoch(connection, tables)
    closed = read_closed(tables, lambda query: connection.execute(text(query)).scalars())
    place = str(connection.execute(text(_NAME)).scalar_one())
    connection.execute(text(f"CREATE SCHEMA {place}"))
    for name in tables:
        connection.execute(text(f"ALTER TABLE {name} SET SCHEMA {place}"))
    for name in functions:
        connection.execute(text(f"ALTER FUNCTION {name} SET SCHEMA {place}"))
    return Kept(f"schema {place}", epoch, **closed)


def _read_epoch(connection: Connection, tables: list[str]) -> int:
    if "backline_seal_epoch" not in tables:
        return 0
    return int(
        connection.execute(text("SELECT coalesce(max(epoch), 0) FROM backline_seal_epoch")).scalar_one()
    )
