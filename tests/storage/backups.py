"""What tests of backup and restore share: a filled database, a copy of it, and what two databases hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import text

from backline.storage.backup import write_backup
from backline.storage.backup_archive import Archive, Manifest
from backline.storage.backup_rows import dump_rows, list_tables, read_columns
from backline.storage.database import Database
from backline.storage.restore import Restored, restore
from backline.storage.restore_past import Return
from tests.storage.chains import open_owner, seal, tell
from tests.storage.rows import make_run

ODD = "tab\tnewline\nreturn\rback\\slash \\N é \N{MUSICAL SYMBOL G CLEF} 'quote' \"double\""
SECRET = "INSERT INTO backline_secret VALUES ('token', 'o', 'n', 1, 'k', :nonce, :text, 5, 'ann')"  # its row is bytes


def fill(database: Database) -> str:
    """Rows of many kinds, sealed in part; the id of a run in hand."""
    make_run(database, job=ODD, state="succeeded", answer="\\N", error_text="")
    make_run(database, state="dead", idempotency_key="k", fence=7)
    make_run(database, state="queued", fence=3, ring_at=1 << 60)
    running = make_run(
        database, state="running", fence=9, attempt=2, worker="host/w/1", lease_until=1 << 60, claimed_at=5
    )
    with database.write() as connection:
        connection.execute(text(SECRET), {"nonce": bytes(range(256)), "text": b""})
        connection.execute(
            text(
                "INSERT INTO backline_schedule (id, task, job, cron, zone, catch_up, enabled, next_slot, created_at, "
                "created_by) VALUES ('s', 'probe.work', '{}', '0 6 * * *', 'UTC', 'all', :on, 5, 5, 'ann')"
            ),
            {"on": False},
        )
    tell(database, "one", "two")
    seal(database)
    tell(database, "three")
    return running


def back_up(database: Database, path: Path, **options: Any) -> Manifest:
    """A backup of code that is called 1.0+a."""
    return write_backup(database, path, code_version="1.0+a", **options)


def put_back(path: Path, url: str, *, least: int = 1, **options: Any) -> Restored:
    """Restore as ann."""
    archive = Archive(path)

    def make_return(epoch: int) -> Return:
        return Return(archive.manifest, path.name, "ann", max(least, epoch + 1))

    try:
        return restore(archive, url, make_return, writer_role="backline_writer", **options)
    finally:
        archive.close()


def read_everything(database: Database) -> dict[str, list[bytes]]:
    """Every table as its lines, sorted."""
    with database.read() as connection:
        found = {}
        for table in list_tables(connection):
            blocks = dump_rows(connection, table, read_columns(connection, table))
            found[table] = sorted(b"".join(blocks).splitlines())
        return found


def count(database: Database, query: str) -> int:
    """The one number that a query gives."""
    with database.read() as connection:
        return int(connection.execute(text(query)).scalar_one())


def shift_schema(database: Database, revision: str) -> None:
    """Let the database say that it is at another revision."""
    with open_owner(database) as connection:
        connection.execute(text("UPDATE backline_schema SET version_num = :to"), {"to": revision})
