"""How much was played: each play of an import once."""

from __future__ import annotations

from pathlib import Path

from backline.storage.database import Database
from backline.storage.play_totals import total_plays
from tests.storage.fact_writer import FactWriter
from tests.storage.test_plays import write_some


def test_a_play_counts_once_in_each_import(database: Database, tmp_path: Path) -> None:
    with database.write() as connection:
        writer = FactWriter(connection)
        first, second = writer.add_import("spotify_history"), writer.add_import("spotify_history")
    write_some(database, tmp_path / "spool", first, 11, 12, 12)
    write_some(database, tmp_path / "spool", second, 12, 13)
    with database.read() as connection:
        assert total_plays(connection, first) == (2, 60_000, 11_000_000, 12_000_000)
        assert total_plays(connection, second) == (2, 60_000, 12_000_000, 13_000_000)
        assert total_plays(connection, 0) == (0, 0, None, None)
