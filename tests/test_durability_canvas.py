"""A durable task among others: what it says of itself while it works, what it leads to, and its canvases."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from celery import chain, chord, group
from sqlalchemy import text

import backline
from backline.errors import BadInput
from backline.storage.database import Database
from backline.storage.runs import retry_run
from tests.shops import OpenShop, Shop, open_shops


@pytest.fixture
def open_shop(tmp_path: Path, database: Database) -> Iterator[OpenShop]:
    """A team's application with Backline attached."""
    with open_shops(tmp_path, database) as make:
        yield make


@pytest.fixture
def shop(open_shop: OpenShop) -> Shop:
    """One with Celery's own settings."""
    return open_shop()


def add(x: Any, y: Any = 1) -> Any:
    return x + y


@pytest.mark.parametrize("backend", [None, "backline.results:RowBackend", "cache+memory://"])
def test_what_a_run_says_of_itself_is_seen_while_it_works(open_shop: OpenShop, backend: str | None) -> None:
    shop = open_shop(result_backend=backend)
    seen: list[Any] = []

    @backline.durable
    @shop.app.task(name="shop.long", bind=True)
    def long(self: Any) -> str:
        result = long.AsyncResult(self.request.id)
        seen.append((result.state, result.info))
        if not self.request.retries:
            self.update_state(state="PROGRESS", meta={"done": Decimal(3)})
            seen.append((result.state, result.info))
            if backend is not None:
                seen.append(shop.app.AsyncResult(self.request.id).state)
            self.update_state(state="SUCCESS", meta="not yet")
            raise self.retry(countdown=1)
        return "done"

    handle = long.delay()
    shop.carry()
    assert handle.state == "SCHEDULED"
    shop.pass_time(10)
    shop.carry()
    told = [] if backend is None else ["PROGRESS"]
    assert seen[:-1] == [("STARTED", None), ("PROGRESS", {"done": Decimal(3)}), *told]
    assert seen[-1][0] == "STARTED"  # what the attempt before said is over
    assert (handle.state, handle.get(timeout=5)) == ("SUCCESS", "done")


@pytest.mark.parametrize("backend", [None, "backline.results:RowBackend"])
def test_a_plain_call_says_nothing_of_itself(open_shop: OpenShop, backend: str | None) -> None:
    shop = open_shop(result_backend=backend)

    def say(self: Any) -> str:
        self.update_state(state="PROGRESS", meta={"done": 1})
        return "done"

    assert backline.durable(shop.app.task(name="shop.say", bind=True)(say))() == "done"
    assert shop.app.task(name="shop.plain", bind=True)(say)() == "done"


@pytest.mark.parametrize("method", ["replace", "add_to_chord"])
def test_a_run_cannot_be_replaced(shop: Shop, method: str) -> None:
    plain = shop.app.task(name="shop.plain")(add)

    @backline.durable
    @shop.app.task(name="shop.swap", bind=True)
    def swap(self: Any) -> Any:
        return getattr(self, method)(plain.s(1))

    handle = swap.delay()
    shop.carry()
    row = shop.row(handle)
    assert (row.state, row.error_kind) == ("blocked", "contract")
    assert f"self.{method}() is not supported in a durable task" in row.error_text


def test_what_is_asked_for_within_a_run_is_its_child(shop: Shop) -> None:
    task = backline.durable(shop.app.task(name="shop.add")(add))

    @backline.durable
    @shop.app.task(name="shop.outer")
    def outer() -> list[str]:
        return [task.delay(1).id, backline.submit({"args": [2]}, task=task).id]

    handle = outer.apply_async(link=task.si(3))
    for queue in ("durable", "canvas.shop", "durable"):
        shop.carry(queue)
    first = shop.row(handle)
    children = [row for row in shop.rows() if row.task == "shop.add"]
    assert [child.state for child in children] == ["succeeded"] * 3
    assert {(child.parent_id, child.trace_id) for child in children} == {(first.id, first.trace_id)}
    assert shop.row(task.delay(1)).parent_id is None


def test_the_root_of_what_stands_in_no_canvas_is_itself(shop: Shop) -> None:
    seen: list[Any] = []

    @backline.durable
    @shop.app.task(name="shop.inner", bind=True)
    def inner(self: Any) -> None:
        seen.append((self.request.id, self.request.root_id, self.request.parent_id))

    @backline.durable
    @shop.app.task(name="shop.outer", bind=True)
    def outer(self: Any) -> str:
        return str(inner.delay().id)

    handle = outer.delay()
    shop.carry()
    shop.carry()
    child = handle.get(timeout=5)
    assert seen == [(child, child, handle.id)]


def start(canvas: Any, shop: Shop, **options: Any) -> Any:
    """The result of a canvas, when all that it asks for has been carried."""
    result = canvas.apply_async(**options)
    while shop.carry() + shop.carry("canvas.shop"):
        pass
    return result


