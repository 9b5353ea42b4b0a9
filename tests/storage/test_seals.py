"""Sealing: everything once, in an order behind whose head nothing can come in; one sealer at a time; kill -9."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from backline.errors import NeedsHuman
from backline.storage.audits import AuditEntry, insert_audit
from backline.storage.database import Database
from backline.storage.seals import is_anything_pending, read_head, read_lag, seal_batch
from backline.storage.upgrade import upgrade_database
from tests.storage.chains import check, list_sealed, seal, tamper, tell

STALL = """
import sys
from backline.storage.database import Database
from backline.storage.seals import seal_batch
database = Database(sys.argv[1], writer_role=sys.argv[2] or None)
with database.write() as connection:
    print(seal_batch(connection), flush=True)
    sys.stdin.read()
"""


def test_rows_are_sealed_once_and_the_head_moves(database: Database) -> None:
    with database.read() as connection:
        assert read_head(connection) is None
        assert not is_anything_pending(connection)
    tell(database, "a", "b", "c")
    with database.read() as connection:
        assert is_anything_pending(connection)
    assert seal(database, most=2) == 3
    assert seal(database) == 0
    tell(database, "d")
    assert seal(database) == 1
    with database.read() as connection:
        head = read_head(connection)
        assert not is_anything_pending(connection)
    assert head is not None
    assert (head.epoch, head.seq, head.count) == (1, 4, 4)
    assert list_sealed(database) == ["a", "b", "c", "d"]
    assert check(database) == []


def test_young_rows_wait_for_company(database: Database) -> None:
    tell(database, "a")
    with database.write() as connection:
        assert seal_batch(connection, least_age=30.0) == 0
    tamper(database, "UPDATE backline_audit SET at = at - 31000000")
    with database.write() as connection:
        assert seal_batch(connection, least_age=30.0) == 1


def test_lag_is_the_age_of_the_oldest_row_without_a_seal(database: Database) -> None:
    with database.read() as connection:
        assert read_lag(connection) == (0, 0)
    tell(database, "a", "b")
    tamper(database, "UPDATE backline_audit SET at = at - 90000000 WHERE object = 'a'")
    with database.read() as connection:
        lag, waiting = read_lag(connection)
    assert waiting == 2
    assert 90 <= lag < 120
    seal(database)
    with database.read() as connection:
        assert read_lag(connection) == (0, 0)


@pytest.mark.parametrize("table", ["backline_seal", "backline_seal_epoch"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET epoch = 9", "DELETE FROM {}", "TRUNCATE {}"])
@pytest.mark.parametrize("owner", [True, False], ids=["owner", "product"])
def test_nobody_changes_seals(database: Database, table: str, verb: str, owner: bool) -> None:
    tell(database, "a")
    seal(database)
    statement = verb.format(table)
    if database.is_sqlite and "TRUNCATE" in verb:
        statement = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"
    hand = Database(database.url.render_as_string(hide_password=False)) if owner else database
    words = "never changed" if owner or database.is_sqlite else "permission denied"
    with pytest.raises(DBAPIError, match=words), hand.write() as connection:
        connection.execute(text(statement))
    assert check(database) == []
    hand.close()


@pytest.mark.services
def test_a_slow_transaction_that_commits_late_is_sealed_later(pg: Database) -> None:
    """Opened before, committed after the sealer ran: it must not land behind the head."""
    with ExitStack() as ends:
        slow = ends.enter_context(pg.write())
        _tell_here(slow, pg, "slow")
        tell(pg, "quick")
        assert seal(pg) == 0, "the slow transaction has the lower id, and may still commit"
        assert check(pg, late=True) == []
    tell(pg, "after")
    assert seal(pg) == 3
    assert list_sealed(pg) == ["slow", "quick", "after"]
    assert check(pg) == []


@pytest.mark.services
def test_a_late_row_with_a_low_id_and_a_younger_transaction(pg: Database) -> None:
    """The id is drawn first, the transaction becomes known later: ids are no order."""
    with ExitStack() as ends:
        slow = ends.enter_context(pg.write())
        low = slow.execute(text("SELECT nextval('backline_audit_id_seq')")).scalar_one()
        tell(pg, "quick")
        sealed = seal(pg)
        slow.execute(
            text(
                "INSERT INTO backline_audit (id, at, actor, action, object, body) "
                "VALUES (:id, 1, 'ann', 'a', 'slow', '{}')"
            ),
            {"id": low},
        )
    assert sealed + seal(pg) == 2
    assert sorted(list_sealed(pg)) == ["quick", "slow"]
    assert check(pg) == []


@pytest.mark.services
def test_rolled_back_rows_are_passed_over(pg: Database) -> None:
    with pytest.raises(RuntimeError), pg.write() as connection:
        _tell_here(connection, pg, "gone")
        raise RuntimeError
    tell(pg, "a")
    assert seal(pg) == 1
    assert check(pg) == []


@pytest.mark.services
def test_rows_of_another_server_are_told_of(pg: Database) -> None:
    """After a restore into another cluster, transaction ids are from a future that has not been here."""
    tell(pg, "a")
    seal(pg)
    tamper(pg, "UPDATE backline_audit SET xid = '900000000000'")
    tell(pg, "b")
    with pytest.raises(NeedsHuman, match="another one"):
        seal(pg)


OPS = st.lists(st.tuples(st.sampled_from(["tell", "commit", "undo", "seal"]), st.integers(0, 2)), max_size=25)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(ops=OPS)
def test_any_interleaving_seals_what_was_committed_once(
    database: Database, ops: list[tuple[str, int]]
) -> None:
    """Three writers that open, tell, commit or roll back as they like, and a sealer in between."""
    before = list_sealed(database)
    hands = _Hands(database)
    for number, (verb, who) in enumerate(ops):
        if verb == "tell":
            hands.tell(who, f"{len(before)}.{number}")
        elif verb == "seal":
            hands.seal()
            assert check(database) == []
        else:
            hands.end(who, commit=verb == "commit")
    hands.end_all()
    seal(database)
    found = list_sealed(database)
    assert found[: len(before)] == before, "what was sealed stays where it is"
    assert sorted(found[len(before) :]) == sorted(hands.committed)
    assert check(database) == []


class _Hands:
    """Writers with open transactions. On SQLite one holds the lock, so only it may be open."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open: dict[int, tuple[Connection, list[str]]] = {}
        self.committed: list[str] = []

    def tell(self, who: int, name: str) -> None:
        if who not in self._open:
            if self._database.is_sqlite:
                self.end_all()
            connection = self._database.engine.connect()
            connection.execution_options(backline_writes=True)
            self._open[who] = (connection, [])
        connection, names = self._open[who]
        _tell_here(connection, self._database, name)
        names.append(name)

    def seal(self) -> None:
        if self._database.is_sqlite:
            self.end_all()
        with self._database.write() as connection:
            seal_batch(connection, 3)

    def end(self, who: int, *, commit: bool) -> None:
        if who in self._open:
            connection, names = self._open.pop(who)
            (connection.commit if commit else connection.rollback)()
            connection.close()
            self.committed += names if commit else []

    def end_all(self) -> None:
        for who in list(self._open):
            self.end(who, commit=True)


