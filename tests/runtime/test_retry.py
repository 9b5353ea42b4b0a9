"""Each error has its state, its wait and its end."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import kombu.exceptions
import pytest
import redis.exceptions
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from backline.errors import (
    BadInput,
    BrokenContract,
    Cancelled,
    Conflict,
    NeedsHuman,
    NotAllowed,
    Stopping,
    TimeLimit,
    TryLater,
    UnknownName,
)
from backline.runtime.effects import Effects
from backline.runtime.retry import (
    Verdict,
    back_off,
    describe_error,
    first_line,
    is_passing,
    judge,
)
from backline.runtime.task import Limits
from backline.storage.database import Database
from tests.runtime.conftest import MakeStage
from tests.runtime.stage import Done, Word, declare, write_word

BOTH_FORMS = pytest.mark.parametrize("short", [True, False], ids=["one commit", "two commits"])


@pytest.mark.parametrize(
    ("error", "state", "kind", "attempt", "delayed"),
    [
        (BadInput("no"), "failed", "bad_input", 1, False),
        (NotAllowed("no"), "failed", "not_allowed", 1, False),
        (NeedsHuman("look"), "needs_attention", "needs_human", 1, False),
        (TryLater(3600), "scheduled", "try_later", 0, True),
        (ConnectionResetError("gone"), "scheduled", "transient", 1, True),
        (ValueError("what"), "scheduled", "bug", 1, True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
@BOTH_FORMS
def test_each_error_has_its_state(
    stage: MakeStage, error: Exception, state: str, kind: str, attempt: int, delayed: bool, short: bool
) -> None:
    def fail(job: Word, effects: Effects) -> Done:
        effects.add(write_word("never"))
        raise error

    task = declare(short=short)(fail)
    on = stage(task)
    run_id = on.submit(task)
    on.run()
    row = on.row(run_id)
    assert (row.state, row.error_kind, row.attempt) == (state, kind, attempt)
    assert str(error) in row.error_text
    assert on.words() == []
    assert (row.finished_at is None) == delayed
    with on.database.read() as connection:
        wait = (row.due_at - on.database.now(connection)) / 1e6
    if kind == "try_later":
        assert 3590 < wait <= 3600
    elif delayed:
        assert wait <= 2.0
    assert len(on.attempts(run_id)) == 1 and len(on.audits(run_id)) == 1


def test_a_transient_fault_is_tried_eight_times(stage: MakeStage) -> None:
    def fail(job: Word) -> Done:
        raise TimeoutError("the other side")

    task = declare()(fail)
    on = stage(task)
    run_id = on.submit(task)
    states = []
    for _ in range(8):
        on.pass_time(1000)
        on.redriver.sweep()
        on.run()
        states.append(on.row(run_id).state)
    assert states == ["scheduled"] * 7 + ["dead"]
    assert on.row(run_id).attempt == 8
    assert [attempt.number for attempt in on.attempts(run_id)] == list(range(1, 9))
    on.pass_time(100_000)
    on.redriver.sweep()
    assert on.run() is None


def test_a_bug_is_tried_twice_again(stage: MakeStage) -> None:
    def fail(job: Word) -> Done:
        raise KeyError("title")

    task = declare(short=True)(fail)
    on = stage(task)
    run_id = on.submit(task)
    states = []
    for _ in range(3):
        on.pass_time(1000)
        on.redriver.sweep()
        on.run()
        states.append(on.row(run_id).state)
    assert states == ["scheduled", "scheduled", "dead"]
    assert "KeyError: 'title' (at test_retry.py:" in on.row(run_id).error_text


def test_patience_costs_no_attempt_and_ends_at_the_deadline(stage: MakeStage) -> None:
    def wait(job: Word) -> Done:
        raise TryLater(600, "Come back later.")

    task = declare(limits=Limits(deadline=1500))(wait)
    on = stage(task)
    run_id = on.submit(task)
    for _ in range(2):
        on.run()
        assert (on.row(run_id).state, on.row(run_id).attempt) == ("scheduled", 0)
        on.pass_time(601)
        on.redriver.sweep()
    on.run()
    row = on.row(run_id)
    assert (row.state, row.error_kind) == ("needs_attention", "deadline")
    assert "Come back later." in row.error_text and "after the deadline" in row.error_text


@BOTH_FORMS
def test_odd_letters_in_an_error_do_not_stop_the_run_from_ending(stage: MakeStage, short: bool) -> None:
    def work(job: Word) -> Done:
        raise BadInput("file \udce9t\u00e9 with \x00 inside")

    task = declare(short=short)(work)
    on = stage(task)
    run_id = on.submit(task)
    on.run()
    assert on.row(run_id).state == "failed"
    assert "inside" in on.row(run_id).error_text


@pytest.mark.services
@pytest.mark.parametrize(
    ("sql", "passing"),
    [
        ("SET lock_timeout = '20ms'; LOCK TABLE backline_run", True),
        ("DO $$ BEGIN RAISE serialization_failure; END $$", True),
        ("DO $$ BEGIN RAISE deadlock_detected; END $$", True),
        ("DO $$ BEGIN RAISE too_many_connections; END $$", True),
        ("DO $$ BEGIN RAISE disk_full; END $$", True),
        ("DO $$ BEGIN RAISE admin_shutdown; END $$", True),
        ("SELECT 1 / 0", False),
        ("SELECT * FROM nowhere", False),
        ("INSERT INTO backline_step VALUES (NULL)", False),
    ],
)
def test_real_errors_of_postgresql(make_database_url: Callable[[str], str], sql: str, passing: bool) -> None:
    database = Database(make_database_url("postgresql"))
    with database.write() as holder:
        holder.execute(text("LOCK TABLE backline_run"))
        with pytest.raises(DBAPIError) as caught, database.write() as connection:
            for part in [sql] if "$$" in sql else sql.split("; "):
                connection.exec_driver_sql(part)
        assert is_passing(caught.value) is passing
    database.close()


@pytest.mark.services
def test_a_session_that_idled_too_long_is_a_passing_fault(make_database_url: Callable[[str], str]) -> None:
    database = Database(make_database_url("postgresql"))
    with pytest.raises(DBAPIError) as caught, database.write() as connection:
        connection.exec_driver_sql("SET idle_in_transaction_session_timeout = '50ms'")
        threading.Event().wait(0.5)
        connection.exec_driver_sql("SELECT 1")
    assert is_passing(caught.value)
    database.close()


def test_a_server_that_is_not_there_is_a_passing_fault() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(OperationalError) as caught, database.read():
        raise AssertionError
    assert is_passing(caught.value)


def test_real_errors_of_sqlite(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/b.db", busy_seconds=0.05)
    with database.write(), pytest.raises(OperationalError) as locked, database.write():
        raise AssertionError
    with pytest.raises(OperationalError) as missing, database.read() as connection:
        connection.exec_driver_sql("SELECT * FROM nowhere")
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(OperationalError) as closed, Database(f"sqlite:///{tmp_path}/folder.db").read():
        raise AssertionError
    assert [is_passing(error.value) for error in (locked, missing, closed)] == [True, False, True]
    database.close()


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (ConnectionRefusedError(), True),
        (TimeoutError(), True),
        (socket.gaierror(-3, "Temporary failure in name resolution"), True),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), True),
        (OSError(errno.EHOSTUNREACH, "No route to host"), True),
        (PoolTimeout("QueuePool limit"), True),
        (httpx.ConnectTimeout("slow"), True),
        (httpx.RemoteProtocolError("cut"), True),
        (redis.exceptions.ConnectionError("gone"), True),
        (kombu.exceptions.OperationalError("gone"), True),
        (httpx.InvalidURL("x"), False),
        (redis.exceptions.ResponseError("x"), False),
        (FileNotFoundError(errno.ENOENT, "x"), False),
        (PermissionError(errno.EACCES, "x"), False),
        (TimeLimit("x"), False),
        (ValueError("connection"), False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_faults_of_the_network(error: Exception, passing: bool) -> None:
    assert is_passing(error) is passing


def test_the_wait_is_full_jitter_up_to_fifteen_minutes() -> None:
    for tries, most in ((0, 2), (1, 4), (5, 64), (20, 900), (1000, 900)):
        waits = [back_off(tries) for _ in range(300)]
        assert min(waits) >= 0.05 and max(waits) <= most
        assert max(waits) > most * 0.8 and min(waits) < most * 0.2


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (Cancelled(), Verdict("cancelled", "cancelled")),
        (Stopping(), Verdict("queued", "handed_back", delay=0.0, counts_attempt=False)),
        (BrokenContract("x"), Verdict("blocked", "contract")),
        (TryLater(-5), Verdict("scheduled", "try_later", delay=0.0, counts_attempt=False)),
        (
            TryLater(float("inf")),
            Verdict("scheduled", "try_later", delay=366 * 86400.0, counts_attempt=False),
        ),
        (TryLater(float("nan")), Verdict("scheduled", "try_later", delay=900.0, counts_attempt=False)),
        (UnknownName("x"), Verdict("failed", "bad_input")),
        (Conflict("x"), Verdict("failed", "bad_input")),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_verdicts(error: Exception, verdict: Verdict) -> None:
    assert judge(error, faults=0, bugs=0) == verdict


def test_faults_and_bugs_are_counted_apart() -> None:
    assert judge(ConnectionError(), faults=0, bugs=2).state == "scheduled"
    assert judge(ConnectionError(), faults=7, bugs=0).state == "dead"
    assert judge(ValueError(), faults=7, bugs=0).state == "scheduled"
    assert judge(TimeLimit(), faults=0, bugs=2) == Verdict("dead", "time_limit", bug=True)


def test_a_long_error_is_cut_and_says_where() -> None:
    try:
        raise ValueError("x" * 9000)
    except ValueError as error:
        words = describe_error(error)
    assert len(words) <= 4000 and words.startswith("ValueError: xxx") and "test_retry.py" in words


class Mute(Exception):
    """Fails at its own words."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


def test_an_error_that_cannot_say_itself_is_described_all_the_same() -> None:
    assert describe_error(Mute()) == "Mute: (its text cannot be made: RuntimeError)"
    assert first_line(Mute()) == "Mute: (its text cannot be made: RuntimeError)"
