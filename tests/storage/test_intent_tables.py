"""No other state of an intent can be written, and one run has one intent of a name."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from backline.storage import intent_tables as t
from backline.storage.database import Database

ROW = {
    "run_id": "r", "name": "post", "input_sha": "s", "request": "{}", "state": "open", "at_most_once": False,
    "fence": 1, "tries": 1, "made_at": 5,
}  # fmt: skip


def test_states_are_the_four(database: Database) -> None:
    for number, state in enumerate(t.INTENT_STATES):
        with database.write() as connection:
            connection.execute(t.intent.insert().values(ROW | {"name": str(number), "state": state}))
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(t.intent.insert().values(ROW | {"state": "lost"}))


def test_one_run_has_one_intent_of_a_name(database: Database) -> None:
    with database.write() as connection:
        connection.execute(t.intent.insert().values(ROW))
        connection.execute(t.intent.insert().values(ROW | {"run_id": "q"}))
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(t.intent.insert().values(ROW))
