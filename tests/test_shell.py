"""A message with a job becomes a row, whatever is in it; a bell carries what is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from celery.exceptions import Reject

from backline.bells import BELL, name_queue
from backline.errors import BadInput
from backline.runtime.drain import drain_queue
from backline.storage.runs import list_attempts, read_run
from tests.celery_apps import age, find, load_celery_app, make_own_app, make_settings, receive, rows, say
from tests.runtime.stage import Word, declare

NAME = "probe.work"


@pytest.fixture
def app(tmp_path: Path) -> Any:
    """Our own application in a state folder of this test."""
    return make_own_app(tmp_path)


def test_send_task_by_name_reaches_the_family_s_queue(app: Any) -> None:
    app.send_task(NAME, ("x",), task_id="m5")
    with app.connection_for_write() as connection:
        queue = connection.SimpleQueue(name_queue("probe"))
        message = queue.get(timeout=5)
        message.ack()
        queue.close()
    assert message.headers["task"] == NAME
    receive(app, *message.payload[0], id=message.headers["id"], **message.payload[1])
    (row,) = rows(app)
    assert (row.idempotency_key, row.asked_by) == ("celery:m5", "message:gen7@elsewhere")


def test_a_message_that_comes_twice_is_one_run(app: Any) -> None:
    assert app.tasks[NAME].acks_late is True
    first = receive(app, "x")
    assert receive(app, "x") == first
    assert receive(app, "x", id="m2") != first
    assert len(rows(app)) == 2


def test_a_call_without_a_message_has_no_key(app: Any) -> None:
    receive(app, "x", id=None)
    receive(app, "y", id=None)
    assert {row.idempotency_key for row in rows(app)} == {None}


@pytest.mark.parametrize("args", [(), (5,), ("a", 1, "too many"), ("a", "1")])
def test_a_message_that_cannot_be_read_becomes_a_failed_run(app: Any, args: tuple[Any, ...]) -> None:
    kwargs = {"word": 5} if not args else {}
    run_id = receive(app, *args, **kwargs)
    assert receive(app, *args, **kwargs) == run_id
    drain_queue(app.backline_desk.house().runtime, "probe")
    with app.backline_desk.house().database.read() as connection:
        row = read_run(connection, run_id)
    assert (row.state, row.error_kind) == ("failed", "bad_input")


def test_a_message_waits_in_the_broker_while_the_database_is_away(tmp_path: Path) -> None:
    module = load_celery_app()
    settings = make_settings(tmp_path, database_url="postgresql://nobody@127.0.0.1:1/none")
    app = module.make_app(settings, {NAME: declare(NAME)(say)})
    with pytest.raises(Reject) as caught:
        receive(app, "x")
    assert caught.value.requeue is True


def test_an_id_that_comes_with_another_job_is_a_failed_run_without_it(app: Any) -> None:
    first = receive(app, "x")
    second = receive(app, "y")
    assert (find(app, first).state, find(app, first).idempotency_key) == ("queued", "celery:m1")
    row = find(app, second)
    assert (row.state, row.error_kind) == ("failed", "bad_input")
    assert row.idempotency_key.startswith("kept:celery:m1:")
    assert "celery:m1" in row.error_text and '"args": ["y"]' in row.job
    third = receive(app, 5)  # unreadable, and the id belongs to another job
    assert find(app, third).state == "failed" and receive(app, 5) == third  # delivered again
    with app.backline_desk.house().database.read() as connection:
        assert [attempt.outcome for attempt in list_attempts(connection, third)] == ["bad_input"]


def test_a_job_that_breaks_what_reads_it_is_a_failed_run(app: Any) -> None:
    row = find(app, receive(app, "half of a pair: \ud800"))
    assert row.state == "failed" and "ud800" in row.job


def test_a_key_that_the_task_cannot_make_is_a_failed_run(tmp_path: Path) -> None:
    def break_down(_: Word) -> str:
        raise RuntimeError("no key today")

    app = make_own_app(tmp_path, tasks={NAME: declare(NAME, concurrency=break_down)(say)})
    row = find(app, receive(app, "x"))
    assert (row.state, row.error_kind) == ("failed", "bug") and "no key today" in row.error_text


def test_a_message_goes_back_where_newer_code_has_upgraded_the_database(tmp_path: Path) -> None:
    app = age(tmp_path)
    with pytest.raises(Reject) as caught:
        receive(app, "x")
    assert caught.value.requeue is True and "of tomorrow" in caught.value.reason
    app.tasks[BELL].run("probe")
    assert app.backline_desk.bells.count_waiting("probe") == 1  # for a worker of newer code


def test_a_message_s_options_reach_the_row(app: Any) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=60)
    headers = {"eta": moment.isoformat(), "expires": (moment + timedelta(seconds=30)).isoformat()}
    run_id = receive(app, "x", headers={**headers, "delivery_info": {"priority": 3}})
    row = find(app, run_id)
    assert (row.state, row.priority) == ("scheduled", 3)
    assert [round((at - row.created_at) / 1e6) for at in (row.due_at, row.expires_at)] == [60, 90]
    plain = find(app, receive(app, "x", id="m2", headers={"delivery_info": {"priority": 0}}))
    assert (plain.state, plain.priority) == ("queued", app.backline_desk.tasks[NAME].priority)
    odd = find(app, receive(app, "x", id="m3", headers={"eta": "soon", "origin": "a\0b\ud800"}))
    assert (odd.state, odd.asked_by) == ("queued", "message:ab?")


def test_a_bad_job_is_refused_to_the_caller(app: Any) -> None:
    with pytest.raises(BadInput, match="number"):
        app.tasks[NAME].delay("a", "b")
    assert rows(app) == []


def test_the_bell_carries_what_is_due(app: Any) -> None:
    handle = app.tasks[NAME].delay("x")
    app.tasks[BELL].run("probe")
    assert handle.run_state == "succeeded"
    app.tasks[BELL].run("probe")  # a stale bell
