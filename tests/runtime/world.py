"""The outside world as the tests see it: it counts what took effect, and runs are killed on their way to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from backline.runtime.intents import Found, Intent, Intents, NotThere
from backline.runtime.task import Task
from backline.storage.intents import list_intents
from tests.runtime.stage import Done, Stage, Word, declare


class Killed(BaseException):
    """kill -9, as seen from inside."""


class World:
    """The outside world: it counts, and can be looked at."""

    def __init__(self) -> None:
        self.posts: list[Any] = []
        self.looked: list[Intent] = []

    def post(self, text: Any) -> dict[str, Any]:
        """The effect."""
        self.posts.append(text)
        return {"id": len(self.posts)}

    def find(self, intent: Intent) -> Found | NotThere:
        """What the owner's function does."""
        self.looked.append(intent)
        there = [n for n, post in enumerate(self.posts, 1) if post == intent.request["text"]]
        return Found({"id": there[0]}) if there else NotThere()


def carry(on: Stage, run_id: str) -> str:
    """Answer bells until the run rests; a killed attempt is found by its lease."""
    for _ in range(12):
        if on.row(run_id).state not in ("queued", "scheduled", "running"):
            break
        try:
            on.run()
        except Killed:
            on.runtime.keeper._watches.clear()
        on.pass_time(1000)
        on.redriver.sweep()
    return str(on.row(run_id).state)


def intents_of(on: Stage, run_id: str) -> list[Any]:
    """The run's intents."""
    with on.database.read() as connection:
        return list(list_intents(connection, run_id))


def make_call(do: Callable[[Word], Any], **options: Any) -> Task[Any, Any]:
    """One call named `post`, then the answer."""

    def work(job: Word, intents: Intents) -> Done:
        return Done(word=json.dumps(intents.call("post", {"text": job.word}, do=lambda: do(job), **options)))

    return declare()(work)
