"""Named users."""

from __future__ import annotations

import pytest

from backline.errors import BadInput, Conflict, NotAllowed, UnknownName
from backline.storage.database import Database
from backline.storage.users import add_user, disable_user, enable_user, list_users, read_active_user


def test_a_user_is_added_once_and_disabled_once(database: Database) -> None:
    with database.write() as connection:
        row = add_user(connection, database.now_sql, "ann", "admin", "me")
        add_user(connection, database.now_sql, "bob@example.org", "viewer", "me")
    assert (row.name, row.role, row.created_by, row.disabled_at) == ("ann", "admin", "me", None)
    with pytest.raises(Conflict), database.write() as connection:
        add_user(connection, database.now_sql, "ann", "viewer", "me")
    with database.write() as connection:
        assert read_active_user(connection, "ann").role == "admin"
        first = disable_user(connection, database.now_sql, "ann", "eve")
        assert disable_user(connection, database.now_sql, "ann", "mallory") == first
        assert first.disabled_by == "eve"
        with pytest.raises(NotAllowed):
            read_active_user(connection, "ann")
        assert [user.name for user in list_users(connection)] == ["ann", "bob@example.org"]


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("", "admin"),
        ("a b", "admin"),
        ("a\0", "admin"),
        ("-a", "admin"),
        ("x" * 65, "admin"),
        ("ann", "king"),
    ],
)
def test_names_and_roles_that_cannot_be(database: Database, name: str, role: str) -> None:
    with pytest.raises(BadInput), database.write() as connection:
        add_user(connection, database.now_sql, name, role, "me")


def test_nobody_of_that_name(database: Database) -> None:
    with pytest.raises(UnknownName), database.write() as connection:
        disable_user(connection, database.now_sql, "nobody", "me")


def test_a_disabled_user_may_come_back(database: Database) -> None:
    with database.write() as connection:
        add_user(connection, database.now_sql, "ann", "member", "root")
        disable_user(connection, database.now_sql, "ann", "root")
        row = enable_user(connection, "ann")
        assert (row.disabled_at, row.disabled_by) == (None, None)
        assert read_active_user(connection, "ann").name == "ann"
        with pytest.raises(UnknownName):
            enable_user(connection, "bob")
