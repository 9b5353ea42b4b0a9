"""Whatever ends a run with a canvas asks, in the same transaction, for the run that tells it; once for each end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, text

from backline.runtime.audit import Secrets
from backline.runtime.decisions import Person, answer, cancel
from backline.storage.canvases import (
    TELL,
    drop_result,
    find_tell,
    find_told,
    insert_tell,
    keep_result,
    name_key,
    read_result,
    read_root,
    read_task_id,
)
from backline.storage.database import Database
from backline.storage.runs import list_runs
from backline.storage.sweeps import Sweeps
from tests.storage.rows import make_run

CANVAS = '{"queue": "canvas.team", "id": "x"}'
ANN = Person("ann", Secrets([]))


def tells(database: Database) -> list[Any]:
    with database.read() as connection:
        return list_runs(connection, task=TELL)


def test_a_run_without_a_canvas_is_not_told(database: Database) -> None:
    run_id = make_run(database)
    with database.write() as connection:
        assert insert_tell(connection, database.now_sql, run_id) is None
    assert tells(database) == []


def test_each_state_is_told_once(database: Database) -> None:
    run_id = make_run(database, canvas=CANVAS)
    for _ in range(2):
        with database.write() as connection:
            assert insert_tell(connection, database.now_sql, run_id) == "canvas.team"
    (tell,) = tells(database)
    assert (tell.queue, tell.priority, tell.parent_id, tell.state) == ("canvas.team", 1, run_id, "queued")
    with database.write() as connection:
        connection.execute(text("UPDATE backline_run SET fence = 7 WHERE id = :id"), {"id": run_id})
        insert_tell(connection, database.now_sql, run_id)
        assert find_tell(connection, run_id, 7) is not None and find_tell(connection, run_id, 8) is None
    assert len(tells(database)) == 2


def sweep(database: Database) -> Sweeps:
    return Sweeps(database.dialect, database.now_sql, 25.0)


ENDS: list[tuple[str, dict[str, Any], Callable[[Database, Connection, str], Any]]] = [
    ("expired", {"expires_at": 1}, lambda on, at, _: sweep(on).end_late(at)),
    ("needs_attention", {"deadline_at": 1}, lambda on, at, _: sweep(on).end_late(at)),
    ("dead", {"state": "running", "lease_until": 1, "lost": 2}, lambda on, at, _: sweep(on).take_lost(at)),
    (
        "cancelled",
        {"state": "running", "lease_until": 1, "cancel_requested_at": 1},
        lambda on, at, _: sweep(on).take_lost(at),
    ),
    ("cancelled", {}, lambda on, at, run_id: cancel(at, on.now_sql, run_id, ANN)),
    (
        "needs_attention",
        {"state": "needs_attention"},
        lambda on, at, run_id: answer(at, on.now_sql, run_id, ANN, "seen"),
    ),
]


@pytest.mark.parametrize(("state", "before", "end"), ENDS)
def test_every_end_outside_an_attempt_is_told(
    database: Database, state: str, before: dict[str, Any], end: Callable[[Database, Connection, str], Any]
) -> None:
    run_id = make_run(database, canvas=CANVAS, **before)
    with database.write() as connection:
        end(database, connection, run_id)
        found = find_told(connection, run_id)
    assert found is not None and found.state == state
    (tell,) = tells(database)
    assert tell.parent_id == run_id and tell.ring_at <= tell.created_at  # the next sweep rings


def test_a_lost_run_that_goes_on_is_not_told(database: Database) -> None:
    make_run(database, canvas=CANVAS, state="running", lease_until=1)
    with database.write() as connection:
        sweep(database).take_lost(connection)
    assert tells(database) == []


def test_a_key_tells_the_celery_id_that_it_was_made_of() -> None:
    assert [read_task_id(key) for key in (name_key("abc"), "abc", "", None)] == ["abc", None, None, None]


def test_a_run_is_found_by_its_celery_id(database: Database) -> None:
    run_id = make_run(database, idempotency_key="celery:abc")
    make_run(database, idempotency_key="abc")
    with database.read() as connection:
        for known in (run_id, "abc"):
            found = find_told(connection, known)
            assert found is not None and found.id == run_id
        assert find_told(connection, "nobody") is None


def test_a_kept_success_is_not_overwritten_by_a_failure(database: Database) -> None:
    with database.write() as connection:
        for state in ("FAILURE", "SUCCESS", "FAILURE"):
            keep_result(connection, database.now_sql, "a", state, f'{{"result": "{state}"}}')
        assert read_result(connection, "a") == ("SUCCESS", {"result": "SUCCESS"})
        drop_result(connection, "a")
        assert read_result(connection, "a") is None


def test_the_root_is_what_the_canvas_says() -> None:
    assert [read_root(canvas) for canvas in (None, '{"queue": "q"}', '{"root_id": "r"}')] == [None, None, "r"]
