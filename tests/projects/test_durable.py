"""A module of Celery tasks dropped in: killed, paused, emptied and sent to, each run is carried at least once."""

from __future__ import annotations

import os
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from sqlalchemy import text

from backline.bells import describe_transport
from backline.settings import load_settings
from backline.storage.database import Database
from tests.conftest import find_service
from tests.journeys.processes import Crew
from tests.projects.processes import keep_crew, make_env, run_python, wait_for

TASKS = """
import os, time
from celery import Celery
app = Celery("team", set_as_current=False)

@app.task(bind=True)
def linger(self, mark):
    with open(f"{os.environ['MARKS']}/{mark}", "a") as file:
        file.write(f"{os.getpid()} {self.request.retries}\\n")
    while mark == "killed" and os.path.getsize(f"{os.environ['MARKS']}/{mark}") < 15 and not self.request.delivery_info["redelivered"]:
        time.sleep(0.05)
    return mark

@app.task(bind=True, max_retries=5)
def poll(self, mark):
    "Carries on until it has asked twice."
    with open(f"{os.environ['MARKS']}/{mark}", "a") as file:
        file.write(f"{self.request.retries}\\n")
    if self.request.retries < 2:
        raise self.retry(countdown=0.3)
    return self.request.retries
"""
# A program that knows the team's tasks; the second one also shows what it finds.
ASK = """
import sys, backline, team_tasks
backline.durable(team_tasks)
for name in sys.argv[1:]:
    print(getattr(team_tasks, name.partition("=")[0]).delay(name.partition("=")[2]).id)
"""
SHOW = """
from contextlib import suppress
from backline.cli import main
import sys
for words in (["runs", "list"], ["tasks", "list"]):
    sys.argv = ["backline", *words, "--json"]
    with suppress(SystemExit):
        main()
"""


@dataclass
class Team:
    """The project's folder, what it runs in, and its database."""

    folder: Path
    env: dict[str, str]
    database: Database
    crew: Crew

    def ask(self, *calls: str, then: str = "") -> list[str]:
        """Runs of `task=mark`, asked for by a process of its own; the lines that it says."""
        return run_python(self.folder, self.env, "-c", ASK + then, *calls).splitlines()

    def send(self, mark: str, task_id: str) -> None:
        """A message of an application that knows nothing but a name."""
        app = Celery("stranger", set_as_current=False)
        app.conf.update(describe_transport(load_settings(self.env).settings))
        app.send_task("team_tasks.linger", (mark,), queue="backline.durable", task_id=task_id)
        app.close()

    def row(self, **columns: str) -> Any:
        """The run with these columns, or None."""
        where = " AND ".join(f"{name} = :{name}" for name in columns)
        with self.database.read() as connection:
            return connection.execute(text(f"SELECT * FROM backline_run WHERE {where}"), columns).first()

    def marks(self, mark: str) -> list[str]:
        """What the task has written, a line for each attempt."""
        path = self.folder / "marks" / mark
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture(params=["embedded", pytest.param("redis", marks=[pytest.mark.services])])
def team(request: Any, tmp_path: Path, make_database_url: Callable[[str], str]) -> Iterator[Team]:
    """SQLite and files, PostgreSQL and Redis."""
    embedded = request.param == "embedded"
    url = make_database_url("sqlite" if embedded else "postgresql")
    (tmp_path / "team_tasks.py").write_text(TASKS)
    (tmp_path / "marks").mkdir()
    env = make_env(
        tmp_path, url, "" if embedded else find_service("redis"), MARKS=str(tmp_path / "marks"),
        BACKLINE_DURABLE_MODULES="team_tasks", BACKLINE_BROKER_KEY_PREFIX=f"{secrets.token_hex(4)}:",
    )  # fmt: skip
    database = Database(url)
    with keep_crew(tmp_path, env) as crew:
        yield Team(tmp_path, env, database, crew)
    database.close()


def test_a_module_that_is_dropped_in_is_carried_whatever_happens(team: Team) -> None:
    killed, polled = team.ask("linger=killed", "poll=polled")
    team.crew.worker(concurrency=1)
    (mark,) = wait_for("the first attempt", lambda: team.marks("killed"))
    os.kill(int(mark.split()[0]), signal.SIGKILL)
    row = wait_for("a second attempt", lambda: team.row(id=killed, state="succeeded"))
    assert (row.lost, row.attempt, len(team.marks("killed"))) == (1, 2, 2)
    assert row.answer and '"returned":"killed"' in row.answer
    wait_for("the polls", lambda: team.row(id=polled, state="succeeded"))
    assert team.marks("polled") == ["0", "1", "2"]
    team.send("sent", "sent-1")
    sent = wait_for("the message", lambda: team.row(idempotency_key="celery:sent-1", state="succeeded"))
    assert (sent.task, len(team.marks("sent"))) == ("team_tasks.linger", 1)
    assert sent.asked_by.startswith("message:")
    team.crew.stop("worker")
    emptied, *shown = team.ask("linger=emptied", then=SHOW)
    began = time.monotonic()
    empty(team)
    team.crew.worker("another", concurrency=1)
    wait_for("the emptied one", lambda: team.row(id=emptied, state="succeeded"))
    assert time.monotonic() - began < 25 and len(team.marks("emptied")) == 1
    told = [line for line in shown if '"task": "team_tasks.linger", "version": 1, "queue"' in line]
    assert len(told) == 3 + 1 and any("Carries" in line for line in shown)


def empty(team: Team) -> None:
    """The broker loses all it holds."""
    url = team.env["BACKLINE_BROKER_URL"]
    if not url:
        for path in (team.folder / "state" / "doorbell" / "messages").glob("*"):
            path.unlink(missing_ok=True)
        return
    import redis

    client = redis.Redis.from_url(url)
    for key in client.scan_iter(f"{team.env['BACKLINE_BROKER_KEY_PREFIX']}*"):
        client.delete(key)
    client.close()
