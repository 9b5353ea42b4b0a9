"""Tasks whose effect is one row that can be counted. Installed as a plug-in, as a team's own tasks would be."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from backline.errors import TimeLimit
from backline.runtime.claim import Watch
from backline.runtime.effects import Effects
from backline.runtime.intents import Found, Intent, Intents, NotThere
from backline.runtime.steps import Steps
from backline.runtime.task import Answer, Job, Limits, task
from backline.storage.database import Database

TABLES = (
    "CREATE TABLE journey_effect (number BIGINT NOT NULL, form TEXT NOT NULL, pid BIGINT NOT NULL)",
    "CREATE TABLE journey_step (number BIGINT NOT NULL, name TEXT NOT NULL, pid BIGINT NOT NULL)",
)


class Mark(Job):
    """`number` is what the effect is counted by."""

    number: int


class Work(Job):
    """`milliseconds` of waiting, in `steps` kept steps."""

    number: int
    milliseconds: int = 20
    steps: int = 1


class Done(Answer):
    """The number again."""

    number: int


def _mark(effects: Effects, number: int, form: str) -> Done:
    def insert(connection: Connection) -> None:
        connection.execute(
            text("INSERT INTO journey_effect (number, form, pid) VALUES (:number, :form, :pid)"),
            {"number": number, "form": form, "pid": os.getpid()},
        )

    effects.add(insert)
    return Done(number=number)


@task("journey.mark", version=1, short=True)
def mark(job: Mark, effects: Effects) -> Done:
    """One effect, in one commit.

    [fr]
    Un effet, en un commit.

    [de]
    Eine Wirkung, in einem Commit.
    """
    return _mark(effects, job.number, "short")


@task("journey.work", version=1)
def work(job: Work, effects: Effects, watch: Watch) -> Done:
    """Waits, then one effect.

    [fr]
    Attend, puis un effet.

    [de]
    Wartet, dann eine Wirkung.
    """
    until, pause = time.monotonic() + job.milliseconds / 1000, threading.Event()
    while (left := until - time.monotonic()) > 0:
        watch.checkpoint()
        pause.wait(min(left, 0.1))
    return _mark(effects, job.number, "long")


@task("journey.brief", version=1, limits=Limits(soft=3.5, hard=5))
def brief(job: Work, effects: Effects, watch: Watch) -> Done:
    """Waits as `work` does, but says that it never takes long.

    [fr]
    Attend comme `work`, mais dit que cela ne dure jamais longtemps.

    [de]
    Wartet wie `work`, sagt aber, dass es nie lange dauert.
    """
    return work(job, effects, watch)


@task("journey.deaf", version=1)
def deaf(job: Work, effects: Effects) -> Done:
    """Waits and asks nobody whether it still may, then one effect.

    [fr]
    Attend sans rien demander, puis un effet.

    [de]
    Wartet, ohne zu fragen, dann eine Wirkung.
    """
    until, pause = time.monotonic() + job.milliseconds / 1000, threading.Event()
    while (left := until - time.monotonic()) > 0:
        pause.wait(min(left, 0.1))
    return _mark(effects, job.number, "deaf")


@task("journey.walk", version=1)
def walk(job: Work, effects: Effects, steps: Steps, database: Database) -> Done:
    """Steps that each leave a trace, then one effect.

    [fr]
    Des étapes qui laissent une trace, puis un effet.

    [de]
    Schritte, die je eine Spur lassen, dann eine Wirkung.
    """

    def go(name: str) -> str:
        with database.write() as connection:
            connection.execute(
                text("INSERT INTO journey_step (number, name, pid) VALUES (:number, :name, :pid)"),
                {"number": job.number, "name": name, "pid": os.getpid()},
            )
        threading.Event().wait(job.milliseconds / job.steps / 1000)
        return name

    for index in range(job.steps):
        steps.keep(f"step {index}", index, lambda index=index: go(f"step {index}"))
    return _mark(effects, job.number, "walk")


@task("journey.poison", version=1)
def poison(job: Mark) -> Done:
    """Kills its worker child, each time.

    [fr]
    Tue son processus, à chaque fois.

    [de]
    Tötet seinen Prozess, jedes Mal.
    """
    os.kill(os.getpid(), signal.SIGKILL)
    return Done(number=job.number)


@task("journey.short_poison", version=1, short=True)
def short_poison(job: Mark) -> Done:
    """Kills its worker child, each time, and says that it is short.

    [fr]
    Tue son processus, à chaque fois, et se dit courte.

    [de]
    Tötet seinen Prozess, jedes Mal, und nennt sich kurz.
    """
    os.kill(os.getpid(), signal.SIGKILL)
    return Done(number=job.number)


@task("journey.hang", version=1, limits=Limits(soft=0.5, hard=1.5))
def hang(job: Mark) -> Done:
    """Does not end, and does not listen to its soft limit.

    [fr]
    Ne finit pas et n'écoute pas sa limite douce.

    [de]
    Endet nicht und hört nicht auf seine weiche Grenze.
    """
    while True:
        try:
            threading.Event().wait(60)
        except TimeLimit:
            continue


@task("journey.short_hang", version=1, short=True, limits=Limits(soft=0.5, hard=1.5))
def short_hang(job: Mark) -> Done:
    """Promises to be short, does not end, and does not listen to its soft limit.

    [fr]
    Promet d'être courte, ne finit pas et n'écoute pas sa limite douce.

    [de]
    Verspricht, kurz zu sein, endet nicht und hört nicht auf ihre weiche Grenze.
    """
    return hang(job)


class Fragile(Job):
    """`trace` is a file that says that a child has died of this job."""

    number: int
    trace: str


def _die_once(job: Fragile) -> str:
    """The first child that takes this job in dies before its row is committed."""
    trace = Path(job.trace)
    if not trace.exists():
        trace.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "fragile"


@task("journey.fragile", version=1, concurrency=_die_once)
def fragile(job: Fragile, effects: Effects) -> Done:
    """Kills the first child that takes it in, then one effect.

    [fr]
    Tue le premier processus qui la prend, puis un effet.

    [de]
    Tötet den ersten Prozess, der sie annimmt, dann eine Wirkung.
    """
    return _mark(effects, job.number, "fragile")


class Post(Job):
    """`url` is where the outside world listens; `once`: nobody can look there afterwards."""

    number: int
    url: str
    once: bool = False


def _ask(job: Post, path: str, method: str = "POST") -> dict[str, Any]:
    request = urllib.request.Request(f"{job.url}/{path}/{job.number}", method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        told: dict[str, Any] = json.load(answer)
    return told


@task("journey.post", version=1)
def post(job: Post, effects: Effects, intents: Intents) -> Done:
    """One effect in the outside world, then one here.

    [fr]
    Un effet à l'extérieur, puis un ici.

    [de]
    Eine Wirkung draußen, dann eine hier.
    """

    def do() -> dict[str, Any]:
        _ask(job, "gate/before")
        told = _ask(job, "posts")
        _ask(job, "gate/after")
        return told

    def look(_: Intent) -> Found | NotThere:
        return Found({"id": job.number}) if _ask(job, "posts", "GET")["count"] else NotThere()

    request = {"number": job.number}
    intents.call("post", request, do, None if job.once else look, at_most_once=job.once)
    return _mark(effects, job.number, "post")
