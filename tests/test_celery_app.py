"""Our tasks are real Celery tasks: in our own application and in a team's, found by `.delay()`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import celery
import pytest
from celery import Celery

from backline.bells import BELL, describe_transport, name_queue
from backline.results import RowBackend
from backline.runtime.task import BadTask, Task
from tests.celery_apps import load_celery_app, make_own_app, make_settings, rows, say
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


def test_our_task_uses_the_current_application(current: Any) -> None:
    spec: Task[Any, Any] = current.backline_desk.tasks[NAME]
    handle = spec.delay("here")
    assert [row.id for row in rows(current)] == [handle.id]
    assert spec(Word(word="plain")).word == "plain"


def test_without_a_current_application_it_is_our_own() -> None:
    module = load_celery_app()
    assert module.open_door("no.such") is module.app.backline_desk


def test_a_team_s_own_application_keeps_what_it_has(tmp_path: Path) -> None:
    module = load_celery_app()
    team = Celery("team", set_as_current=False)
    team.conf.update(**describe_transport(make_settings(tmp_path)), task_default_queue="theirs")

    @team.task(name="theirs.own", shared=False)
    def own() -> int:
        return 5

    desk = module.attach_tasks(team, make_settings(tmp_path), {NAME: declare(NAME)(say)})
    assert {"theirs.own", NAME, BELL} <= set(team.tasks)
    assert team.conf.task_default_queue == "theirs" and own() == 5
    assert team.tasks[NAME].delay("x").run_state == "queued"
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


def test_a_task_of_ours_is_a_celery_task(app: Any) -> None:
    task = app.tasks[NAME]
    assert isinstance(task, celery.Task) and task.name == NAME and task.app is app
    assert task.__doc__ == "A probe."
    assert isinstance(app.tasks[BELL], celery.Task)
    assert app.conf.accept_content == ["json"] and isinstance(app.backend, RowBackend)
    assert {queue.name for queue in app.conf.task_queues} == {
        "backline",
        name_queue("probe"),
        name_queue("canvas"),
    }
    assert not app.conf.worker_enable_remote_control


@pytest.mark.parametrize("module", ["celery_app", "inbox"])
def test_a_process_that_only_knows_the_tasks_loads_nothing_heavy(module: str) -> None:
    heavy = {"alembic", "fastapi", "numpy", "openpyxl", "paramiko", "pyarrow"}
    code = f"import sys, backline.{module}; print(*sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
