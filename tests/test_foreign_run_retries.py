"""A durable task that asks for another attempt gets a due row; its retries are counted by itself alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from celery.exceptions import MaxRetriesExceededError, Retry

import backline
from backline.storage.database import Database
from backline.storage.runs import retry_run
from tests.shops import Shop, open_shops
from tests.test_foreign_run import Hooks, again


@pytest.fixture
def shop(tmp_path: Path, database: Database) -> Iterator[Shop]:
    """A team's application with Backline attached."""
    with open_shops(tmp_path, database) as make:
        yield make()


def test_retry_puts_a_due_row(shop: Shop) -> None:
    heard = Hooks.heard = []
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
    assert ("on_retry", "'not yet'") in heard and ("after_return", "RETRY") in heard
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
