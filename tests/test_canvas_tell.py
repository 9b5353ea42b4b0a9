"""Celery is told of the state that a run has, through the application's own broker and result backend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kombu.exceptions import OperationalError

from backline.canvas_tell import Teller, _tell_end
from backline.errors import TryLater
from backline.runtime.drain import drain_queue
from backline.storage.canvases import TELL
from backline.storage.runs import list_runs
from tests.celery_apps import make_own_app

NAME = "probe.work"


@pytest.fixture
def app(tmp_path: Path) -> Any:
    """Our own application in a state folder of this test."""
    return make_own_app(tmp_path)


def drain(app: Any) -> int:
    runtime = app.backline_desk.house().runtime
    return sum(drain_queue(runtime, queue) for queue in app.backline_desk.list_queues())


def test_what_was_sent_is_a_child_of_the_run(app: Any) -> None:
    task = app.tasks[NAME]
    result = task.apply_async(("a",), link=task.si("b"))
    while drain(app):
        pass
    result = app.AsyncResult(result.id)
    (child,) = result.children
    assert child.get(timeout=5)["word"] == "b" and [each.id for each, _ in result.collect()] == [
        result.id,
        child.id,
    ]


def test_a_run_that_has_moved_on_is_told_by_the_telling_of_its_new_state(app: Any) -> None:
    house = app.backline_desk.house()
    result = app.tasks[NAME].apply_async(("a",), link=app.tasks[NAME].si("b"), countdown=60)
    job = _tell_end.job(run_id=result.id, fence=3)
    assert _tell_end(job, house.database, Teller(app)).state == "moved on"
    with house.database.read() as connection:
        assert list_runs(connection, task=TELL) == []


def test_a_broker_that_is_away_is_told_later(app: Any) -> None:
    class Away:
        def mark_as_done(self, *_: Any, **__: Any) -> None:
            raise OperationalError("no broker")

    task = app.tasks[NAME]
    result = task.apply_async(("a",), link=task.si("b"))
    drain_queue(app.backline_desk.house().runtime, "probe")
    away = Teller(app)
    away._app = type("App", (), {"backend": Away(), "tasks": app.tasks})()
    row = app.backline_desk.rows.find(result.id)
    with pytest.raises(TryLater, match="no broker"):
        away.tell(_without_callbacks(row))


def _without_callbacks(row: Any) -> Any:
    return type("Row", (), {**row._mapping, "canvas": '{"queue": "canvas"}'})()


def test_a_chord_whose_group_is_not_known_is_tried_again(app: Any) -> None:
    with pytest.raises(TryLater, match="have not all ended"):
        Teller(app).start_body("nobody", app.tasks[NAME].s())
