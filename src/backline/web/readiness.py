"""Whether what a run needs is there: database with its schema, broker. In words, with the remedy."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy.exc import SQLAlchemyError

from backline.errors import BacklineError
from backline.runtime.audit import Secrets
from backline.settings import Settings
from backline.storage.database import Database
from backline.storage.upgrade import find_head, find_remedy, read_revision
from backline.wiring import find_passwords

RESTORE = "Restore a backup; or move the file away, and the next command makes an empty one."
_CORRUPT = ("file is not a database", "disk image is malformed")
Verdict = Literal["ok", "warning", "problem"]


@dataclass(frozen=True)
class Check:
    """One look at one thing: what was found, and what to do where it is not well."""

    name: str
    verdict: Verdict
    says: str
    remedy: str | None = None


def open_plainly(settings: Settings) -> Database:
    """The database as it is, with a short patience and without upgrading it."""
    options = settings.database
    return Database(
        settings.database_url,
        pool_size=1,
        busy_seconds=min(options.busy_seconds, 5.0),
        writer_role=options.writer_role or None,
    )


def check_database(settings: Settings, database: Database) -> list[Check]:
    """Reachable, at this code's schema, in the right mode, with the writer role (PostgreSQL)."""
    if database.is_sqlite and database.url.database and not Path(database.url.database).exists():
        return [
            Check("database", "ok", f"{database.url.database} is not there yet; the first command makes it.")
        ]
    where = database.url.render_as_string(hide_password=True)
    try:
        revision = read_revision(database)
        mode = [_check_mode(database), *_check_role(settings, database)]
    except (SQLAlchemyError, OSError, BacklineError) as error:
        return [
            Check(
                "database",
                "problem",
                f"{where}: {shorten(error, settings)}",
                _advise_database(database, error),
            )
        ]
    return [Check("database", "ok", f"{where} answers."), _check_schema(revision), *mode]


def is_corrupt(error: BaseException) -> bool:
    """Whether SQLite says that its file is none of its own, or broken."""
    return any(words in str(getattr(error, "orig", None) or error) for words in _CORRUPT)


def _advise_database(database: Database, error: BaseException) -> str:
    if is_corrupt(error):
        return RESTORE
    if database.is_sqlite:
        return "Give this user the right to read and write the file and its folder, or set database.url."
    return "Start PostgreSQL, or mend database.url (address, user, password, name of the database)."


def _check_schema(revision: str | None) -> Check:
    head = find_head()
    if revision == head:
        return Check("schema", "ok", f"At {head}, as this code wants it.")
    says = f"At {revision or 'nothing'}, this code wants {head}."
    return Check("schema", "problem", says, find_remedy(revision))


def _check_mode(database: Database) -> Check:
    with database.read() as connection:
        mode = database.read_mode(connection)
    if not database.is_sqlite:
        return Check("database mode", "ok", f"PostgreSQL {mode}.")
    if mode == "wal":
        return Check("database mode", "ok", "SQLite with a write-ahead log.")
    remedy = "Put the state folder on a local disk; network file systems do not carry a write-ahead log."
    return Check("database mode", "problem", f"SQLite with journal mode {mode}, not wal.", remedy)


def _check_role(settings: Settings, database: Database) -> list[Check]:
    """On PostgreSQL: whether this product writes as the role that cannot change audit rows."""
    role = settings.database.writer_role
    if database.is_sqlite or not role:
        return []
    with database.read() as connection:
        current = database.read_role(connection)
    if current == role:
        return [Check("writer role", "ok", f"Writes as {role}, which may not change audit rows.")]
    remedy = f"As a superuser: CREATE ROLE {role} NOLOGIN, grant it to this user, then `backline db upgrade`."
    return [
        Check(
            "writer role", "warning", f"The role {role} is not there; audit rows have their trigger.", remedy
        )
    ]


def check_broker(settings: Settings, app: Any) -> Check:
    """Whether bells can be rung: a connection and its login, or the folder of the embedded doorbell."""
    if settings.broker_url.startswith("filesystem://"):
        return _check_doorbell(settings.state / "doorbell" / "messages")
    where = Secrets(find_passwords(settings)).strike(settings.broker_url)
    try:
        with app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, timeout=3)
            _ = connection.default_channel
    except Exception as error:  # each broker's library has its own errors
        remedy = "Start the broker, or mend broker.url. Until then runs wait, and none is lost."
        return Check("broker", "problem", f"{where}: {shorten(error, settings)}", remedy)
    return Check("broker", "ok", f"{where} answers.")


def _check_doorbell(folder: Path) -> Check:
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    if os.access(nearest, os.W_OK | os.X_OK):
        return Check("broker", "ok", f"Bells are files in {folder}.")
    return Check(
        "broker", "problem", f"{nearest} cannot be written.", "Give this user the right to write there."
    )


def shorten(error: BaseException, settings: Settings) -> str:
    """The first line of an error, secrets struck out."""
    words = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    return Secrets(find_passwords(settings)).strike(words.splitlines()[0])
