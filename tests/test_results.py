"""Rows as results: states, answers, errors, what has no row, and what cannot be waited for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery, chain, chord
from celery.exceptions import TaskRevokedError
from celery.exceptions import TimeoutError as CeleryTimeout
from sqlalchemy import text

import backline
from backline.errors import BacklineError
from backline.results import STATES, RowBackend
from backline.runtime.handle import RunFailed
from backline.storage.database import Database
from backline.storage.run_tables import STATES as ALL
from tests.celery_apps import make_own_app
from tests.shops import OpenShop, open_shops

NAME = "probe.work"


@pytest.fixture
def app(tmp_path: Path) -> Any:
    """Our own application in a state folder of this test."""
    return make_own_app(tmp_path)


def put(app: Any, result: Any, state: str, words: str | None = None) -> None:
    with app.backline_desk.house().database.write() as connection:
        sql = "UPDATE backline_run SET state = :state, error_text = :words, error_kind = 'bug', answer = :answer WHERE id = :id"
        values = {"state": state, "words": words, "answer": '{"word": "x"}', "id": result.run_id}
        connection.execute(text(sql), values)


def test_every_state_has_a_name_in_celery(app: Any) -> None:
    assert STATES.keys() == set(ALL)
    result = app.tasks[NAME].delay("x")
    seen = {}
    for state in ALL:
        put(app, result, state)
        seen[state] = app.AsyncResult(result.id).state
    assert seen == STATES


@pytest.mark.parametrize(
    ("state", "kind"),
    [("failed", RunFailed), ("dead", RunFailed), ("cancelled", TaskRevokedError), ("expired", TaskRevokedError),
     ("needs_attention", RunFailed), ("blocked", RunFailed)],
)  # fmt: skip
def test_an_end_without_an_answer_raises_the_row_s_error(app: Any, state: str, kind: type[Exception]) -> None:
    result = app.tasks[NAME].delay("x")
    put(app, result, state, "Nobody knows.")
    with pytest.raises(kind, match=rf"is {state} \(bug\): Nobody knows\."):
        app.AsyncResult(result.id).get(timeout=5)


def test_waiting_ends_in_time(app: Any) -> None:
    result = app.tasks[NAME].delay("x")
    for kind in (CeleryTimeout, TimeoutError):
        with pytest.raises(kind, match=r"still PENDING after 0\.05 s"):
            result.get(timeout=0.05)
    put(app, result, "succeeded")
    assert dict(app.backend.get_many([result.id], timeout=1))[result.id]["result"] == {"word": "x"}


def test_what_has_no_row_is_kept(app: Any) -> None:
    assert app.AsyncResult("theirs").state == "PENDING" and not app.AsyncResult("theirs").exists()
    app.backend.store_result("theirs", {"a": 1}, "SUCCESS")
    assert app.AsyncResult("theirs").get(timeout=1) == {"a": 1}
    app.backend.mark_as_failure("other", RunFailed("gone"))
    with pytest.raises(RunFailed, match="gone"):
        app.AsyncResult("other").get(timeout=1)
    app.AsyncResult("theirs").forget()
    assert app.AsyncResult("theirs").state == "PENDING"


def test_what_a_run_said_is_not_its_end_where_its_row_has_left(app: Any) -> None:
    result = app.tasks[NAME].delay("x")
    put(app, result, "running")
    app.backend.keep_state(result.id, "PROGRESS", {"done": 1})
    assert result.state == "PROGRESS"
    with app.backline_desk.house().database.write() as connection:
        connection.execute(text("DELETE FROM backline_run WHERE id = :id"), {"id": result.id})
    assert (app.AsyncResult(result.id).state, app.AsyncResult(result.id).result) == ("PENDING", None)


def test_a_row_is_not_kept_twice(app: Any) -> None:
    result = app.tasks[NAME].delay("x")
    app.backend.store_result(result.id, "other", "SUCCESS")
    assert app.AsyncResult(result.id).state == "PENDING"


def test_a_group_is_kept_until_it_is_forgotten(app: Any) -> None:
    group = app.GroupResult("g", [app.tasks[NAME].delay("x")])
    group.save()
    restored = app.GroupResult.restore("g")
    assert restored.id == "g" and [part.id for part in restored] == [part.id for part in group]
    group.delete()
    app.backend._cache.clear()
    assert app.GroupResult.restore("g") is None


@pytest.fixture
def shop(tmp_path: Path, database: Database) -> Iterator[OpenShop]:
    """A team's application with Backline attached."""
    with open_shops(tmp_path, database) as make:
        yield make


