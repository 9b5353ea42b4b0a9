"""An attempt at a durable task is what Celery would make of it; its end is a verdict in the run's row."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import celery
import pytest
from celery import signals
from celery.exceptions import Ignore, MaxRetriesExceededError, Reject, Retry, SoftTimeLimitExceeded
from sqlalchemy import text

import backline
from backline.errors import NeedsHuman, TryLater
from backline.runtime.pause import pause
from backline.storage.database import Database
from backline.storage.runs import retry_run
from tests.shops import Shop, open_shops


@pytest.fixture
def shop(tmp_path: Path, database: Database) -> Iterator[Shop]:
    """A team's application with Backline attached."""
    with open_shops(tmp_path, database) as make:
        yield make()


class Hooks(celery.Task):  # type: ignore[misc]
    """Remembers what it hears."""

    heard: list[tuple[Any, ...]] = []  # noqa: RUF012 - emptied by each test

    def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:
        self.heard.append(("before_start", args))

    def on_success(self, retval: Any, task_id: str, args: Any, kwargs: Any) -> None:
        self.heard.append(("on_success", retval))

    def on_failure(self, exc: Any, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        self.heard.append(("on_failure", str(exc), einfo is not None))

    def on_retry(self, exc: Any, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
        self.heard.append(("on_retry", str(exc)))

    def after_return(
        self, status: str, retval: Any, task_id: str, args: Any, kwargs: Any, einfo: Any
    ) -> None:
        self.heard.append(("after_return", status))


@pytest.fixture
def heard() -> Iterator[list[tuple[Any, ...]]]:
    """Hooks and signals, as they came."""
    Hooks.heard = []
    receivers = []
    for name in ("task_prerun", "task_postrun", "task_success", "task_failure", "task_retry"):

        def hear(sender: Any = None, name: str = name, **said: Any) -> None:
            if isinstance(sender, Hooks):
                Hooks.heard.append((name, sender.request.id is not None, said.get("state", "")))

        getattr(signals, name).connect(hear, weak=False)
        receivers.append((name, hear))
    yield Hooks.heard
    for name, hear in receivers:
        getattr(signals, name).disconnect(hear)


def again(shop: Shop, seconds: float = 1000) -> None:
    """The next attempt."""
    shop.pass_time(seconds)
    shop.carry()


def test_hooks_and_signals_of_a_success(shop: Shop, heard: list[Any]) -> None:
    @backline.durable
    @shop.app.task(name="shop.ok", base=Hooks)
    def ok(x: int) -> int:
        return x

    ok.delay(3)
    shop.carry()
    assert heard == [
        ("task_prerun", True, ""), ("before_start", [3]), ("on_success", 3), ("task_success", True, ""),
        ("after_return", "SUCCESS"), ("task_postrun", True, "SUCCESS"),
    ]  # fmt: skip


def test_an_error_is_tried_twice_again_then_dead(shop: Shop, heard: list[Any]) -> None:
    @backline.durable
    @shop.app.task(name="shop.bad", base=Hooks)
    def bad() -> None:
        raise ValueError("no")

    handle = bad.delay()
    shop.carry()
    again(shop)
    assert ("on_failure", "no", True) not in heard and heard.count(("on_retry", "no")) == 2
    again(shop)
    row = shop.row(handle)
    assert (row.state, row.error_kind, row.attempt, row.bugs) == ("dead", "bug", 3, 3)
    assert "ValueError: no (at test_foreign_run.py" in row.error_text
    assert shop.outcomes(handle) == ["bug"] * 3
    assert heard[-4:] == [
        ("on_failure", "no", True), ("task_failure", True, ""), ("after_return", "FAILURE"),
        ("task_postrun", True, "FAILURE"),
    ]  # fmt: skip


def test_a_task_that_says_no_retries_is_dead_at_once(shop: Shop) -> None:
    def fail() -> None:
        raise ValueError("no")

    strict = backline.durable(shop.app.task(name="shop.strict", max_retries=0)(fail)).delay()
    expected = backline.durable(shop.app.task(name="shop.expected", throws=(ValueError,))(fail)).delay()
    patient = backline.durable(retries=1)(shop.app.task(name="shop.patient")(fail)).delay()
    shop.carry()
    again(shop)
    ends = [(shop.row(run).state, shop.row(run).error_kind) for run in (strict, expected, patient)]
    assert ends == [("dead", "bug"), ("failed", "expected"), ("dead", "bug")]
    assert shop.outcomes(patient) == ["bug", "bug"]


def test_retry_puts_a_due_row(shop: Shop, heard: list[Any]) -> None:
    seen: list[tuple[int, str]] = []

    @backline.durable
    @shop.app.task(name="shop.poll", base=Hooks, bind=True, max_retries=2)
    def poll(self: Any, x: int) -> int:
        seen.append((self.request.retries, self.request.id))
        raise self.retry(countdown=79_200, exc=KeyError("not yet"))

    handle = poll.delay(1)
    shop.carry()
    row = shop.row(handle)
    assert (row.state, row.error_kind) == ("scheduled", "retry")
    assert 79_000 < (row.due_at - row.started_at) / 1e6 < 79_210
    assert ("task_retry", True, "") in heard and ("after_return", "RETRY") in heard
    again(shop, 80_000)
    again(shop, 80_000)
    assert seen == [(0, handle.id), (1, handle.id), (2, handle.id)]
    row = shop.row(handle)
    assert (row.state, row.error_kind) == ("dead", "retries_spent") and "KeyError" in row.error_text
    assert shop.outcomes(handle) == ["retry", "retry", "retries_spent"]


def test_autoretry_with_back_off(shop: Shop) -> None:
    @backline.durable
    @shop.app.task(
        name="shop.auto", autoretry_for=(OSError,), retry_backoff=10, retry_jitter=False, max_retries=5
    )
    def auto() -> None:
        raise OSError("away")

    handle = auto.delay()
    waits = []
    for _ in range(3):
        shop.carry()
        row = shop.row(handle)
        with shop.database.read() as connection:
            waits.append(round((row.due_at - shop.database.now(connection)) / 1e6))
        shop.pass_time(1000)
    assert waits == [10, 20, 40]


def test_a_retry_with_other_arguments_and_at_a_moment(shop: Shop) -> None:
    seen: list[tuple[Any, ...]] = []

    @backline.durable
    @shop.app.task(name="shop.page", bind=True)
    def page(self: Any, number: int, size: int = 10) -> str:
        seen.append((number, size, self.request.args, self.request.retries))
        if number == 1:
            raise self.retry(args=(2,), kwargs={"size": 20}, eta=datetime.now(UTC) + timedelta(hours=1))
        if self.request.retries == 1:
            raise self.retry(countdown=1, queue="elsewhere")
        return "done"

    handle = page.delay(1)
    shop.carry()
    row = shop.row(handle)
    assert 3500 < (row.due_at - row.started_at) / 1e6 < 3700
    again(shop, 4000)
    again(shop)
    assert seen == [(1, 10, [1], 0), (2, 20, [2], 1), (2, 20, [2], 2)]
    assert handle.get(timeout=5) == "done" and shop.row(handle).job == '{"args":[1],"kwargs":{}}'


def test_retries_that_are_counted_by_the_task_alone(shop: Shop) -> None:
    """A poll that waits a hundred times has not failed once, and a passing fault is not one of its retries."""
    seen: list[int] = []

    @backline.durable
    @shop.app.task(name="shop.wait", bind=True, max_retries=None, default_retry_delay=1)
    def wait(self: Any) -> None:
        seen.append(self.request.retries)
        if len(seen) == 11:
            raise ConnectionError("passing")
        raise self.retry()

    handle = wait.delay()
    shop.carry()
    for _ in range(12):
        again(shop)
    assert seen == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 11] and shop.row(handle).state == "scheduled"


def test_retries_are_fresh_where_a_person_puts_it_back(shop: Shop) -> None:
    seen: list[int] = []

    @backline.durable
    @shop.app.task(name="shop.spent", bind=True, max_retries=1)
    def spent(self: Any) -> None:
        seen.append(self.request.retries)
        try:
            self.retry(countdown=1)
        except MaxRetriesExceededError:
            seen.append(-1)
            raise

    handle = spent.delay()
    shop.carry()
    again(shop)
    assert shop.row(handle).state == "dead"
    with shop.database.write() as connection:
        retry_run(connection, shop.database.now_sql, handle.id)
    shop.carry()
    assert seen == [0, 1, -1, 0] and shop.row(handle).state == "scheduled"


def test_retry_that_does_not_raise_and_a_retry_by_hand(shop: Shop) -> None:
    @backline.durable
    @shop.app.task(name="shop.soft", bind=True)
    def soft(self: Any) -> str:
        if self.request.retries:
            return "second"
        assert isinstance(self.retry(throw=False, countdown=1), Retry)
        return "first"

    @backline.durable
    @shop.app.task(name="shop.hand")
    def hand() -> None:
        raise Retry("by hand", when=5)

    one, two = soft.delay(), hand.delay()
    shop.carry()
    assert [shop.row(run).state for run in (one, two)] == ["scheduled", "scheduled"]
    again(shop)
    assert one.get(timeout=5) == "second"


def test_ignore_and_reject(shop: Shop) -> None:
    def end(how: str) -> None:
        if how == "ignore":
            raise Ignore("done elsewhere")
        raise Reject("busy", requeue=how == "again")

    task = backline.durable(shop.app.task(name="shop.end")(end))
    runs = [task.delay(how) for how in ("ignore", "no", "again")]
    shop.carry()
    rows = [shop.row(run) for run in runs]
    assert [(row.state, row.error_kind) for row in rows] == [
        ("succeeded", None), ("dead", "rejected"), ("scheduled", "requeued"),
    ]  # fmt: skip
    assert runs[0].get(timeout=5) is None


def test_errors_of_ours_are_judged_as_in_any_task(shop: Shop) -> None:
    def end(human: bool) -> None:
        raise NeedsHuman("look") if human else TryLater(600)

    task = backline.durable(shop.app.task(name="shop.ours")(end))
    one, two = task.delay(True), task.delay(False)
    shop.carry()
    assert (shop.row(one).state, shop.row(two).state) == ("needs_attention", "scheduled")
    assert shop.row(two).attempt == 0


def test_what_is_not_json_says_so(shop: Shop) -> None:
    def odd() -> object:
        return object()

    task = backline.durable(shop.app.task(name="shop.odd")(odd))

    def dated() -> list[datetime]:
        return [datetime(2026, 1, 1, tzinfo=UTC)]

    quiet = backline.durable(shop.app.task(name="shop.quiet", ignore_result=True)(odd))
    when = backline.durable(shop.app.task(name="shop.when")(dated))
    one, two, three = task.delay(), quiet.delay(), when.delay()
    shop.carry()
    row = shop.row(one)
    assert row.state == "blocked" and "shop.odd returned object, which is not JSON" in row.error_text
    assert two.get(timeout=5) is None and three.get(timeout=5) == ["2026-01-01T00:00:00Z"]


def test_the_soft_limit_is_celery_s_and_may_be_handled(shop: Shop) -> None:
    def linger(handle: bool) -> str:
        try:
            pause(30)
        except SoftTimeLimitExceeded:
            if not handle:
                raise
        return "cleaned up"

    task = backline.durable(shop.app.task(name="shop.linger", soft_time_limit=0.2, time_limit=60)(linger))
    one, two = task.delay(True), task.delay(False)
    shop.carry()
    assert one.get(timeout=5) == "cleaned up"
    assert (shop.row(two).state, shop.row(two).error_kind) == ("scheduled", "time_limit")


def test_a_hook_that_fails_changes_nothing(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(celery.Task):  # type: ignore[misc]
        def on_success(self, *_: Any) -> None:
            raise RuntimeError("hook")

    def one() -> int:
        return 1

    task = backline.durable(shop.app.task(name="shop.hook", base=Broken)(one))
    with caplog.at_level(logging.ERROR):
        handle = task.delay()
        shop.carry()
    assert handle.get(timeout=5) == 1 and "on_success failed" in caplog.text


def test_the_request_is_the_message_s_and_nothing_is_left_behind(shop: Shop) -> None:
    seen: list[Any] = []

    @backline.durable
    @shop.app.task(name="shop.look", bind=True)
    def look(self: Any, x: int) -> None:
        request = self.request
        seen.append((request.id, request.args, request.called_directly, request.is_eager, request.root_id))
        seen.append(celery.current_task.name)
        seen.append(look(self.request.retries + 5) if x == 1 else None)

    shop.receive(look, 1, id="m9")
    shop.carry()
    assert seen[0] == ("m9", [1], False, False, "m9") and seen[1] == "shop.look"
    assert seen[2][0] == "m9"  # Celery lets a plain call from inside inherit the request
    assert look.request_stack.top is None and len(shop.rows()) == 1


def test_not_to_be_repeated_is_at_most_once(shop: Shop) -> None:
    calls: list[int] = []

    def pay(fail: bool) -> str:
        calls.append(1)
        if fail:
            raise ConnectionError("nobody knows")
        return "paid"

    task = backline.durable(idempotent=False)(shop.app.task(name="shop.pay")(pay))
    one, two = task.delay(False), task.delay(True)
    shop.carry()
    again(shop)
    assert one.get(timeout=5) == "paid" and len(calls) == 2
    row = shop.row(two)
    assert row.state == "needs_attention" and "backline runs outcome" in row.error_text


def test_once_in_the_same_database(shop: Shop) -> None:
    """As the guide says: what is written by an effect is written with the answer, or not at all."""
    with Database(shop.database.url.render_as_string(hide_password=False)).write() as connection:
        connection.execute(text("CREATE TABLE shop_order (id INTEGER PRIMARY KEY, paid INTEGER NOT NULL)"))
        connection.execute(text("INSERT INTO shop_order VALUES (7, 0)"))
        if not shop.database.is_sqlite:
            connection.execute(text("GRANT ALL ON shop_order TO PUBLIC"))

    @backline.durable
    @shop.app.task(name="shop.settle")
    def settle(order: int) -> str:
        run = backline.current_run()
        run.add_effect(
            lambda connection: connection.execute(
                text("UPDATE shop_order SET paid = paid + 1 WHERE id = :id"), {"id": order}
            )
        )
        if run.attempt == 1:
            raise ConnectionError("after the effect was asked for")
        return run.key

    handle = settle.delay(7)
    shop.carry()
    again(shop)
    assert handle.get(timeout=5) == f"backline:{handle.id}"
    with shop.database.read() as connection:
        assert connection.execute(text("SELECT paid FROM shop_order")).scalar_one() == 1
