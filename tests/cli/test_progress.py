"""A run carried in this process: its answer, its error, and its turn after others of its key."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from backline.cli.progress import carry_visibly
from backline.cli.screen import Screen
from backline.errors import BadInput, NeedsHuman, TryLater
from backline.runtime.submit import Ask
from backline.runtime.task import Answer, Job, task
from backline.settings import load_settings
from backline.storage.runs import request_cancel
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


def test_answer(house: House) -> None:
    assert carry_visibly(house, Screen(), ask(house, "hello"))["word"] == "hello"


@pytest.mark.parametrize(
    ("word", "kind", "words"),
    [("bad", BadInput, "No such word."), ("later", TryLater, "Not now."), ("human", NeedsHuman, "Look.")],
)
def test_error_in_its_own_kind(house: House, word: str, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        carry_visibly(house, Screen(), ask(house, word))


def test_waits_for_a_killed_run_of_its_key(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    killed, mine = ask(house, "killed"), ask(house, "mine")
    take_as_killed(house, killed)
    assert carry_visibly(house, Screen(), mine)["word"] == "mine"
    assert "Another run must end first" in capsys.readouterr().err
    with house.database.read() as connection:
        query = text("SELECT state, error_kind FROM backline_run WHERE id = :id")
        row = connection.execute(query, {"id": killed}).one()
    assert tuple(row) == ("queued", "lease_lost")


def test_waiting_ends_where_the_run_is_cancelled(house: House) -> None:
    busy, mine = ask(house, "busy"), ask(house, "mine")
    take_as_killed(house, busy)
    with house.database.write() as connection:  # its owner lives
        connection.execute(
            text("UPDATE backline_run SET lease_until = lease_until * 2 WHERE id = :id"), {"id": busy}
        )
    found: list[BaseException] = []

    def carry() -> None:
        try:
            carry_visibly(house, Screen(), mine)
        except NeedsHuman as error:
            found.append(error)

    thread = threading.Thread(target=carry)
    thread.start()
    with house.database.write() as connection:
        request_cancel(connection, house.database.now_sql, mine)
    thread.join(20)
    assert not thread.is_alive()
    assert "cancelled" in str(found[0])


def test_run_that_a_worker_has_ended_is_read(house: House) -> None:
    run_id = ask(house, "done")
    answer = json.dumps({"word": "done by a worker"})
    with house.database.write() as connection:
        statement = text("UPDATE backline_run SET state = 'succeeded', answer = :answer WHERE id = :id")
        connection.execute(statement, {"answer": answer, "id": run_id})
    assert carry_visibly(house, Screen(), run_id) == {"word": "done by a worker"}