@pytest.mark.parametrize("backend", [None, "backline.results:RowBackend", "cache+memory://"])
def test_chains_and_links_of_durable_tasks(open_shop: OpenShop, backend: str | None) -> None:
    shop = open_shop(result_backend=backend)
    heard: list[Any] = []
    task = backline.durable(shop.app.task(name="shop.add", max_retries=0)(add))

    @backline.durable
    @shop.app.task(name="shop.hear")
    def hear(*said: Any) -> None:
        heard.append(said)

    result = start(chain(task.s(Decimal("0.5")), task.s(2), task.s(3)), shop)
    assert result.get(timeout=5) == Decimal("6.5") and result.parent.get(timeout=5) == Decimal("3.5")
    start(task.s(1), shop, link=[hear.s("one"), hear.si("two")])
    assert sorted(heard, key=str) == [("two",), (2, "one")]
    heard.clear()
    failed = start(chain(task.s("a"), task.s(1)), shop, link_error=hear.si("failed"))
    assert failed.parent.state == "FAILURE" and heard == [("failed",)]
    assert shop.desk.rows.find(failed.id) is None
    assert failed.state == ("PENDING" if backend is None else "FAILURE")


def test_a_chord_that_nobody_would_count_is_refused_wherever_it_follows(shop: Shop) -> None:
    task = backline.durable(shop.app.task(name="shop.add")(add))
    counted = chord([task.s(1), task.s(2)], task.s())
    follows = chain(task.s(1), group(task.s(1), task.s(2)), task.s())
    for ask in (
        lambda: task.apply_async((1,), link=counted),
        lambda: task.apply_async((1,), link_error=task.si(1).set(link=counted)),
        lambda: task.apply_async((1,), link=[task.s(), follows]),
        lambda: task.apply_async((1,), chain=[counted]),
    ):
        with pytest.raises(BadInput, match=r"A chord needs a result backend.*backline\.results:RowBackend"):
            ask()
    assert shop.rows() == []
    task.__trace__("m1", (1,), {}, {"id": "m1", "delivery_info": {}, "callbacks": [dict(counted)]})
    (row,) = shop.rows()
    assert (row.state, row.error_kind) == ("failed", "bad_input") and "A chord needs" in row.error_text


@pytest.mark.parametrize(
    ("option", "words"),
    [({"time_limit": 3}, "time_limit"), ({"queue": "nope"}, "No worker is known to listen")],
)
def test_what_follows_is_refused_with_the_run_that_leads_to_it(
    shop: Shop, option: dict[str, Any], words: str
) -> None:
    task = backline.durable(shop.app.task(name="shop.add")(add))
    odd = task.s(1).set(**option)
    for ask in (
        lambda: (task.s(1) | odd).delay(),
        lambda: (task.s(1) | task.s(1) | group(task.s(1), odd)).delay(),
        lambda: task.apply_async((1,), link=odd),
        lambda: task.apply_async((1,), link_error=task.si(1).set(link=odd)),
    ):
        with pytest.raises(BadInput, match=words):
            ask()
    assert shop.rows() == []


def test_a_chord_of_durable_tasks(open_shop: OpenShop) -> None:
    shop = open_shop(result_backend="backline.results:RowBackend")
    task = backline.durable(shop.app.task(name="shop.add", max_retries=0)(add))

    @backline.durable
    @shop.app.task(name="shop.total")
    def total(parts: list[int]) -> int:
        return sum(parts)

    result = start(chord([task.s(each) for each in (1, 2, 3)], total.s()), shop)
    assert result.get(timeout=5) == 9 and [row.task for row in shop.rows()].count("shop.total") == 1
    waiting = start(chord([task.s(1), task.s(2).set(countdown=79_200)], total.s()), shop)
    assert waiting.state == "PENDING"
    shop.pass_time(80_000)
    while shop.carry() + shop.carry("canvas.shop"):
        pass
    assert waiting.get(timeout=5) == 5
    failed = start(chord([task.s(1), task.s("a")], total.s()), shop)
    assert failed.state == "FAILURE" and [row.task for row in shop.rows()].count("shop.total") == 2
    part = next(row for row in shop.rows() if row.state == "dead")
    with (
        shop.database.write() as connection
    ):  # a person has the part tried again: its chord has failed already
        sql = "UPDATE backline_run SET job = :job WHERE id = :id"
        connection.execute(text(sql), {"job": '{"args":[2],"kwargs":{}}', "id": part.id})
        retry_run(connection, shop.database.now_sql, part.id)
    while shop.carry() + shop.carry("canvas.shop"):
        pass
    assert shop.row(part.id).state == "succeeded" and failed.state == "FAILURE"
    assert [row.task for row in shop.rows()].count("shop.total") == 2
