"""A run goes through the caller's own connection, of every kind: its commit, its rollback, its errors."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row, namedtuple_row
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from backline.errors import BadInput, Conflict
from backline.storage.borrowed import borrow, insert_borrowed, insert_borrowed_async
from backline.storage.database import Database
from backline.storage.run_ids import new_run_id
from backline.storage.runs import NewRun, list_runs

Lend = Callable[[], Any]


def new(**columns: Any) -> NewRun:
    given = {
        "id": new_run_id(), "task": "probe.work", "version": 1, "queue": "probe", "priority": 5, "job": "{}",
        "job_sha": "sha", "trace_id": "t", "asked_by": "ann",
    } | columns  # fmt: skip
    return NewRun(**given)


def list_ids(database: Database) -> list[str]:
    with database.read() as connection:
        return [row.id for row in list_runs(connection, oldest_first=True)]


def read_row(database: Database) -> Any:
    with database.read() as connection:
        (row,) = list_runs(connection)
    return row


def plain_url(database: Database) -> str:
    return database.url.render_as_string(hide_password=False).replace("+psycopg", "")


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    """The team's own, without anything of ours."""
    engine = create_engine(database.url)
    yield engine
    engine.dispose()


def ring(bells: list[str]) -> Callable[[], None]:
    return lambda: bells.append("rung")


def test_a_session_commits_and_rings_after_it(database: Database, engine: Engine) -> None:
    bells: list[str] = []
    with Session(engine) as session:
        run_id = insert_borrowed(session, new(), ring(bells))
        assert list_ids(database) == [] and bells == []
        session.commit()
        assert list_ids(database) == [run_id] and bells == ["rung"]
        session.execute(text("SELECT 1"))
        session.commit()
        assert bells == ["rung"]
    assert read_row(database).rings == 1


def test_a_session_that_is_rolled_back_leaves_no_run_and_rings_nothing(
    database: Database, engine: Engine
) -> None:
    bells: list[str] = []
    with Session(engine) as session:
        insert_borrowed(session, new(), ring(bells))
        session.rollback()
        session.execute(text("SELECT 1"))
        session.commit()
    assert list_ids(database) == [] and bells == []


def test_a_savepoint_takes_its_run_with_it_and_no_other(database: Database, engine: Engine) -> None:
    if database.is_sqlite:  # as SQLAlchemy's documentation says for savepoints
        engine = create_engine(database.url, connect_args={"isolation_level": None})
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    bells: list[str] = []
    with Session(engine) as session:
        outer = insert_borrowed(session, new(), ring(bells))
        with pytest.raises(ZeroDivisionError), session.begin_nested():
            insert_borrowed(session, new(), ring(bells))
            raise ZeroDivisionError
        with session.begin_nested():
            inner = insert_borrowed(session, new(), ring(bells))
        assert bells == []
        session.commit()
    assert list_ids(database) == sorted([outer, inner]) and bells


def test_a_scoped_session_and_a_bare_connection_do_too(database: Database, engine: Engine) -> None:
    bells: list[str] = []
    scoped = scoped_session(sessionmaker(engine))
    first = insert_borrowed(scoped, new(), ring(bells))
    scoped.commit()
    scoped.remove()
    assert bells == ["rung"]
    with engine.begin() as connection:
        second = insert_borrowed(connection, new(), ring(bells))
    with engine.connect() as connection:
        insert_borrowed(connection, new(), ring(bells))
    assert list_ids(database) == [first, second] and bells == ["rung"]
    with database.read() as connection:
        row = list_runs(connection)[0]
    assert (row.id, row.rings, row.ring_at <= row.created_at) == (second, 0, True)  # the next sweep rings


def borrow_driver(database: Database) -> Any:
    """The team's own connection, without SQLAlchemy."""
    if database.is_sqlite:
        return sqlite3.connect(str(database.url.database))
    return psycopg.connect(plain_url(database))


def test_a_driver_s_connection_and_cursor(database: Database) -> None:
    bells: list[str] = []
    with closing(borrow_driver(database)) as lent:
        lent.execute("SELECT 1")
        kept = insert_borrowed(lent, new(), ring(bells))
        assert list_ids(database) == []
        lent.commit()
        insert_borrowed(lent.cursor(), new(), ring(bells))
        lent.rollback()
    assert list_ids(database) == [kept] and bells == []
    row = read_row(database)
    assert (row.state, row.rings, row.ring_at <= row.created_at) == ("queued", 0, True)


def test_row_factories_of_the_caller_do_not_matter(database: Database) -> None:
    with closing(borrow_driver(database)) as lent:
        if isinstance(lent, sqlite3.Connection):
            factories: tuple[Any, ...] = (sqlite3.Row, lambda _, row: {"id": row})
            lent.text_factory = bytes
        else:
            factories = (dict_row, namedtuple_row)
        ids = []
        for number, factory in enumerate(factories):
            lent.row_factory = factory
            key = new(idempotency_key=str(number))
            ids.append(insert_borrowed(lent, key, ring([])))
            assert insert_borrowed(lent.cursor(), new(idempotency_key=str(number)), ring([])) == ids[-1]
        lent.commit()
    assert list_ids(database) == ids


@pytest.mark.services
def test_a_raw_cursor_factory_does_not_matter(make_database_url: Callable[[str], str]) -> None:
    url = make_database_url("postgresql").replace("+psycopg", "")
    with psycopg.connect(url, cursor_factory=psycopg.RawCursor) as lent:
        assert insert_borrowed(lent, new(), ring([]))


