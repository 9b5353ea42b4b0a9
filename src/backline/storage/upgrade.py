"""Brings a database to the schema of this code, from empty or filled, one process at a time."""

from __future__ import annotations

import logging
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from backline.errors import BacklineError
from backline.storage.database import Database
from backline.storage.locks import Lock, take_lock
from backline.storage.writer_role import grant_writer_role

_VERSION_TABLE = "backline_schema"
_MIGRATIONS = Path(__file__).parent / "migrations"
NEWER = "Run the newer Backline, or restore a backup from before its upgrade."
logging.getLogger("alembic").setLevel(logging.WARNING)


class NewerSchema(BacklineError):
    """The database was upgraded by newer code than this."""


def read_revision(database: Database) -> str | None:
    """The revision that the database is at; None where it is empty."""
    with database.read() as connection:
        return read_current(connection)


def list_revisions() -> list[str]:
    """Every revision of this code, oldest first: the numbers at the head of the names of its migrations."""
    return sorted(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def find_head() -> str:
    """The revision of this code."""
    return list_revisions()[-1]


def upgrade_database(database: Database, revision: str = "head") -> tuple[str | None, str | None]:
    """Apply what is missing in one transaction; (revision before, revision after).

    Raises `NewerSchema` where the database knows a revision that this code does not.
    """
    owner = Database(database.url.render_as_string(hide_password=False), busy_seconds=database.busy_seconds)
    try:
        before = read_revision(owner)
        if before == find_head() and revision == "head":
            return before, before
        with owner.write() as connection:
            take_lock(connection, Lock.SCHEMA)
            before = read_current(connection)
            refuse_newer(before)
            migrate(connection, revision)
            if not owner.is_sqlite and database.writer_role:
                grant_writer_role(connection, database.writer_role)
            after = read_current(connection)
        return before, after
    finally:
        owner.close()


def migrate(connection: Connection, revision: str = "head") -> None:
    """Apply what is missing up to a revision, in the owner's transaction."""
    from alembic import command  # takes a while to import, and most starts have nothing to apply
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["version_table"] = _VERSION_TABLE
    command.upgrade(config, revision)


def find_remedy(revision: str | None) -> str:
    """What to do where a database is at another revision than this code: an older one can be upgraded."""
    return "Run `backline db upgrade`." if revision is None or revision in list_revisions() else NEWER


def refuse_newer(revision: str | None) -> None:
    """Raise `NewerSchema` where this code does not know the revision."""
    if find_remedy(revision) == NEWER:
        raise NewerSchema(
            f"The database is at schema {revision}, which this code does not know.", remedy=NEWER
        )


def read_current(connection: Connection) -> str | None:
    """The revision that a connection sees; None where there is none."""
    if not inspect(connection).has_table(_VERSION_TABLE):
        return None
    found: str | None = connection.scalar(text(f"SELECT version_num FROM {_VERSION_TABLE}"))
    return found
