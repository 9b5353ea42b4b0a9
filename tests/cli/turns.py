"""A task whose runs follow one another, a house that has it, and a run whose process was killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from backline.errors import BadInput, NeedsHuman, TryLater
from backline.runtime.submit import Ask
from backline.runtime.task import Answer, Job, task
from backline.settings import load_settings
from backline.wiring import House


class Word(Job):
    """How the run is to end."""

    word: str


class Said(Answer):
    """What was asked."""

    word: str


@task("probe.say", version=1, concurrency=lambda job: "one at a time")
def say(job: Word) -> Said:
    """Says a word.

    [fr]
    Dit un mot.

    [de]
    Sagt ein Wort.
    """
    errors = {
        "bad": BadInput("No such word."),
        "later": TryLater(60, "Not now."),
        "human": NeedsHuman("Look."),
    }
    if job.word in errors:
        raise errors[job.word]
    return Said(word=job.word)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house with that one task, and leases that run out soon."""
    options = {"BACKLINE_STATE": str(tmp_path / "state"), "BACKLINE_RUNTIME_LEASE_SECONDS": "1"}
    made = House(load_settings(options).settings, {say.name: say})
    yield made
    made.close()


def ask(house: House, word: str) -> str:
    """A queued run."""
    return house.submit(say, Word(word=word), Ask("tester"))


def take_as_killed(house: House, run_id: str) -> None:
    """As a process leaves it that took the run and was killed."""
    statement = text(
        "UPDATE backline_run SET state = 'running', attempt = 1, fence = fence + 1, worker = 'gone', "
        f"lease_until = {house.database.now_sql} + 300000, started_at = {house.database.now_sql} WHERE id = :id"
    )
    with house.database.write() as connection:
        connection.execute(statement, {"id": run_id})
