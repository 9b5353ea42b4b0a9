"""Hot statements go straight to the driver, and their errors come back as SQLAlchemy's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError

from backline.runtime.retry import is_passing
from backline.storage.database import Database
from backline.storage.statement import Statement


def test_the_first_row_comes_as_an_object(database: Database) -> None:
    statement = Statement(
        "SELECT CAST(:word AS TEXT) AS word, CAST(:n AS INTEGER) + 1 AS more, '100%' AS part",
        database.dialect,
    )
    with database.write() as connection:
        row = statement.first(connection, {"word": "it's :n", "n": 4, "unused": 1})
    assert row is not None and (row.word, row.more, row.part) == ("it's :n", 5, "100%")


def test_no_row_is_none(database: Database) -> None:
    statement = Statement("SELECT id FROM backline_run WHERE id LIKE 'x%' AND id = :id", database.dialect)
    with database.write() as connection:
        assert statement.first(connection, {"id": "x"}) is None


def test_a_cast_is_no_parameter_and_a_percent_sign_is_one() -> None:
    assert Statement("SELECT '5'::int, :n, '1%'", "postgresql")._sql == "SELECT '5'::int, %(n)s, '1%%'"


def test_errors_are_translated(database: Database) -> None:
    insert = Statement(
        "INSERT INTO backline_step (run_id, name, input_sha, result, made_at) VALUES (:id, '', '', '', 0) RETURNING run_id",
        database.dialect,
    )
    with pytest.raises(IntegrityError) as caught, database.write() as connection:
        insert.first(connection, {"id": "1"})
        insert.first(connection, {"id": "1"})
    assert not is_passing(caught.value)
    broken = Statement("SELECT nothing FROM nowhere", database.dialect)
    kind = OperationalError if database.is_sqlite else ProgrammingError
    with pytest.raises(kind) as other, database.write() as connection:
        broken.first(connection, {})
    assert not is_passing(other.value)
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM backline_step")).scalar_one() == 0


def test_a_locked_sqlite_is_a_passing_fault(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/b.db", busy_seconds=0.05)
    with database.write() as connection:
        connection.execute(text("CREATE TABLE t (x)"))
    other = Database(f"sqlite:///{tmp_path}/b.db", busy_seconds=0.05)
    insert = Statement("INSERT INTO t VALUES (1) RETURNING x", "sqlite")
    with database.write():
        with pytest.raises(OperationalError, match="locked") as caught, other.read() as connection:
            insert.first(connection, {})
        assert is_passing(caught.value)
        with pytest.raises(OperationalError, match="locked") as begun, other.write():
            raise AssertionError
        assert is_passing(begun.value)
    other.close()
    database.close()


@pytest.mark.services
def test_a_killed_session_is_a_passing_fault_and_leaves_the_pool(
    make_database_url: Callable[[str], str],
) -> None:
    database = Database(make_database_url("postgresql"))
    select = Statement("SELECT 1 AS one", "postgresql")
    with pytest.raises(DBAPIError) as caught, database.write() as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with database.write() as killer:
            killer.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        select.first(connection, {})
    assert is_passing(caught.value) and caught.value.connection_invalidated
    with database.write() as connection:
        row = select.first(connection, {})
        assert row is not None and row.one == 1
        assert connection.execute(text("SELECT pg_backend_pid()")).scalar_one() != pid
    database.close()


def test_an_error_does_not_show_what_was_to_be_written(database: Database) -> None:
    broken = "INSERT INTO backline_step (run_id, name) VALUES (:id, :name) RETURNING run_id"
    values = {"id": "ann@example.org", "name": "hunter22"}
    texts = []
    with pytest.raises(IntegrityError) as straight, database.write() as connection:
        Statement(broken, database.dialect).first(connection, values)
    texts.append(str(straight.value).partition("DETAIL")[0])
    with pytest.raises(IntegrityError) as usual, database.write() as connection:
        connection.execute(text(broken), values)
    texts.append(str(usual.value).replace(str(usual.value.orig), ""))
    for words in texts:
        assert "ann@example.org" not in words and "hunter22" not in words
