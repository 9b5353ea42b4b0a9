"""Our tasks are real Celery tasks: registered, submitted, reached by name, refused with a remedy."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import celery
import celery.worker.state as worker_state
import pytest
from celery import Celery
from celery.exceptions import Reject
from sqlalchemy import text

from backline.bells import BELL, name_queue
from backline.errors import BadInput, Conflict
from backline.runtime.drain import drain_queue
from backline.runtime.handle import RunHandle
from backline.runtime.task import BadTask, Task
from backline.storage.runs import list_attempts, list_runs, read_run
from tests.celery_apps import load_celery_app, make_own_app, make_settings, say
from tests.runtime.stage import Word, declare

NAME = "probe.work"


@pytest.fixture
def app(tmp_path: Path) -> Any:
    """Our own application in a state folder of this test."""
    return make_own_app(tmp_path)


@pytest.fixture
def current(app: Any) -> Iterator[Any]:
    """The same as the process's current application."""
    former = celery._state._tls.current_app
    app.set_current()
    yield app
    celery._state._tls.current_app = former


def rows(app: Any) -> list[Any]:
    with app.backline_desk.house().database.read() as connection:
        return list_runs(connection)


def receive(
    app: Any, *args: Any, id: str | None = "m1", headers: dict[str, Any] | None = None, **kwargs: Any
) -> Any:
    """What a worker does with a message from another program."""
    task = app.tasks[NAME]
    task.push_request(**{"id": id, "origin": "gen7@elsewhere"} | (headers or {}))
    try:
        return task.run(*args, **kwargs)
    finally:
        task.pop_request()


def test_a_task_of_ours_is_a_celery_task(app: Any) -> None:
    task = app.tasks[NAME]
    assert isinstance(task, celery.Task) and task.name == NAME and task.app is app
    assert task.__doc__ == "A probe."
    assert isinstance(app.tasks[BELL], celery.Task)
    assert app.conf.accept_content == ["json"] and app.conf.result_backend is None
    assert {queue.name for queue in app.conf.task_queues} == {"backline", name_queue("probe")}
    assert not app.conf.worker_enable_remote_control


def test_delay_writes_a_row_and_rings(app: Any) -> None:
    handle = app.tasks[NAME].delay("x", number=2)
    assert isinstance(handle, RunHandle)
    (row,) = rows(app)
    assert (row.id, row.state, row.job, row.asked_by) == (
        handle.id,
        "queued",
        '{"word":"x","number":2}',
        "ann",
    )
    assert app.backline_desk.bells.count_waiting("probe") == 1
    assert drain_queue(app.backline_desk.house().runtime, "probe") == 1
    assert handle.get(timeout=5)["word"] == "x"


def test_our_task_uses_the_current_application(current: Any) -> None:
    spec: Task[Any, Any] = current.backline_desk.tasks[NAME]
    handle = spec.delay("here")
    assert [row.id for row in rows(current)] == [handle.id]
    assert spec(Word(word="plain")).word == "plain"


def test_without_a_current_application_it_is_our_own() -> None:
    module = load_celery_app()
    assert module.open_door("no.such") is module.app.backline_desk


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


def find(app: Any, run_id: str) -> Any:
    with app.backline_desk.house().database.read() as connection:
        return read_run(connection, run_id)


def test_an_id_that_comes_with_another_job_is_a_failed_run_without_it(app: Any) -> None:
    first = receive(app, "x")
    second = receive(app, "y")
    assert (find(app, first).state, find(app, first).idempotency_key) == ("queued", "celery:m1")
    row = find(app, second)
    assert (row.state, row.error_kind, row.idempotency_key) == ("failed", "bad_input", None)
    assert "celery:m1" in row.error_text and '"args": ["y"]' in row.job
    third = receive(app, 5)  # unreadable, and the id belongs to another job
    assert (find(app, third).state, find(app, third).idempotency_key) == ("failed", None)
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


def age(state: Path) -> Any:
    """An application of older code on this state."""
    former = make_own_app(state).backline_desk.house()
    with former.database.write() as connection:
        connection.execute(text("UPDATE backline_schema SET version_num = 'of tomorrow'"))
    former.close()
    return make_own_app(state)


def test_a_worker_that_is_too_old_does_not_start(tmp_path: Path) -> None:
    module, app = load_celery_app(), age(tmp_path)
    with pytest.raises(SystemExit) as caught:
        module._begin(SimpleNamespace(app=app, hostname="celery@host"))
    assert caught.value.code == 4
    try:
        assert module._start_redriver(app.backline_desk) is True
        assert worker_state.should_stop == 4
    finally:
        worker_state.should_stop = None


