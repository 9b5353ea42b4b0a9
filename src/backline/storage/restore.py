"""Puts a backup back: checked as a whole before anything is written, then all of it or nothing.

On SQLite a new file is filled beside the old one and takes its name in one step; on PostgreSQL all is one
transaction. A database that holds anything is kept: as a file beside, or as a schema of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from backline.errors import BadInput
from backline.storage.backup_archive import Archive, Part
from backline.storage.backup_rows import advance_counters, list_tables, load_rows, read_columns
from backline.storage.database import Database
from backline.storage.locks import Lock, take_lock
from backline.storage.restore_aside import Kept, set_schema_aside
from backline.storage.restore_file import fill_new_file
from backline.storage.restore_past import Access, Arrival, Return, come_back, read_access
from backline.storage.upgrade import migrate, refuse_newer
from backline.storage.writer_role import grant_writer_role


@dataclass(frozen=True)
class Restored:
    """What was done: rows written, where the earlier database is kept (None: there was none), the arrival, who has access."""

    rows: int
    aside: str | None
    arrival: Arrival
    access: Access


def restore(
    archive: Archive,
    url: str,
    make_return: Callable[[int], Return],
    *,
    force: bool = False,
    writer_role: str | None = None,
) -> Restored:
    """Put a backup into the database at `url`.

    `make_return` is told the highest epoch of the database that gives way (0: none). Raises `BadInput` for a
    damaged archive, `NewerSchema` for one of newer code, `NotAllowed` where the database holds something and
    there is no `force`, or where other processes have it open (SQLite).
    """
    refuse_newer(archive.manifest.schema)
    archive.verify()
    target = Database(url)  # as the owner
    try:
        if target.is_sqlite:
            return _into_file(archive, target, make_return, force=force)
        return _into_schema(archive, target, make_return, force=force, writer_role=writer_role)
    finally:
        target.close()


def _into_file(
    archive: Archive, target: Database, make_return: Callable[[int], Return], *, force: bool
) -> Restored:
    done: list[Restored] = []

    def fill(connection: Connection, kept: Kept) -> None:
        rows, arrival = _fill(connection, archive, make_return(kept.epoch))
        done.append(Restored(rows, kept.place, arrival, read_access(connection, kept)))

    fill_new_file(target, fill, force=force)
    return done[0]


def _into_schema(
    archive: Archive,
    target: Database,
    make_return: Callable[[int], Return],
    *,
    force: bool,
    writer_role: str | None,
) -> Restored:
    with target.write() as connection:
        take_lock(connection, Lock.SCHEMA)
        kept = set_schema_aside(connection, force=force)
        rows, arrival = _fill(connection, archive, make_return(kept.epoch))
        access = read_access(connection, kept)
        if writer_role:
            grant_writer_role(connection, writer_role)
    return Restored(rows, kept.place, arrival, access)


def _fill(connection: Connection, archive: Archive, back: Return) -> tuple[int, Arrival]:
    """The schema of the backup, its rows, the schema of this code, and what is to be told."""
    migrate(connection, archive.manifest.schema)
    known, rows = set(list_tables(connection)), 0
    for part in archive.manifest.parts:
        if part.table is not None:
            _check_columns(connection, archive, part, known)
            rows += _load(connection, archive, part)
    advance_counters(connection)
    migrate(connection)
    return rows, come_back(connection, back)


def _check_columns(connection: Connection, archive: Archive, part: Part, known: set[str]) -> None:
    """The names of an archive become part of statements: only those that the schema has itself."""
    table = part.table or ""
    unknown = (
        [table]
        if table not in known
        else [f"{table}.{name}" for name, _ in set(part.columns) - set(read_columns(connection, table))]
    )
    if unknown:
        raise BadInput(
            f"{archive.path}: schema {archive.manifest.schema} has no {unknown[0]} as it is told.",
            remedy="Restore it with the Backline that made it.",
        )


def _load(connection: Connection, archive: Archive, part: Part) -> int:
    try:
        count = load_rows(connection, part.table or "", part.columns, archive.read(part))
    except (DBAPIError, psycopg.Error, ValueError) as error:
        words = str(getattr(error, "orig", error)).splitlines()[0]
        place = error.diag.context if isinstance(error, psycopg.Error) else None
        where = f" ({place.splitlines()[0]})" if place else ""
        is_odd = where and archive.manifest.database == "sqlite"
        raise BadInput(
            f"{archive.path}: the part {part.name} cannot be written: {words}{where}.",
            remedy="A value that only SQLite keeps can only go back into SQLite." if is_odd else None,
        ) from error
    if count != part.rows:
        raise BadInput(f"{archive.path}: {part.table} took {count} of {part.rows} rows.")
    return count
