"""A team's own Celery application that Backline is attached to: its settings, its tasks, and a few runs beside them.

A worker imports it as `celery -A tests.journeys.team_app worker`; what differs is said by the environment.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

from celery import Celery
from kombu.entity import Queue
from pydantic import Field

import backline
from backline.bells import describe_transport
from backline.errors import BadInput, NeedsHuman, TryLater
from backline.runtime.claim import Watch
from backline.runtime.task import Answer, Job, Task, task
from backline.settings import Settings, load_settings

LATER = 22 * 3600.0  # seconds, as Spotify may ask for
WORDS = "A run.\n\n[fr]\nUne exécution.\n\n[de]\nEin Lauf."


class Word(Job):
    """A word."""

    word: str = "x"


class Parts(Job):
    """The answers of a chord's header."""

    parts: list[Any] = Field(default_factory=list)


class Given(Job):
    """What the step before it answered."""

    given: dict[str, Any] = Field(default_factory=dict)


class Done(Answer):
    """The word again."""

    word: str = ""


def _echo(job: Word) -> Done:
    return Done(word=job.word)


def _gather(job: Parts) -> Done:
    return Done(word="+".join(str(part["word"]) for part in job.parts))


def _hold(job: Word) -> Done:
    threading.Event().wait(60)  # deaf to whoever takes the run back
    return Done(word=job.word)


def _follow(job: Given) -> Done:
    return Done(word=f"after {job.given['word']}")


def _later(job: Word, watch: Watch) -> Done:
    if watch.fence < 3:  # the first attempt
        raise TryLater(LATER, "The provider asks for patience.")
    return Done(word=job.word)


def _fail(job: Word) -> Done:
    raise BadInput(f"{job.word} is no good.")


def _ask(job: Word, watch: Watch) -> Done:
    if watch.fence < 3:
        raise NeedsHuman(f"Is {job.word} right?")
    return Done(word=job.word)


def make_tasks() -> dict[str, Task[Any, Any]]:
    """Runs that succeed, wait for 22 hours, fail, and need a person, at the first attempt."""
    made = {}
    for function in (_echo, _gather, _hold, _follow, _later, _fail, _ask):
        function.__doc__ = WORDS
        name = f"play.{function.__name__[1:]}"
        made[name] = task(name, version=1)(function)
    return made


def make_team(settings: Settings, notes: Path, **conf: Any) -> Celery:
    """The team's application before anything of ours is in it."""
    app = Celery("team", set_as_current=False)
    app.conf.update(
        **describe_transport(settings),
        task_default_queue="theirs",
        task_queues=[Queue("theirs"), Queue("urgent")],
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
    )
    app.conf.update(**conf)

    def note(kind: str, value: Any) -> None:
        with notes.open("a") as file:
            file.write(json.dumps([kind, value], default=str) + "\n")

    @app.task(name="team.note", shared=False)
    def keep(value: Any, label: str = "") -> Any:
        note(f"note{label}", value)
        return value

    @app.task(name="team.word", shared=False)
    def word(text: str) -> str:
        return text

    @app.task(name="team.mourn", shared=False)
    def mourn(request: Any, exc: Any, traceback: Any) -> None:
        note("mourn", [request.id, type(exc).__name__])

    @app.task(name="team.knell", shared=False)
    def knell(task_id: str) -> None:
        note("knell", task_id)

    return app


def _start() -> Celery:
    settings = load_settings().settings
    conf = json.loads(os.environ["TEAM_CONF"])
    made = make_team(settings, Path(os.environ["TEAM_NOTES"]), **conf)
    backline.attach(made, settings, make_tasks())
    return made


if "TEAM_CONF" in os.environ:
    app = _start()
