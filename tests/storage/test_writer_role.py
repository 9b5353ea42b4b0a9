"""The writer role on a real PostgreSQL, for owners with and without the right to make roles."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from backline.storage.database import Database
from backline.storage.upgrade import upgrade_database
from tests.storage.rows import make_run

pytestmark = pytest.mark.services
MakeUser = Callable[[str], Database]


@pytest.fixture
def role(pg_url: str) -> Iterator[str]:
    """A name for a writer role that only this test uses."""
    name = f"w{uuid.uuid4().hex}"
    yield name
    owner = Database(pg_url)
    with owner.write() as connection:
        if connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": name}).first():
            connection.execute(text(f"DROP OWNED BY {name}"))
            connection.execute(text(f"DROP ROLE {name}"))
    owner.close()


@pytest.fixture
def user(pg_url: str, role: str) -> Iterator[MakeUser]:
    """`user("CREATEROLE")` is the database as an ordinary user with that right sees it."""
    name = f"u{uuid.uuid4().hex}"
    admin, opened = Database(pg_url), []

    def make(rights: str) -> Database:
        with admin.write() as connection:
            connection.execute(text(f"CREATE ROLE {name} LOGIN PASSWORD 'pw' NOSUPERUSER {rights}"))
            connection.execute(text(f"GRANT CREATE, USAGE ON SCHEMA public TO {name}"))
        url = admin.url.set(username=name, password="pw").render_as_string(hide_password=False)
        opened.append(Database(url, writer_role=role))
        return opened[-1]

    yield make
    for database in opened:
        database.close()
    with admin.write() as connection:
        connection.execute(text(f"DROP OWNED BY {name} CASCADE"))
        connection.execute(text(f"DROP ROLE {name}"))
    admin.close()


def name_user(database: Database) -> str:
    with database.read() as connection:
        return str(connection.execute(text("SELECT current_user")).scalar_one())


def check_guarded(database: Database) -> None:
    make_run(database)
    with database.write() as connection:
        connection.execute(
            text(
                "INSERT INTO backline_audit (at, actor, action, object, body) VALUES (1, 'ann', 'a', 'o', '{}')"
            )
        )
    for change in (
        "UPDATE backline_audit SET actor = 'x'",
        "DELETE FROM backline_audit",
        "TRUNCATE backline_audit",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), database.write() as connection:
            connection.execute(text(change))


def test_an_owner_who_may_make_roles_makes_it(user: MakeUser, role: str) -> None:
    database = user("CREATEROLE")
    upgrade_database(database)
    assert name_user(database) == role
    check_guarded(database)


def test_an_owner_who_may_not_goes_on_without_it(user: MakeUser, role: str) -> None:
    database = user("NOCREATEROLE")
    upgrade_database(database)
    assert name_user(database) == database.url.username
    make_run(database)


def test_a_role_that_an_administrator_made_is_used(user: MakeUser, role: str, pg_url: str) -> None:
    database = user("NOCREATEROLE")
    admin = Database(pg_url)
    with admin.write() as connection:
        connection.execute(text(f"CREATE ROLE {role} NOLOGIN"))
        connection.execute(text(f"GRANT {role} TO {database.url.username}"))
    admin.close()
    upgrade_database(database)
    assert name_user(database) == role
    check_guarded(database)


def test_no_role_is_wanted(pg_url: str) -> None:
    database = Database(pg_url, writer_role=None)
    upgrade_database(database)
    assert name_user(database) == database.url.username
    make_run(database)
    database.close()