def test_without_a_transaction_the_run_is_there_at_once(database: Database) -> None:
    bells: list[str] = []
    with closing(borrow_driver(database)) as lent:
        if isinstance(lent, sqlite3.Connection):
            lent.isolation_level = None
        else:
            lent.autocommit = True
        run_id = insert_borrowed(lent, new(), ring(bells))
        assert list_ids(database) == [run_id] and bells == ["rung"]
        lent.execute("BEGIN")
        insert_borrowed(lent, new(), ring(bells))
        lent.execute("ROLLBACK")
    assert list_ids(database) == [run_id] and bells == ["rung"]


def test_a_key_that_was_used_before_breaks_nothing(database: Database, engine: Engine) -> None:
    with Session(engine) as session, session.begin():
        first = insert_borrowed(session, new(idempotency_key="k"), ring([]))
    with closing(borrow_driver(database)) as lent:
        assert insert_borrowed(lent, new(idempotency_key="k"), ring([])) == first
        with pytest.raises(Conflict, match="another job"):
            insert_borrowed(lent, new(idempotency_key="k", job_sha="other"), ring([]))
        second = insert_borrowed(lent, new(), ring([]))  # the transaction goes on
        lent.commit()
    assert list_ids(database) == sorted([first, second])


def test_a_run_of_later_waits_for_its_time(database: Database, engine: Engine) -> None:
    bells: list[str] = []
    with Session(engine) as session, session.begin():
        insert_borrowed(session, new(delay=50_000.0, deadline=90_000.0), ring(bells))
    row = read_row(database)
    assert (row.state, row.due_at - row.created_at) == ("scheduled", 50_000_000_000) and bells == []
    assert row.deadline_at - row.due_at == 90_000_000_000


def test_a_database_without_our_tables_is_named(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as lent:
        with pytest.raises(BadInput, match="backline db upgrade"):
            insert_borrowed(lent, new(), ring([]))
        lent.execute("CREATE TABLE backline_run (id TEXT)")
        with pytest.raises(BadInput, match="of another version"):
            insert_borrowed(lent, new(), ring([]))
    engine = create_engine(f"sqlite:///{tmp_path / 'third.db'}")
    with Session(engine) as session, pytest.raises(BadInput, match="lacks"):
        insert_borrowed(session, new(), ring([]))
    engine.dispose()


@pytest.mark.services
def test_on_postgresql_too_and_a_role_that_may_not(
    pg_url: str, make_database_url: Callable[[str], str]
) -> None:
    with psycopg.connect(pg_url.replace("+psycopg", "")) as lent:
        with pytest.raises(BadInput, match="backline db upgrade"):
            insert_borrowed(lent, new(), ring([]))
        lent.rollback()
    with psycopg.connect(make_database_url("postgresql").replace("+psycopg", "")) as lent:
        lent.execute("CREATE ROLE nobody_here")
        lent.execute("SET ROLE nobody_here")
        with pytest.raises(BadInput, match="GRANT SELECT, INSERT"):
            insert_borrowed(lent, new(), ring([]))
        lent.rollback()


@pytest.mark.services
def test_an_asynchronous_connection_of_psycopg(make_database_url: Callable[[str], str]) -> None:
    url = make_database_url("postgresql")
    database = Database(url)

    async def go() -> str:
        lent = await psycopg.AsyncConnection.connect(url.replace("+psycopg", ""), row_factory=dict_row)
        async with lent:
            kept = await insert_borrowed_async(lent, new(idempotency_key="k"), ring([]))
            assert await insert_borrowed_async(lent.cursor(), new(idempotency_key="k"), ring([])) == kept
            with pytest.raises(Conflict):
                await insert_borrowed_async(lent, new(idempotency_key="k", job_sha="other"), ring([]))
            await lent.commit()
            await insert_borrowed_async(lent, new(), ring([]))
            await lent.rollback()
            with pytest.raises(BadInput, match="submit_async"):
                borrow(lent)
        return kept

    assert [asyncio.run(go())] == list_ids(database)
    database.close()


def test_an_asynchronous_session_runs_it_inside(database: Database, engine: Engine) -> None:
    """SQLAlchemy's own needs greenlet; this one keeps its contract: `run_sync(function, *arguments)`."""

    async def go() -> str:
        with Session(engine) as session:
            run_id = await insert_borrowed_async(make_async(session), new(), ring([]))
            session.commit()
        return run_id

    assert [asyncio.run(go())] == list_ids(database)


def make_async(session: Session) -> Any:
    async def run_sync(_self: Any, function: Any, *arguments: Any) -> Any:
        return function(session, *arguments)

    return type("AsyncSession", (), {"__module__": "sqlalchemy.ext.asyncio", "run_sync": run_sync})()


@pytest.mark.parametrize("lent", [object(), "sqlite:///x.db"])
def test_what_is_no_connection_is_refused(lent: Any) -> None:
    with pytest.raises(BadInput, match="SQLAlchemy Session or Connection"):
        borrow(lent)
    with pytest.raises(BadInput, match="AsyncSession"):
        asyncio.run(insert_borrowed_async(lent, new(), ring([])))


def test_a_database_that_keeps_no_runs_is_refused() -> None:
    class Oracle:
        vendor = "oracle"

        def on_commit(self, _function: Any) -> None: ...

    with pytest.raises(BadInput, match="oracle"):
        borrow(Oracle())
