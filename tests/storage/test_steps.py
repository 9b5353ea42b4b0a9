"""Kept steps belong to the holder of the run."""

from __future__ import annotations

from backline.storage.database import Database
from backline.storage.steps import keep_step, read_step
from tests.storage.rows import make_run


def keep(database: Database, run_id: str, fence: int, sha: str = "in", result: str = "1") -> bool:
    with database.write() as connection:
        return keep_step(
            connection, database.now_sql, run_id=run_id, fence=fence, name="s", input_sha=sha, result=result
        )


def read(database: Database, run_id: str, sha: str = "in") -> str | None:
    with database.read() as connection:
        return read_step(connection, run_id, "s", sha)


def test_a_step_is_kept_by_name_and_input(database: Database) -> None:
    run_id, other = make_run(database, state="running", fence=4), make_run(database)
    assert keep(database, run_id, 4)
    assert read(database, run_id) == "1"
    assert read(database, run_id, "other") is None and read(database, other) is None
    assert keep(database, run_id, 4, "other", "2")  # a new input replaces the old result
    assert read(database, run_id, "other") == "2" and read(database, run_id) is None


def test_a_worker_that_lost_the_run_keeps_nothing(database: Database) -> None:
    run_id = make_run(database, state="running", fence=4)
    assert not keep(database, run_id, 3)
    waiting = make_run(database, fence=4)
    assert not keep(database, waiting, 4)
    assert read(database, run_id) is None
