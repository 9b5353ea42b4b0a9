"""backline.submit: the task is found by its job, the run goes through the caller's transaction."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import celery
import psycopg
import pytest
from celery import chain, chord, group
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

import backline
from backline.errors import BadInput, Conflict, UnknownName
from backline.runtime.drain import drain_queue
from backline.storage.runs import list_runs
from tests.celery_apps import load_celery_app, make_own_app, make_settings
from tests.runtime.stage import Done, Job, Word, declare


class Other(Job):
    """The job of no task."""


class Shared(Job):
    """The job of two tasks."""


def say(job: Word) -> Done:
    return Done(word=job.word)


def share(job: Shared) -> Done:
    return Done(word=type(job).__name__)


TASKS = {
    "probe.work": declare("probe.work")(say),
    "probe.one": declare("probe.one")(share),
    "probe.two": declare("probe.two")(share),
}


@pytest.fixture
def current(tmp_path: Path) -> Iterator[Any]:
    """The process's current application, in a state folder of this test."""
    app = make_own_app(tmp_path, tasks=TASKS)
    former = celery._state._tls.current_app
    app.set_current()
    yield app
    celery._state._tls.current_app = former
    app.backline_desk.house().close()


def rows(app: Any) -> list[Any]:
    with app.backline_desk.house().database.read() as connection:
        return list_runs(connection, oldest_first=True)


def open_engine(app: Any) -> Any:
    return create_engine(app.backline_desk.house().database.url)


def test_a_run_of_the_caller_s_transaction(current: Any) -> None:
    desk, engine = current.backline_desk, open_engine(current)
    with Session(engine) as session, session.begin():
        handle = backline.submit(Word(word="x"), connection=session, key="k", priority=1)
        assert rows(current) == [] and desk.bells.count_waiting("probe") == 0
    (row,) = rows(current)
    assert (row.id, row.task, row.priority, row.asked_by) == (handle.id, "probe.work", 1, "ann")
    assert desk.bells.count_waiting("probe") == 1
    assert drain_queue(desk.house().runtime, "probe") == 1
    assert handle.get(timeout=5)["word"] == "x"
    with Session(engine) as session:
        assert backline.submit(Word(word="x"), connection=session, key="k").id == handle.id
        with pytest.raises(Conflict):
            backline.submit(Word(word="y"), connection=session, key="k")
        lost = backline.submit(Word(word="z"), connection=session)
        session.rollback()
    assert len(rows(current)) == 1
    with pytest.raises(UnknownName):
        lost.ready()
    engine.dispose()


def test_without_a_connection_it_is_committed_at_once(current: Any) -> None:
    handle = backline.submit(Word(), delay=60, asked_by="eve", deadline=600, expires=300)
    (row,) = rows(current)
    assert (row.id, row.state, row.asked_by) == (handle.id, "scheduled", "eve")
    assert current.backline_desk.bells.count_waiting("probe") == 0


def test_a_bell_is_not_needed(current: Any) -> None:
    """sqlite3 and psycopg tell nobody of a commit: the sweep finds the run."""
    desk = current.backline_desk
    with closing(sqlite3.connect(str(desk.house().database.url.database))) as lent:
        handle = backline.submit(Word(word="x"), connection=lent)
        lent.commit()
    assert desk.bells.count_waiting("probe") == 0
    assert desk.house().redriver.sweep().rung == 1
    assert desk.bells.count_waiting("probe") == 1
    drain_queue(desk.house().runtime, "probe")
    assert handle.state == "succeeded"


def test_the_task_is_found_by_the_job_or_named(current: Any) -> None:
    backline.submit(Shared(), task="probe.two")
    backline.submit({"word": "m"}, task=TASKS["probe.work"])
    backline.submit(Other(), task="probe.one")  # read again as what that task takes
    assert [row.task for row in rows(current)] == ["probe.two", "probe.work", "probe.one"]
    with pytest.raises(BadInput, match=r"probe\.one, probe\.two"):
        backline.submit(Shared())
    with pytest.raises(UnknownName, match="Other"):
        backline.submit(Other())
    with pytest.raises(UnknownName, match=r"probe\.three"):
        backline.submit({}, task="probe.three")
    with pytest.raises(BadInput, match="dict"):
        backline.submit({"word": "m"})
    with pytest.raises(BadInput, match="word"):
        backline.submit({"word": 5}, task="probe.work")
    with pytest.raises(BadInput, match="colour"):
        backline.submit(Word(), colour="red")
    with pytest.raises(BadInput, match=r"^The option priority is 12\. It takes 0"):
        backline.submit(Word(), priority=12)


