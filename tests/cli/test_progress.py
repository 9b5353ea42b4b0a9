"""A run carried in this process: its answer, and its error in its own kind."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import text

from backline.cli.progress import carry_visibly
from backline.cli.screen import Screen
from backline.errors import BadInput, NeedsHuman, TryLater
from backline.storage.audits import list_audit
from backline.storage.runs import read_run
from backline.wiring import House
from tests.cli.turns import Said, Word, ask, house, say

__all__ = ["house"]


def test_answer(house: House) -> None:
    assert carry_visibly(house, Screen(), ask(house, "hello"))["word"] == "hello"


@pytest.mark.parametrize(
    ("word", "kind", "words"),
    [("bad", BadInput, "No such word."), ("later", TryLater, "Not now."), ("human", NeedsHuman, "Look.")],
)
def test_error_in_its_own_kind(house: House, word: str, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        carry_visibly(house, Screen(), ask(house, word))


def test_run_that_a_worker_has_ended_is_read(house: House) -> None:
    run_id = ask(house, "done")
    answer = json.dumps({"word": "done by a worker"})
    with house.database.write() as connection:
        statement = text("UPDATE backline_run SET state = 'succeeded', answer = :answer WHERE id = :id")
        connection.execute(statement, {"answer": answer, "id": run_id})
    assert carry_visibly(house, Screen(), run_id) == {"word": "done by a worker"}


def test_ctrl_c_cancels_and_says_who_did(house: House) -> None:
    def interrupt(word: Word) -> Said:
        raise KeyboardInterrupt

    house.tasks = {say.name: replace(say, function=interrupt)}
    run_id = ask(house, "long")
    with pytest.raises(KeyboardInterrupt):
        carry_visibly(house, Screen(), run_id)
    with house.database.read() as connection:
        row, trail = read_run(connection, run_id), list_audit(connection, run_id=run_id)
    assert row.state == "cancelled"
    assert (trail[0].actor, trail[0].action) == (house.settings.actor, "run.cancel")
