"""Three installations of a team that uses Celery: without a result backend, with Redis, with rows as results."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from backline.celery_app import attach
from backline.desk import Desk
from backline.runtime.decisions import Person, retry
from backline.settings import load_settings
from tests.journeys.processes import Crew, plain_env, wait_for
from tests.journeys.team_app import make_tasks, make_team

ROOT = Path(__file__).parents[2]
OPTIONS = {
    "BACKLINE_RUNTIME_LEASE_SECONDS": "3",
    "BACKLINE_RUNTIME_SWEEP_SECONDS": "0.2",
    "BACKLINE_RUNTIME_RING_AGAIN_SECONDS": "2",
    "BACKLINE_RUNTIME_GRACE_SECONDS": "4",
    "BACKLINE_RUNTIME_ACTOR": "journey",
    "BACKLINE_DATABASE_BUSY_SECONDS": "10",
}


def line(*ids: str) -> Callable[[Any], Any]:
    """The lines of docs/celery-compatibility.md that a test executes; tests/boards compares them."""
    assert ids
    return lambda test: test


@dataclass
class World:
    """One team: its application in this process, and a worker of it beside."""

    name: str
    app: Any
    desk: Desk
    crew: Crew
    notes: Path

    def __getattr__(self, name: str) -> Any:
        """`world.echo` is the task `play.echo`, `world.note` the team's own `team.note`."""
        tasks = self.app.tasks
        return tasks[f"play.{name}"] if f"play.{name}" in tasks else tasks[f"team.{name}"]

    def query(self, sql: str, **values: Any) -> list[Any]:
        """Rows, as they are now."""
        with self.desk.house().database.read() as connection:
            return list(connection.execute(text(sql), values).all())

    def change(self, sql: str, **values: Any) -> None:
        """Change rows behind everybody's back."""
        with self.desk.house().database.write() as connection:
            connection.execute(text(sql), values)

    def await_state(self, result: Any, *states: str) -> str:
        """Wait until the run is in one of these states of the ledger."""
        return wait_for(
            f"{result.id} to be {states}", lambda: result.run_state in states and result.run_state, 20
        )

    def make_due(self, result: Any) -> None:
        """22 hours pass for this run."""
        self.await_state(result, "scheduled")
        sql = "UPDATE backline_run SET due_at = 0, ring_at = 0 WHERE id = :id"
        self.change(sql, id=result.run_id)

    def retry(self, result: Any) -> None:
        """A person lets the run go on."""
        house = self.desk.house()
        with house.database.write() as connection:
            person = Person("ann", house.secrets)
            done = retry(connection, house.database.now_sql, result.run_id, person)
        for queue in done.rings:
            self.desk.bells.ring(queue)

    def heard(self, kind: str) -> list[Any]:
        """What the team's own tasks have noted, in order."""
        lines = self.notes.read_text().splitlines() if self.notes.exists() else []
        return [value for found, value in map(json.loads, lines) if found == kind]

    def await_heard(self, kind: str, look: Callable[[Any], bool]) -> Any:
        """The first note of this kind that fits."""
        return wait_for(f"{kind} in {self.name}", lambda: [v for v in self.heard(kind) if look(v)], 20)[0]

    def settle(self) -> None:
        """Wait until everything that is to be told has been told."""
        sql = "SELECT count(*) AS n FROM backline_run WHERE task LIKE 'canvas.%' AND state IN ('queued', 'running')"
        wait_for("everything to be told", lambda: self.query(sql)[0].n == 0, 20)

    def start(self, name: str = "worker") -> None:
        """Start a worker of the team, as it is used to."""
        self.crew.start(
            name, "celery", "-A", "tests.journeys.team_app", "worker", "--concurrency", "2", "-l", "INFO",
            "-n", f"{name}@%h",
        )  # fmt: skip
        wait_for("the worker", lambda: "ready." in self.crew.log(name), 40)

    def close(self) -> None:
        """End every process."""
        self.crew.kill_all()
        self.desk.house().close()


def make_world(name: str, folder: Path, redis_url: str = "", **conf: Any) -> World:
    """The team `none`, `redis` or `rows`; the worker is not started."""
    env = {**OPTIONS, "BACKLINE_STATE": str(folder / "state")}
    if name == "redis":
        prefix = f"t{secrets.token_hex(4)}:"
        env |= {"BACKLINE_BROKER_URL": redis_url, "BACKLINE_BROKER_KEY_PREFIX": prefix}
        conf = {"result_backend": redis_url, "worker_enable_remote_control": True} | conf
    if name == "rows":
        conf = {"result_backend": "backline.results:RowBackend"} | conf
    settings = load_settings(env).settings
    app = make_team(settings, folder / "notes", **conf)
    desk = attach(app, settings, make_tasks())
    _ = desk.house().database
    team = {
        "TEAM_CONF": json.dumps(conf), "TEAM_NOTES": str(folder / "notes"),
        "C_FORCE_ROOT": "1", "FLOWER_UNAUTHENTICATED_API": "true",  # of Celery and of Flower
    }  # fmt: skip
    environment = plain_env(**env, **team)
    environment["PYTHONPATH"] = f"{ROOT}:{environment['PYTHONPATH']}"
    return World(name, app, desk, Crew(environment, folder), folder / "notes")