def add(x: int, y: int = 1) -> int:
    return x + y


def test_a_group_waits_for_its_runs_in_their_rows_whichever_part_is_first(shop: OpenShop) -> None:
    on = shop(result_backend="cache+memory://")
    task = backline.durable(on.app.task(name="shop.add")(add))
    plain, run, other = on.app.AsyncResult("theirs"), task.delay(1), on.app.AsyncResult("other")
    for result in (plain, other):
        on.app.backend.store_result(result.id, 5, "SUCCESS")
    on.carry()
    nested = on.app.GroupResult("h", [other, run])
    mixed = on.app.GroupResult("g", [plain, run, nested])
    assert mixed.get(timeout=1) == [5, 2, [5, 2]] and not mixed.supports_native_join
    assert on.app.ResultSet([plain, run]).get(timeout=1) == [5, 2]
    assert not on.app.GroupResult("i", [plain, on.app.GroupResult("h", [run])]).supports_native_join
    assert on.app.GroupResult("j", [plain, other]).supports_native_join  # theirs are waited for as they were
    assert on.app.GroupResult("k", [plain, other]).get(timeout=1) == [5, 5]


def test_a_step_whose_result_is_kept_nowhere_is_not_asked(shop: OpenShop) -> None:
    on = shop()
    on.app.task(name="shop.plain")(add)
    task = backline.durable(on.app.task(name="shop.add")(add))
    result = chain(task.s(1), on.app.tasks["shop.plain"].s(), task.s()).freeze()
    assert [each.id for each in result._parents()] == [result.parent.parent.id]
    failed = chain(task.s("a"), on.app.tasks["shop.plain"].s(), task.s()).apply_async()
    on.app.backline_desk.rows.cancel(failed.parent.parent.id)
    with pytest.raises(TaskRevokedError):
        failed.get(timeout=1)


def test_a_chord_without_a_result_backend_is_refused_with_the_way_out(shop: OpenShop) -> None:
    plain = shop().app.task(name="shop.plain")(add)
    words = r"(?s)requires a result backend.*backline\.results:RowBackend"
    with pytest.raises(NotImplementedError, match=words):  # Celery's own refusal, and our remedy
        chord([plain.s(1), plain.s(2)])(plain.s())


def test_our_own_application_revokes_by_row(app: Any) -> None:
    results = [app.tasks[NAME].apply_async((word,), countdown=60) for word in "abc"]
    app.control.revoke(results[0].id)
    app.GroupResult("g", results[1:]).revoke()
    assert [each.run_state for each in results] == ["cancelled"] * 3
    app.control.revoke([results[0].id, "nobody"])  # it has ended, and nobody is not there


def test_only_to_terminate_ends_a_running_run_at_once(app: Any) -> None:
    first, second = (app.tasks[NAME].delay(word) for word in "ab")
    for result in (first, second):
        put(app, result, "running")
    first.revoke()
    app.control.revoke(second.id)
    assert (first.state, second.state) == ("STARTED", "STARTED")
    first.revoke(terminate=True)
    app.control.revoke(second.id, terminate=True)
    assert (first.state, second.state) == ("REVOKED", "REVOKED")


def test_an_application_without_runs_says_what_is_missing() -> None:
    bare = Celery("bare", set_as_current=False, backend="backline.results:RowBackend")
    assert isinstance(bare.backend, RowBackend)
    with pytest.raises(BacklineError, match=r"Call backline\.attach"):
        _ = bare.AsyncResult("x").state
