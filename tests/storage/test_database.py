"""Transactions, the fork, and what a database URL may say."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from backline.errors import BadInput
from backline.storage.database import Database


def insert(database: Database, key: str) -> None:
    with database.write() as connection:
        connection.execute(
            text(
                "INSERT INTO backline_step (run_id, name, input_sha, result, made_at) VALUES (:id, 'n', '', '', 0)"
            ),
            {"id": key},
        )


def keys(database: Database) -> list[str]:
    with database.read() as connection:
        return sorted(connection.execute(text("SELECT run_id FROM backline_step")).scalars())


def test_an_error_rolls_the_whole_block_back(database: Database) -> None:
    insert(database, "kept")
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        connection.execute(text("DELETE FROM backline_step"))
        _ = 1 / 0
    assert keys(database) == ["kept"]


def test_a_snapshot_sees_one_moment(database: Database) -> None:
    insert(database, "before")
    ask = text("SELECT count(*) FROM backline_step")
    with database.read(snapshot=True) as connection:
        assert connection.execute(ask).scalar_one() == 1
        insert(database, "after")
        assert connection.execute(ask).scalar_one() == 1
    with database.read() as connection:
        assert connection.execute(ask).scalar_one() == 2
        if not database.is_sqlite:  # the connection that the pool gives out again
            assert connection.execute(text("SHOW transaction_isolation")).scalar_one() == "read committed"


def test_it_says_how_it_runs_and_as_whom(database: Database, pg_url: str) -> None:
    with database.read() as connection:
        mode = database.read_mode(connection)
    assert mode == "wal" if database.is_sqlite else mode[0].isdigit()
    server = Database(pg_url)
    with server.read() as connection:
        assert server.read_role(connection) == "none"
    server.close()


def test_the_clock_is_microseconds_of_now(database: Database) -> None:
    with database.read() as connection:
        assert abs(database.now(connection) / 1e6 - time.time()) < 5


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("not a url", "not an SQLAlchemy URL"),
        ("mysql://h/d", "mysql is not supported"),
        ("", "not an SQLAlchemy URL"),
    ],
)
def test_other_databases_are_refused(url: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        Database(url)


def test_a_bad_url_is_not_repeated_with_its_password() -> None:
    with pytest.raises(BadInput) as caught:
        Database("postgresql//joe:secret@h")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2", "postgresql+psycopg"])
def test_postgresql_always_means_psycopg_3(scheme: str) -> None:
    assert Database(f"{scheme}://h/d").url.drivername == "postgresql+psycopg"


def test_a_silent_connection_is_given_up_on_both_sides_unless_the_url_says_otherwise(pg_url: str) -> None:
    ask = "SELECT current_setting('tcp_user_timeout'), current_setting('tcp_keepalives_idle')"
    for words, here in (("", "15000"), ("?tcp_user_timeout=2000", "2000")):
        database = Database(pg_url + words)
        with database.read() as connection:
            info = connection.connection.driver_connection.info.get_parameters()
            assert (info["tcp_user_timeout"], info["keepalives_idle"]) == (here, "10")
            assert tuple(connection.execute(text(ask)).one()) == ("15000", "10")
        database.close()


def test_sqlite_is_set_up_to_keep_what_it_says(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/new/folder/b.db", busy_seconds=7)
    with database.read() as connection:
        values = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert values == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 7000}
    database.close()


def test_sqlite_writers_queue_at_the_beginning_and_readers_do_not(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/b.db", busy_seconds=0.1)
    with database.write() as connection:
        connection.execute(text("CREATE TABLE t (x)"))
    with database.write(), database.read() as reader:
        assert reader.execute(text("SELECT count(*) FROM t")).scalar_one() == 0
        with pytest.raises(OperationalError, match="locked"), database.write():
            raise AssertionError
    database.close()


def test_a_child_process_gets_connections_of_its_own(database: Database) -> None:
    insert(database, "parent")
    engine = database.engine
    with database.read() as held:
        held.execute(text("SELECT 1"))
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = 0 if database.engine is not engine and keys(database) == ["parent"] else 2
                insert(database, "child")
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert database.engine is engine
    assert keys(database) == ["child", "parent"]


def test_many_threads_share_one_engine(database: Database) -> None:
    engines: list[object] = []
    database.close()
    threads = [threading.Thread(target=lambda: engines.append(database.engine)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(engines) == 8 and len(set(map(id, engines))) == 1


def test_after_a_restart_of_the_server_work_is_done_on_a_new_connection(pg_url: str) -> None:
    database, other = Database(pg_url), Database(pg_url)

    def ask() -> int:
        with database.read() as connection:
            return int(connection.execute(text("SELECT 1")).scalar_one())

    ask()  # a connection lies in the pool
    with other.write() as connection:
        kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
        connection.execute(text(kill + "AND pid <> pg_backend_pid()"))
    assert database.try_twice(ask) == 1
    database.close()
    other.close()


def test_an_error_of_the_statement_is_not_tried_again(database: Database) -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        with database.read() as connection:
            connection.execute(text("SELECT nothing FROM nowhere"))

    with pytest.raises(DBAPIError):
        database.try_twice(work)
    assert len(tries) == 1


class _CtrlC:
    """A value at which somebody presses Ctrl-C."""

    def __conform__(self, _: object) -> object:
        raise KeyboardInterrupt


def test_ctrl_c_in_the_middle_of_a_statement_gives_the_write_lock_back(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}", busy_seconds=1)
    other = Database(f"sqlite:///{tmp_path / 'x.db'}", busy_seconds=1)
    with database.write() as connection:
        connection.execute(text("CREATE TABLE n (n)"))
    with pytest.raises(KeyboardInterrupt) as caught, database.write() as connection:
        connection.exec_driver_sql("INSERT INTO n VALUES (?)", [(1,), (_CtrlC(),), (3,)])
    for one in (database, other):
        with one.write() as connection:  # while the interruption and its frames are still remembered
            assert connection.execute(text("SELECT count(*) FROM n")).scalar_one() == 0
        one.close()
    assert caught.value is not None
