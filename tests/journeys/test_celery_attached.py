"""A team's application that Backline is attached to: what stays as it is, what its workers hear, and what Flower shows."""

from __future__ import annotations

import json
import os
import signal
import socket
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import chain, chord
from kombu.entity import Queue

import backline
from backline.bells import BELL
from backline.celery_app import attach
from backline.runtime.handle import RunFailed
from backline.runtime.task import BadTask, Task
from backline.wiring import find_tasks
from tests.conftest import find_service
from tests.journeys.processes import wait_for
from tests.journeys.team_app import make_tasks, make_team
from tests.journeys.worlds import World, line, make_world

Make = Callable[..., World]


@pytest.fixture
def team(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Make]:
    """`team("none", **settings of Celery's)`; its workers end with the test."""
    made: list[World] = []

    def make(name: str = "none", **conf: Any) -> World:
        made.append(make_world(name, tmp_path, find_service("redis") if name == "redis" else "", **conf))
        return made[-1]

    yield make
    for world in made:
        if request.session.testsfailed:
            print(world.crew.all_logs())
        world.close()


@line("attach")
def test_what_is_the_team_s_stays_as_it_is(team: Make, tmp_path: Path) -> None:
    settings = team().desk.settings
    app = make_team(settings, tmp_path / "notes", task_routes={"*": {"queue": "urgent"}})
    conf, tasks, queues = dict(app.conf), dict(app.tasks), list(app.conf.task_queues)
    assert backline.attach is attach
    desk = attach(app, settings, make_tasks())
    assert dict(app.conf) == conf and app.conf.task_queues == queues
    assert {name: app.tasks[name] for name in tasks} == tasks
    assert set(app.tasks) - set(tasks) == {*make_tasks(), BELL}
    assert app.tasks["team.word"].run("a") == "a" and desk.app is app
    with pytest.raises(BadTask, match="has a task play"):
        attach(app, settings, make_tasks())


@line("attach-queues", "attach-pickle")
def test_bells_and_jobs_reach_our_queues_whatever_the_settings_are(team: Make) -> None:
    conf = {
        "accept_content": ["pickle"], "task_serializer": "pickle", "result_serializer": "pickle",
        "task_create_missing_queues": False, "task_routes": {"*": {"queue": "theirs"}},
    }  # fmt: skip
    world = team("rows", **conf)
    world.start()
    assert world.echo.apply_async(("a",), link=world.note.s()).get(timeout=20)["word"] == "a"
    assert world.await_heard("note", lambda told: True)["word"] == "a"
    sent = world.app.send_task("play.echo", ("sent",))
    wait_for("the message", lambda: world.desk.rows.find(sent.id), 20)
    assert sent.get(timeout=20)["word"] == "sent"


@line("attach-selected")
def test_a_worker_for_chosen_queues_still_tells(team: Make) -> None:
    world = team()
    world.crew.start(
        "chosen", "celery", "-A", "tests.journeys.team_app", "worker", "-c", "1", "-Q", "theirs,backline.play"
    )
    assert world.echo.apply_async(("a",), link=world.note.s()).get(timeout=30)["word"] == "a"
    world.await_heard("note", lambda told: told["word"] == "a")


@line("by-name")
@pytest.mark.parametrize("name", sorted(find_tasks()))
def test_every_task_is_imported_by_its_name(name: str) -> None:
    family, _, function = name.partition(".")
    found = getattr(__import__(f"backline.tasks.{family}", fromlist=[function]), function)
    assert isinstance(found, Task) and found.name == name
    assert found.s("x").task == found.si("x").task == name
    assert found.si("x").immutable and callable(found.delay)


@line("eager", "eager-propagates")
@pytest.mark.parametrize("name", ["none", "rows"])
def test_eager_is_here_and_now(team: Make, name: str) -> None:
    world = team(name, task_always_eager=True)
    assert world.echo.delay("a").get()["word"] == "a"
    assert chain(world.echo.s("a"), world.follow.s())().get()["word"] == "after a"
    assert chord([world.echo.s("a"), world.echo.s("b")], world.gather.s())().get()["word"] == "a+b"
    world.echo.apply_async(("linked",), link=world.note.s())
    assert world.heard("note")[0]["word"] == "linked"
    put_off = world.later.delay("a")
    assert put_off.state == "SCHEDULED"
    with pytest.raises(RunFailed, match="is scheduled"):
        put_off.get()
    assert world.fail.delay("a").state == "FAILURE"
    world.app.conf.task_eager_propagates = True
    with pytest.raises(RunFailed, match="a is no good"):
        world.fail.delay("a")
    world.app.conf.task_always_eager = False
    assert world.echo.apply(("b",)).get()["word"] == "b"
    states = [row.state for row in world.query("SELECT state FROM backline_run WHERE task = 'play.echo'")]
    assert len(states) == 6 and set(states) == {"succeeded"}


@line("told-killed")
def test_a_worker_that_is_killed_while_it_tells_is_followed_by_another(team: Make) -> None:
    world = team("rows")
    result = chord([world.echo.s("a"), world.echo.s("b")], world.gather.s()).apply_async()
    world.start("first")
    wait_for(
        "the first telling", lambda: world.query("SELECT 1 FROM backline_run WHERE task LIKE 'canvas.%'"), 20
    )
    os.killpg(world.crew.pid("first"), signal.SIGKILL)
    world.change(
        "UPDATE backline_run SET state = 'running', lease_until = 0, worker = 'gone', fence = fence + 1 "
        "WHERE task = 'canvas.tell_end'"
    )  # whatever it held, and more: as if it had died in the midst of each
    world.start("second")
    assert result.get(timeout=30)["word"] == "a+b"
    world.settle()
    assert len(world.query("SELECT 1 FROM backline_run WHERE task = 'play.gather'")) == 1


@line("flower")
@pytest.mark.services
def test_what_flower_shows(team: Make) -> None:
    world = team("redis", worker_send_task_events=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    world.crew.start(
        "flower", "celery", "-A", "tests.journeys.team_app", "flower", f"--port={port}", "--address=127.0.0.1",
    )  # fmt: skip
    world.start()

    def ask(path: str) -> Any:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return json.loads(answer.read())
        except OSError:
            return None

    wait_for("Flower", lambda: ask("/api/workers?refresh=1"), 40)
    sent = world.app.send_task("play.echo", ("sent",))
    assert world.echo.delay("a").get(timeout=20)["word"] == "a"
    seen = wait_for(
        "Flower to see both",
        lambda: (
            (names := {task["name"] for task in (ask("/api/tasks") or {}).values()}) >= {BELL, "play.echo"}
            and names
        ),
        20,
    )
    assert seen == {BELL, "play.echo"}

    def find_ended() -> Any:
        told = [task for task in ask("/api/tasks").values() if task["state"] == "SUCCESS"]
        return {task["name"]: task for task in told} if {task["name"] for task in told} == seen else None

    ended = wait_for("Flower to see the end of both", find_ended, 20)
    run = world.desk.rows.find(sent.id)
    assert ended["play.echo"]["uuid"] == sent.id and ended["play.echo"]["result"].strip("'") == run.id
    assert ended[BELL]["result"] == "None"
    (worker,) = ask("/api/workers?refresh=1").values()
    assert {"backline.play", "backline.canvas.team"} <= {queue["name"] for queue in worker["active_queues"]}
    assert isinstance(world.app.conf.task_queues[0], Queue)
