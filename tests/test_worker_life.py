"""How a worker begins: with a database that fits, or it waits for one, or does not start."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import celery.worker.state as worker_state
import pytest

from backline import worker_life
from tests.celery_apps import age, load_celery_app, make_own_app, make_settings, say
from tests.runtime.stage import declare

NAME = "probe.work"


@pytest.fixture
def app(tmp_path: Path) -> Any:
    """Our own application in a state folder of this test."""
    return make_own_app(tmp_path)


def test_a_worker_that_is_too_old_does_not_start(tmp_path: Path) -> None:
    app = age(tmp_path)
    with pytest.raises(SystemExit) as caught:
        worker_life._begin(SimpleNamespace(app=app, hostname="celery@host"))
    assert caught.value.code == 4
    try:
        assert worker_life._start_redriver(app.backline_desk) is True
        assert worker_state.should_stop == 4
    finally:
        worker_state.should_stop = None


def test_a_worker_that_starts_while_the_database_is_away_waits_for_it(tmp_path: Path) -> None:
    module = load_celery_app()
    away = make_settings(tmp_path, database_url="postgresql://nobody@127.0.0.1:1/none")
    desk = module.make_app(away, {NAME: declare(NAME)(say)}).backline_desk
    worker_life._begin(SimpleNamespace(app=desk.app, hostname="celery@host"))
    assert worker_life._start_redriver(desk) is False
    desk.settings = make_settings(tmp_path)
    desk.house().settings = desk.settings  # the same house, now with a database within reach
    worker_life._keep_starting(desk)
    redriver = desk.house().redriver
    assert redriver._thread.is_alive()
    redriver.stop()


def test_two_workers_of_one_name_are_told_apart(app: Any) -> None:
    seen = set()
    for _ in range(20):
        worker_life._begin(SimpleNamespace(app=app, hostname="celery@host"))
        seen.add(app.backline_desk.node)
    assert len(seen) == 20 and all(node.startswith(f"celery@host.{os.getpid()}-") for node in seen)
