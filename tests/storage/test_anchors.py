"""One process at a time serves a target, again when there is something new, and soon after a failure."""

from __future__ import annotations

from sqlalchemy import text

from backline.storage.anchors import list_served, note_failed, note_kept, take_turn
from backline.storage.database import Database
from backline.storage.seals_chain import Head


def head(seq: int) -> Head:
    return Head(1, seq, b"h" * 32, seq, 5)


def take(
    database: Database, seq: int, *, every: float = 60.0, retry: float = 10.0, anyway: bool = False
) -> bool:
    with database.write() as connection:
        return take_turn(connection, "file", head(seq), every=every, retry=retry, anyway=anyway)


def pass_time(database: Database, seconds: int) -> None:
    with database.write() as connection:
        connection.execute(
            text(
                "UPDATE backline_seal_anchor SET tried_at = tried_at - :by, anchored_at = anchored_at - :by"
            ),
            {"by": seconds * 1_000_000},
        )


def test_a_target_is_served_in_turn(database: Database) -> None:
    assert take(database, 3)
    assert not take(database, 3), "another process has the turn"
    with database.write() as connection:
        note_kept(connection, "file", head(3))
    pass_time(database, 61)
    assert not take(database, 3), "it has this head"
    assert take(database, 3, anyway=True)
    pass_time(database, 61)
    assert take(database, 4)


def test_a_failure_is_told_and_tried_again_soon(database: Database) -> None:
    assert take(database, 3)
    with database.write() as connection:
        note_failed(connection, "file", "no room")
    with database.read() as connection:
        (served,) = list_served(connection)
    assert (served.target, served.seq, served.age, served.error) == ("file", None, None, "no room")
    assert not take(database, 3)
    pass_time(database, 11)
    assert take(database, 3)
    with database.write() as connection:
        note_kept(connection, "file", head(3))
    pass_time(database, 30)
    with database.read() as connection:
        (served,) = list_served(connection)
    assert (served.epoch, served.seq, served.error) == (1, 3, None)
    assert served.age is not None
    assert 30 <= served.age < 60


def test_a_turn_whose_process_died_comes_again(database: Database) -> None:
    assert take(database, 3)
    pass_time(database, 61)
    assert take(database, 3)