def test_a_worker_that_starts_while_the_database_is_away_waits_for_it(tmp_path: Path) -> None:
    module = load_celery_app()
    away = make_settings(tmp_path, database_url="postgresql://nobody@127.0.0.1:1/none")
    desk = module.make_app(away, {NAME: declare(NAME)(say)}).backline_desk
    module._begin(SimpleNamespace(app=desk.app, hostname="celery@host"))
    assert module._start_redriver(desk) is False
    desk.settings = make_settings(tmp_path)
    desk.house().settings = desk.settings  # the same house, now with a database within reach
    module._keep_starting(desk)
    redriver = desk.house().redriver
    assert redriver._thread.is_alive()
    redriver.stop()


def test_two_workers_of_one_name_are_told_apart(app: Any) -> None:
    module, seen = load_celery_app(), set()
    for _ in range(20):
        module._begin(SimpleNamespace(app=app, hostname="celery@host"))
        seen.add(app.backline_desk.node)
    assert len(seen) == 20 and all(node.startswith(f"celery@host.{os.getpid()}-") for node in seen)


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


def test_options_reach_the_row(app: Any) -> None:
    task = app.tasks[NAME]
    task.apply_async(("a",), countdown=60, priority=0, key="k", expires=90, deadline=120, asked_by="bob")
    (row,) = rows(app)
    assert (row.state, row.priority, row.idempotency_key, row.asked_by) == ("scheduled", 0, "k", "bob")
    times = [row.due_at - row.created_at, row.expires_at - row.created_at, row.deadline_at - row.created_at]
    assert [round(time / 1e6) for time in times] == [60, 90, 120]
    assert app.backline_desk.bells.count_waiting("probe") == 0  # nobody has to look yet
    assert task.apply_async(("a",), key="k").id == row.id
    with pytest.raises(Conflict):
        task.apply_async(("b",), key="k")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"task_id": "x"}, "option task_id is not supported. Supported are asked_by, countdown"),
        ({"queue": "x"}, "option queue is not supported"),
        ({"link": "x"}, "option link is not supported"),
        ({"retry": True}, "option retry is not supported"),
        ({"countdown": "soon"}, "countdown is 'soon'. It takes seconds"),
        ({"countdown": True}, "countdown is True"),
        ({"countdown": float("nan")}, "countdown is nan"),
        ({"countdown": 1e18}, "countdown lies 1e+18 s away. It takes at most 100 years"),
        ({"expires": -1e300}, "expires lies -1e+300 s away"),
        ({"deadline": 4e9}, "deadline lies 4e+09 s away"),
        ({"eta": datetime(9999, 1, 1, tzinfo=UTC)}, "eta lies"),
        ({"eta": 5}, "eta is 5. It takes a moment"),
        ({"eta": "tomorrow"}, "eta is 'tomorrow'. It takes a moment"),
        ({"expires": "never"}, "expires is 'never'"),
        ({"priority": 10}, "priority is 10. It takes 0"),
        ({"priority": "high"}, "priority is 'high'"),
    ],
)
def test_what_is_not_supported_is_refused_with_a_remedy(
    app: Any, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadInput) as caught:
        app.tasks[NAME].apply_async(("a",), **options)
    assert words in str(caught.value)
    assert rows(app) == []


def test_a_bad_job_is_refused_to_the_caller(app: Any) -> None:
    with pytest.raises(BadInput, match="number"):
        app.tasks[NAME].delay("a", "b")
    assert rows(app) == []


def test_the_bell_carries_what_is_due(app: Any) -> None:
    handle = app.tasks[NAME].delay("x")
    app.tasks[BELL].run("probe")
    assert handle.state == "succeeded"
    app.tasks[BELL].run("probe")  # a stale bell


def test_a_team_s_own_application_keeps_what_it_has(tmp_path: Path) -> None:
    module = load_celery_app()
    team = Celery("team", set_as_current=False)
    team.conf.update(**module.describe_transport(make_settings(tmp_path)), task_default_queue="theirs")

    @team.task(name="theirs.own", shared=False)
    def own() -> int:
        return 5

    desk = module.attach_tasks(team, make_settings(tmp_path), {NAME: declare(NAME)(say)})
    assert {"theirs.own", NAME, BELL} <= set(team.tasks)
    assert team.conf.task_default_queue == "theirs" and own() == 5
    assert team.tasks[NAME].delay("x").state == "queued"
    assert desk.bells.count_waiting("probe") == 1


def test_a_taken_name_stops_the_start(tmp_path: Path) -> None:
    module = load_celery_app()
    team = Celery("team", set_as_current=False)

    @team.task(name=NAME, shared=False)
    def own() -> int:
        return 5

    settings = make_settings(tmp_path)
    with pytest.raises(BadTask, match=f"has a task {NAME} already"):
        module.attach_tasks(team, settings, {NAME: declare(NAME)(say)})
    assert own() == 5 and BELL not in team.tasks
    with pytest.raises(BadTask, match=f"has a task {BELL} already"):
        make_own_app(tmp_path, tasks={BELL: declare(BELL)(say)})
