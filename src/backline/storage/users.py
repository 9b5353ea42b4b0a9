"""Named users: who may be given an API key, and whose name stands in approvals and audit rows."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Connection, Row, select, text

from backline.errors import BadInput, Conflict, NotAllowed, UnknownName
from backline.storage.vault_tables import user as t

ROLES = ("viewer", "member", "admin")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
UserRow = Row[Any]  # name, role, created_at, created_by, disabled_at, disabled_by


def add_user(connection: Connection, now_sql: str, name: str, role: str, created_by: str) -> UserRow:
    """Make a user. Raises `BadInput` for a name or role that cannot be, `Conflict` where the name is taken."""
    if not _NAME.fullmatch(name):
        remedy = "Use 1 to 64 letters, digits or . _ @ + -, a letter or digit first."
        raise BadInput(f"{name!r} cannot be a user's name.", remedy=remedy)
    if role not in ROLES:
        raise BadInput(f"{role!r} is no role.", remedy=f"The roles are {', '.join(ROLES)}.")
    if find_user(connection, name) is not None:
        raise Conflict(
            f"There is a user {name} already.", remedy="Take another name; `backline user list` shows all."
        )
    connection.execute(
        t.insert().values(name=name, role=role, created_at=text(now_sql), created_by=created_by)
    )
    return read_user(connection, name)


def find_user(connection: Connection, name: str) -> UserRow | None:
    """The user, or None."""
    return connection.execute(select(t).where(t.c.name == name)).first()


def read_user(connection: Connection, name: str) -> UserRow:
    """The user. Raises `UnknownName`."""
    row = find_user(connection, name)
    if row is None:
        raise UnknownName(f"No user {name!r}.", remedy="`backline user add NAME` makes one.")
    return row


def read_active_user(connection: Connection, name: str) -> UserRow:
    """The user. Raises `UnknownName`, and `NotAllowed` where it is disabled."""
    row = read_user(connection, name)
    if row.disabled_at is not None:
        raise NotAllowed(f"The user {name} is disabled.", remedy="Take another user.")
    return row


def list_users(connection: Connection) -> list[UserRow]:
    """All users by name, disabled ones too: their names stand in audit rows."""
    return list(connection.execute(select(t).order_by(t.c.name)).all())


def enable_user(connection: Connection, name: str) -> UserRow:
    """Keys of the user that were not revoked work again from this moment. Raises `UnknownName`."""
    read_user(connection, name)
    connection.execute(t.update().where(t.c.name == name).values(disabled_at=None, disabled_by=None))
    return read_user(connection, name)


def disable_user(connection: Connection, now_sql: str, name: str, disabled_by: str) -> UserRow:
    """Keys of the user work no more from this moment. Once disabled stays as it was. Raises `UnknownName`."""
    if read_user(connection, name).disabled_at is None:
        values = {"disabled_at": text(now_sql), "disabled_by": disabled_by}
        connection.execute(t.update().where(t.c.name == name).values(**values))
    return read_user(connection, name)