def test_two_sealers_at_once_seal_each_row_once(database: Database) -> None:
    names = [f"s{number:03}" for number in range(120)]
    tell(database, *names)
    gate, errors = threading.Barrier(3), []

    def work() -> None:
        gate.wait()
        try:
            for _ in range(30):
                with database.write() as connection:
                    seal_batch(connection, 10)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seal(database)
    assert errors == []
    assert list_sealed(database) == names
    assert check(database) == []


def test_kill_9_in_mid_batch_leaves_nothing_half(database: Database) -> None:
    tell(database, *"abcde")
    url = database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", STALL, url, database.writer_role or ""]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sealer:
        assert sealer.stdout is not None
        assert sealer.stdout.readline() == "5\n"  # sealed, and not committed
        sealer.kill()
        sealer.wait()
    assert list_sealed(database) == []
    assert _await_seal(lambda: seal(database)) == 5
    assert check(database) == []


def _await_seal(work: Callable[[], int]) -> int:
    """PostgreSQL notices a moment later that a client is gone, and keeps its lock till then."""
    pause = threading.Event()
    for _ in range(200):
        if count := work():
            return count
        pause.wait(0.05)
    return 0


def _tell_here(connection: Connection, database: Database, name: str) -> None:
    insert_audit(connection, database.now_sql, AuditEntry("ann", "song.change", name, "{}"))


@pytest.fixture
def pg(make_database_url: Callable[[str], str]) -> Database:
    return Database(make_database_url("postgresql"), writer_role="backline_writer")


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=[pytest.mark.services])])
def test_rows_from_before_the_seal_are_sealed_first(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/b.db" if kind == "sqlite" else request.getfixturevalue("pg_url")
    database = Database(url)
    upgrade_database(database, "0003")
    tell(database, "old 1", "old 2")
    upgrade_database(database)
    tell(database, "new")
    assert seal(database) == 3
    assert list_sealed(database) == ["old 1", "old 2", "new"]
    assert check(database) == []
    database.close()
