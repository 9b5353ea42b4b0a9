"""Brings a database to the schema of this code, from empty or filled, one process at a time."""

from __future__ import annotations

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from backline.errors import BacklineError
from backline.storage.database import Database
from backline.storage.writer_role import grant_writer_role

_LOCK = 4_242_2026
NEWER = "Run the newer Backline, or restore a backup from before its upgrade."
logging.getLogger("alembic").setLevel(logging.WARNING)


class NewerSchema(BacklineError):
    """The database was upgraded by newer code than this."""


def read_revision(database: Database) -> str | None:
    """The revision that the database is at; None where it is empty."""
    with database.read() as connection:
        return read_current(connection)


def find_head() -> str:
    """The revision of this code."""
    head = ScriptDirectory.from_config(_make_config()).get_current_head()
    assert head is not None
    return head


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
            if not owner.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
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
    config = _make_config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def find_remedy(revision: str | None) -> str:
    """What to do where a database is at another revision than this code: an older one can be upgraded."""
    known = {script.revision for script in ScriptDirectory.from_config(_make_config()).walk_revisions()}
    return "Run `backline db upgrade`." if revision is None or revision in known else NEWER


def refuse_newer(revision: str | None) -> None:
    """Raise `NewerSchema` where this code does not know the revision."""
    if find_remedy(revision) == NEWER:
        raise NewerSchema(
            f"The database is at schema {revision}, which this code does not know.", remedy=NEWER
        )


def read_current(connection: Connection) -> str | None:
    """The revision that a connection sees; None where there is none."""
    return MigrationContext.configure(
        connection, opts={"version_table": "backline_schema"}
    ).get_current_revision()


def _make_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
