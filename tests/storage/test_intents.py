"""Intents are guarded by the fence of the run when they are made, and by their own when they end."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import text

from backline.storage.database import Database
from backline.storage.intents import (
    HOUR,
    count_old_intents,
    end_intent,
    list_intents,
    make_intent,
    read_intent,
    tell_intent,
)
from tests.storage.rows import make_run


def make(database: Database, run_id: str, fence: int = 1, **values: Any) -> int | None:
    """Make the intent `post`."""
    given = {"name": "post", "input_sha": "s", "request": "{}", "at_most_once": False} | values
    with database.write() as connection:
        return make_intent(connection, database.now_sql, run_id=run_id, fence=fence, **given)


def end(database: Database, run_id: str, fence: int = 1, state: str = "done", **values: Any) -> bool:
    """End the intent `post`."""
    with database.write() as connection:
        return end_intent(
            connection, database.now_sql, run_id=run_id, fence=fence, name="post", state=state, **values
        )


def read(database: Database, run_id: str) -> Any:
    """The intent `post`."""
    with database.read() as connection:
        return read_intent(connection, run_id, "post")


def running(database: Database, fence: int = 1) -> str:
    """A run that somebody carries."""
    return make_run(database, state="running", fence=fence)


def test_only_the_holder_of_the_run_makes_one(database: Database) -> None:
    run_id = running(database, fence=2)
    assert make(database, run_id, 1) is None
    assert make(database, make_run(database), 0) is None
    assert make(database, "none", 1) is None
    assert read(database, run_id) is None
    assert make(database, run_id, 2) == 1
    row = read(database, run_id)
    assert (row.state, row.fence, row.tries, row.at_most_once) == ("open", 2, 1, False)
    assert row.made_at > 1_700_000_000_000_000


def test_it_is_begun_again_until_it_is_done(database: Database) -> None:
    run_id = running(database)
    assert make(database, run_id) == 1
    assert end(database, run_id, state="failed", words="no")
    assert (read(database, run_id).state, read(database, run_id).words) == ("failed", "no")
    assert make(database, run_id, input_sha="t") == 2
    row = read(database, run_id)
    assert (row.state, row.words, row.ended_at, row.input_sha) == ("open", None, None, "t")
    assert end(database, run_id, outcome="7")
    assert make(database, run_id) is None
    assert (read(database, run_id).outcome, read(database, run_id).tries) == ("7", 2)


def test_an_outcome_counts_although_the_run_is_lost_but_not_of_a_call_that_was_begun_anew(
    database: Database,
) -> None:
    run_id = running(database)
    make(database, run_id)
    with database.write() as connection:
        connection.execute(text("UPDATE backline_run SET fence = 2"))
    assert not end(database, run_id, fence=2, outcome="9")
    assert end(database, run_id, fence=1, state="unclear", words="?")
    assert end(database, run_id, fence=1, outcome="7")
    assert end(database, run_id, fence=1, outcome="7"), "a commit that went through unheard of is repeated"
    assert not end(database, run_id, fence=1, outcome="8")
    other = running(database)
    make(database, other)
    with database.write() as connection:
        connection.execute(text("UPDATE backline_run SET fence = 2 WHERE id = :id"), {"id": other})
    assert make(database, other, 2) == 2
    assert not end(database, other, fence=1, outcome="7")
    assert read(database, other).state == "open"


def test_whoever_takes_the_run_over_waits_for_an_intent_in_the_making(database: Database) -> None:
    """Else the intent could be committed after somebody else has looked for one."""
    if database.is_sqlite:
        pytest.skip("one writer at a time in any case")
    run_id = running(database)
    taken = threading.Event()

    def take_over() -> None:
        with database.write() as other:
            other.execute(text("UPDATE backline_run SET fence = fence + 1 WHERE id = :id"), {"id": run_id})
        taken.set()

    thread = threading.Thread(target=take_over)
    with database.write() as connection:
        made = make_intent(
            connection, database.now_sql,
            run_id=run_id, fence=1, name="post", input_sha="s", request="{}", at_most_once=False,
        )  # fmt: skip
        thread.start()
        assert made == 1 and not taken.wait(0.3)
    thread.join(10)
    assert taken.is_set()


def test_a_person_tells_where_nobody_carries_the_run(database: Database) -> None:
    def tell(state: str = "done") -> str | None:
        with database.write() as connection:
            return tell_intent(
                connection, database.now_sql,
                run_id=run_id, name="post", state=state, outcome="1", words="seen",
            )  # fmt: skip

    run_id = running(database)
    make(database, run_id)
    assert tell() == "running"
    assert read(database, run_id).state == "open"
    with database.write() as connection:
        connection.execute(text("UPDATE backline_run SET state = 'needs_attention'"))
    assert tell() == "needs_attention"
    assert (read(database, run_id).state, read(database, run_id).words) == ("done", "seen")
    assert tell() is None


def test_open_ones_are_counted_after_an_hour(database: Database) -> None:
    run_id = running(database)
    make(database, run_id)
    make(database, run_id, name="other")
    with database.read() as connection:
        assert count_old_intents(connection, database.now_sql)[0] == 0
    with database.write() as connection:
        connection.execute(
            text("UPDATE backline_intent SET made_at = made_at - :by WHERE name = 'post'"), {"by": HOUR + 1}
        )
    with database.read() as connection:
        assert count_old_intents(connection, database.now_sql) == (1, run_id)
        assert [row.name for row in list_intents(connection, run_id)] == ["post", "other"]
    end(database, run_id, outcome="1")
    with database.read() as connection:
        assert count_old_intents(connection, database.now_sql)[0] == 0