def test_a_celery_task_without_runs_is_told_how_it_gets_them(current: Any) -> None:
    plain = current.task(name="shop.plain", shared=False)(say)
    for ask in (lambda: backline.submit(plain.s(1)), lambda: backline.submit({"args": [1]}, task=plain)):
        with pytest.raises(UnknownName, match=r"'shop\.plain' is known.* put `@backline\.durable` above it"):
            ask()


def test_a_signature_s_own_options_are_read(current: Any) -> None:
    task, engine = current.tasks["probe.work"], open_engine(current)
    own = {
        "countdown": 60,
        "priority": 2,
        "link": task.si("next"),
        "queue": "backline.canvas",
        "task_id": "t1",
    }
    with Session(engine) as session, session.begin():
        backline.submit(task.s("x").set(**own), connection=session)
        backline.submit(task.s("y").set(countdown=60, eta=datetime.now(UTC)), connection=session, delay=600)
    engine.dispose()
    first, second = rows(current)
    assert (first.state, first.priority, first.queue, first.idempotency_key) == (
        "scheduled", 2, "canvas", "celery:t1",
    )  # fmt: skip
    assert round((first.due_at - first.created_at) / 1e6) == 60
    assert round((second.due_at - second.created_at) / 1e6) == 600
    house = current.backline_desk.house()
    with house.database.write() as connection:
        connection.execute(
            text("UPDATE backline_run SET due_at = created_at WHERE id = :id"), {"id": first.id}
        )
    house.redriver.sweep()
    for queue in ("canvas", "canvas", "probe"):
        drain_queue(house.runtime, queue)
    assert [(row.state, row.job) for row in rows(current)][-1] == ("succeeded", '{"word":"next","number":0}')
    with pytest.raises(BadInput, match=r"option routing_key is not supported\. Name a queue"):
        backline.submit(task.s("x").set(routing_key="r"))
    with pytest.raises(BadInput, match="two names of one run"):
        backline.submit(task.s("x").set(task_id="t2"), key="k")


@pytest.mark.parametrize(("make", "kind"), [(chain, "chain"), (group, "group"), (chord, "chord")])
def test_a_canvas_is_not_one_run(current: Any, make: Any, kind: str) -> None:
    task = current.tasks["probe.work"]
    canvas = (
        make([task.s("x"), task.s("y")], task.si("z")) if make is chord else make(task.s("x"), task.si("y"))
    )
    with pytest.raises(BadInput, match=f"a {kind} is several tasks.* Link what follows"):
        backline.submit(canvas)
    assert rows(current) == []


@pytest.mark.services
def test_in_an_event_loop_the_bell_rings_in_a_thread(
    tmp_path: Path, make_database_url: Callable[[str], str]
) -> None:
    url = make_database_url("postgresql")
    settings = make_settings(tmp_path, database_url=url)
    app = load_celery_app().make_app(settings, TASKS)
    former = celery._state._tls.current_app
    app.set_current()

    async def go() -> Any:
        async with await psycopg.AsyncConnection.connect(url.replace("+psycopg", "")) as lent:
            handle = await backline.submit_async(Word(word="x"), connection=lent)
        engine = create_engine(url)
        with Session(engine) as session, session.begin():
            backline.submit(Word(word="y"), connection=session)
        engine.dispose()
        return handle

    handle = asyncio.run(go())  # waits for its threads
    celery._state._tls.current_app = former
    assert app.backline_desk.bells.count_waiting("probe") == 1
    drain_queue(app.backline_desk.house().runtime, "probe")
    assert handle.get(timeout=5)["word"] == "x" and len(rows(app)) == 2
    app.backline_desk.house().close()


def test_what_the_package_offers_is_loaded_when_asked_for() -> None:
    assert callable(backline.submit) and callable(backline.durable) and callable(backline.current_run)
    with pytest.raises(AttributeError, match="nothing_here"):
        _ = backline.nothing_here
