"""Tables that give way on PostgreSQL are kept in a schema of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from backline.errors import NotAllowed
from backline.storage.database import Database
from backline.storage.restore_aside import Kept, set_schema_aside
from backline.storage.upgrade import upgrade_database
from tests.storage.backups import back_up, fill, put_back
from tests.storage.chains import seal, tell
from tests.storage.rows import make_run


def url_of(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


def test_the_writer_role_has_its_rights_again(database: Database, tmp_path: Path) -> None:
    if database.is_sqlite:
        return
    fill(database)
    back_up(database, tmp_path / "b.zip")
    put_back(tmp_path / "b.zip", url_of(database), force=True)
    make_run(database)
    tell(database, "by the role")
    with pytest.raises(Exception, match="permission denied"), database.write() as connection:
        connection.execute(text("DELETE FROM backline_audit"))


def test_empty_tables_go_and_filled_ones_need_force_and_the_right(pg_url: str) -> None:
    database = Database(pg_url)
    with database.write() as connection:
        assert set_schema_aside(connection, force=False) == Kept()
    for _ in range(2):
        upgrade_database(database)
        with database.write() as connection:
            assert set_schema_aside(connection, force=False) == Kept()
            assert inspect(connection).get_table_names() == []
    upgrade_database(database)
    tell(database, "one")
    seal(database)
    with pytest.raises(NotAllowed, match="holds something"), database.write() as connection:
        set_schema_aside(connection, force=False)
    with database.write() as connection:
        kept = set_schema_aside(connection, force=True)
        assert (kept.epoch, kept.place is not None) == (1, True)
    database.close()


def test_who_may_not_make_a_schema_is_told_before_anything_moves(pg_url: str) -> None:
    database = Database(pg_url)
    upgrade_database(database)
    make_run(database)
    role = f"poor_{pg_url.rpartition('/')[2]}"
    with database.write() as connection:
        connection.execute(text(f"CREATE ROLE {role}"))
        connection.execute(text(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}"))
    with pytest.raises(NotAllowed, match="may not make a schema"), database.write() as connection:
        connection.execute(text(f"SET LOCAL ROLE {role}"))
        set_schema_aside(connection, force=True)
    with database.write() as connection:
        connection.execute(text(f"DROP OWNED BY {role}"))
        connection.execute(text(f"DROP ROLE {role}"))
    database.close()
