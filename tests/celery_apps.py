"""Our own Celery application on a test's broker and state folder; the module is imported with care."""

from __future__ import annotations

import atexit
import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import text

from backline.runtime.task import Task
from backline.settings import Settings
from backline.storage.runs import list_runs, read_run
from tests.runtime.stage import Done, Word, declare


def load_celery_app() -> Any:
    """`backline.celery_app`; it reads the settings when imported, so not those of whoever runs the tests."""
    if "backline.celery_app" in sys.modules:
        return sys.modules["backline.celery_app"]
    former, folder = os.environ.get("BACKLINE_STATE"), tempfile.mkdtemp(prefix="backline-state-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["BACKLINE_STATE"] = folder
    try:
        return importlib.import_module("backline.celery_app")
    finally:
        if former is None:
            del os.environ["BACKLINE_STATE"]
        else:
            os.environ["BACKLINE_STATE"] = former


def say(job: Word) -> Done:
    return Done(word=job.word)


def make_settings(state: Path, broker_url: str = "", database_url: str = "") -> Settings:
    """Settings of one test."""
    return Settings.model_validate(
        {
            "state": state,
            "broker": {"url": broker_url},
            "database": {"url": database_url},
            "runtime": {"actor": "ann"},
        }
    )


def make_own_app(
    state: Path,
    broker_url: str = "",
    family: str = "probe",
    tasks: Mapping[str, Task[Any, Any]] | None = None,
) -> Any:
    """An application with a short task `<family>.work`, or with these tasks."""
    name = f"{family}.work"
    return load_celery_app().make_app(
        make_settings(state, broker_url), tasks or {name: declare(name, short=True)(say)}
    )


def rows(app: Any) -> list[Any]:
    """All runs, newest first."""
    with app.backline_desk.house().database.read() as connection:
        return list_runs(connection)


def receive(
    app: Any, *args: Any, id: str | None = "m1", headers: dict[str, Any] | None = None, **kwargs: Any
) -> Any:
    """What a worker does with a message from another program."""
    task = app.tasks["probe.work"]
    task.push_request(**{"id": id, "origin": "gen7@elsewhere"} | (headers or {}))
    try:
        return task.run(*args, **kwargs)
    finally:
        task.pop_request()


def find(app: Any, run_id: str) -> Any:
    """One run."""
    with app.backline_desk.house().database.read() as connection:
        return read_run(connection, run_id)


def age(state: Path) -> Any:
    """An application of older code on this state."""
    former = make_own_app(state).backline_desk.house()
    with former.database.write() as connection:
        connection.execute(text("UPDATE backline_schema SET version_num = 'of tomorrow'"))
    former.close()
    return make_own_app(state)
