"""Plays of one import into their table, and back in numbers."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from sqlalchemy import text

from backline.reports.plays import PLAY_SCHEMA
from backline.storage.database import Database
from backline.storage.plays import PlaySpool, write_plays
from backline.storage.spool import SpoolFile


def make_plays(*keys: int) -> pa.RecordBatch:
    """One play per key, each a second after the other."""
    empty = dict.fromkeys(PLAY_SCHEMA.names, "") | dict.fromkeys(("shuffle", "offline", "incognito"), False)
    rows = [
        empty
        | {"line": line, "key": key, "ended_at": key * 1_000_000, "ms_played": 30_000, "kind": "track"}
        | {"title": 'A "quoted", title', "skipped": None, "offline_at": None if key % 2 else 5}
        for line, key in enumerate(keys, start=1)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=PLAY_SCHEMA)


def write_some(database: Database, folder: Path, import_no: int, *keys: int) -> None:
    """The plays of an import."""
    folder.mkdir(exist_ok=True)
    spool = PlaySpool(SpoolFile(folder))
    spool.add(make_plays(*keys[:1]))
    spool.add(make_plays(*keys).slice(1))
    spool.close()
    with database.write() as connection:
        write_plays(connection, spool, import_no)


def test_every_cell_arrives(database: Database, tmp_path: Path) -> None:
    write_some(database, tmp_path / "spool", 7, 11, 12)
    query = "SELECT line, key, ms_played, title, shuffle, skipped, offline_at FROM backline_play WHERE import_no = 7 ORDER BY line"
    with database.read() as connection:
        rows = [tuple(row) for row in connection.execute(text(query))]
    title = 'A "quoted", title'
    assert rows == [(1, 11, 30_000, title, False, None, None), (2, 12, 30_000, title, False, None, 5)]
