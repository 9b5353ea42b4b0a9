"""Makes a backup: every table out of one snapshot into one file, while work goes on.

On SQLite the snapshot is a reading transaction, which holds up no writer; on PostgreSQL one of the level
REPEATABLE READ. The file has its own name only when it is whole and on the disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, text

from backline.disk import name_draft, sync_folder
from backline.errors import BadInput, NeedsHuman
from backline.storage.anchors import list_served
from backline.storage.backup_archive import CHUNK, ArchiveWriter, Manifest
from backline.storage.backup_rows import dump_rows, list_others, list_tables, read_columns
from backline.storage.clock import from_micros
from backline.storage.database import Database
from backline.storage.seals import read_head
from backline.storage.upgrade import read_current


def name_backup(database: Database) -> str:
    """The name of a backup that is made now, by the database's clock."""
    with database.read() as connection:
        now = from_micros(database.now(connection))
    return f"backline-{now:%Y%m%dT%H%M%SZ}.zip"


def write_backup(
    database: Database,
    path: Path,
    *,
    code_version: str,
    files: Mapping[str, Path | bytes] | None = None,
    keys: bool = False,
) -> Manifest:
    """Write a backup to `path`, which must not be there yet, with `files` by their names in it.

    Raises `BadInput` where there is nothing to back up, `NeedsHuman` where SQLite finds its file damaged.
    """
    with _write_whole(path) as file, database.read(snapshot=True) as connection:
        made_at = database.now(connection)
        schema = read_current(connection)
        if schema is None:
            raise BadInput("There is nothing to back up: the database is empty.")
        _check_pages(connection)
        with closing(ArchiveWriter(file, made_at)) as writer:
            tables = _write_tables(connection, writer)
            for name, source in (files or {}).items():
                writer.add_file(name, [source] if isinstance(source, bytes) else _read_file(source))
            manifest = Manifest(
                schema=schema,
                code_version=code_version,
                made_at=made_at,
                database=database.dialect,
                head=_tell_head(connection, tables),
                anchors=_tell_anchors(connection, tables),
                keys=keys,
                left_out=tuple(list_others(connection)),
                parts=tuple(writer.parts),
            )
            writer.finish(manifest)
    return manifest


def _write_tables(connection: Connection, writer: ArchiveWriter) -> list[str]:
    tables = list_tables(connection)
    for table in tables:
        columns = read_columns(connection, table)
        writer.add_rows(table, columns, dump_rows(connection, table, columns))
    return tables


@contextmanager
def _write_whole(path: Path) -> Iterator[IO[bytes]]:
    """A new file that only its owner reads; it gets its name at the end, and is gone where that is not reached."""
    if path.exists():
        raise BadInput(f"{path} exists already.", remedy="Name a new file, or a folder.")
    path.parent.mkdir(parents=True, exist_ok=True)
    hidden = name_draft(path)
    handle = os.open(hidden, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        hidden.rename(path)
    except BaseException:
        hidden.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _check_pages(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    found = str(connection.execute(text("PRAGMA quick_check(1)")).scalar_one())
    if found != "ok":
        words = f"SQLite finds the database damaged, so that a backup would be no good one: {found}."
        raise NeedsHuman(words, remedy="Restore the newest backup from before.")


def _tell_head(connection: Connection, tables: list[str]) -> dict[str, Any] | None:
    head = read_head(connection) if "backline_seal_epoch" in tables else None
    if head is None:
        return None
    return {"epoch": head.epoch, "seq": head.seq, "hash": head.hash.hex(), "rows": head.count}


def _tell_anchors(connection: Connection, tables: list[str]) -> tuple[dict[str, Any], ...]:
    """How far each target was anchored at that moment."""
    if "backline_seal_anchor" not in tables:
        return ()
    return tuple(
        {"target": one.target, "epoch": one.epoch, "seq": one.seq} for one in list_served(connection)
    )


def _read_file(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(CHUNK):
            yield block
