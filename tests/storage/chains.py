"""Chains for tests: rows told and sealed, checked, and tampered with as only the owner of a database could."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Connection, text

from backline.storage.audits import AuditEntry, insert_audit
from backline.storage.database import Database
from backline.storage.seals import seal_batch
from backline.storage.seals_epochs import list_drops, list_epochs
from backline.storage.seals_read import check_unsealed, walk_seals
from backline.storage.seals_verify import ChainCheck, Finding

TABLES = ("backline_audit", "backline_seal", "backline_seal_epoch", "backline_seal_drop")


def tell(database: Database, *objects: str) -> None:
    """One audit row for each object, in one transaction."""
    with database.write() as connection:
        for name in objects:
            insert_audit(
                connection, database.now_sql, AuditEntry("ann", "song.change", name, "{}", "r1", 2, "b")
            )
    await_neighbours(database)


_OPEN = text(
    "SELECT pid, CAST(backend_xid AS TEXT), datname IS NOT DISTINCT FROM current_database() FROM pg_stat_activity "
    "WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()"
)
MOST_LOOKS = 1000  # of 20 ms


def await_neighbours(database: Database) -> None:
    """Let the transactions end that other tests have open in the same cluster: they hold every seal back.

    A test that holds one open itself does not wait: two such tests would wait for each other.
    """
    if database.is_sqlite:
        return
    owner = Database(database.url.render_as_string(hide_password=False))
    with owner.read() as connection:
        first = {tuple(row) for row in connection.execute(_OPEN)}
        if not any(is_ours for _, _, is_ours in first):
            for _ in range(MOST_LOOKS):
                connection.rollback()  # what is seen of others stays the same within a transaction
                if not first & {tuple(row) for row in connection.execute(_OPEN)}:
                    break
                connection.execute(text("SELECT pg_sleep(0.02)"))
    owner.close()


def seal(database: Database, most: int = 2000) -> int:
    """Seal what can be sealed now; how many rows."""
    await_neighbours(database)
    done = 0
    while True:
        with database.write() as connection:
            count = seal_batch(connection, most)
        done += count
        if not count:
            return done


def check(
    database: Database, points: Mapping[tuple[int, int], bytes] | None = None, *, late: bool = False
) -> list[Finding]:
    """Every finding; `late` also looks for rows without a seal."""
    with database.read(snapshot=True) as connection:
        look = ChainCheck(list_epochs(connection), list_drops(connection), points or {})
        found = list(look.run(walk_seals(connection)))
        return found + (list(check_unsealed(connection)) if late else [])


def list_sealed(database: Database) -> list[str]:
    """The objects of the sealed rows, in the order of the chain."""
    with database.read() as connection:
        return [str(seal.row["object"]) for seal in walk_seals(connection) if seal.row is not None]


def read_points(database: Database) -> dict[tuple[int, int], bytes]:
    """The hash at every place: what anchors would know that were made after each seal."""
    with database.read() as connection:
        return {(seal.epoch, seal.seq): seal.hash for seal in walk_seals(connection)}


@contextmanager
def open_owner(database: Database) -> Iterator[Connection]:
    """A transaction of the database's owner, whom no trigger holds back."""
    owner = Database(database.url.render_as_string(hide_password=False))
    with owner.write() as connection:
        if owner.is_sqlite:
            names = (
                connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
                .scalars()
                .all()
            )
            for name in names:
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            for table in TABLES:
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        yield connection
    owner.close()


def tamper(database: Database, *statements: str) -> None:
    """Change rows as the owner."""
    with open_owner(database) as connection:
        for statement in statements:
            connection.execute(text(statement))
