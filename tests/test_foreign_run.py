"""An attempt at a durable task is what Celery would make of it; its end is a verdict in the run's row."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import celery
import pytest
from celery import signals
from celery._state import _set_task_join_will_block
from celery.exceptions import Ignore, Reject, SoftTimeLimitExceeded
from sqlalchemy import text

import backline
from backline.errors import BadInput, NeedsHuman, TryLater
from backline.runtime.pause import pause
from backline.storage.database import Database
from tests.shops import Shop, open_shops


@pytest.fixture
def shop(tmp_path: Path, database: Database) -> Iterator[Shop]:
    """A team's application with Backline attached."""
    with open_shops(tmp_path, database) as make:
        yield make()


class Hooks(celery.Task):  # type: ignore[misc]  # celery ships no types
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
    assert two.get(timeout=5) is None and three.get(timeout=5) == [datetime(2026, 1, 1, tzinfo=UTC)]


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
    class Broken(celery.Task):  # type: ignore[misc]  # celery ships no types
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


def test_the_code_of_the_guide(shop: Shop) -> None:
    guide = Path(__file__).parents[1] / "docs/en/adoption.md"
    (block,) = [part for part in guide.read_text().split("```python\n") if "shop.settle" in part]
    make_orders(shop)
    failed: list[str] = []

    def text_but_once(sql: str) -> Any:
        if not failed:
            failed.append(sql)
            raise ConnectionError("the first attempt")
        return text(sql)

    names: dict[str, Any] = {"backline": backline, "app": shop.app, "text": text_but_once}
    exec(block.partition("```")[0], names)
    handle = names["settle"].delay(7)
    shop.carry()
    again(shop)
    assert handle.get(timeout=5) == f"backline:{handle.id}" and failed
    with shop.database.read() as connection:
        assert connection.execute(text("SELECT paid FROM shop_order")).scalar_one() == 1


def make_orders(shop: Shop) -> None:
    """The team's own table in the same database."""
    owner = Database(shop.database.url.render_as_string(hide_password=False))
    with owner.write() as connection:
        connection.execute(text("CREATE TABLE shop_order (id INTEGER PRIMARY KEY, paid INTEGER NOT NULL)"))
        connection.execute(text("INSERT INTO shop_order VALUES (7, 0)"))
        if not shop.database.is_sqlite:
            connection.execute(text("GRANT ALL ON shop_order TO PUBLIC"))
    owner.close()


def test_once_in_the_same_database(shop: Shop) -> None:
    """As the guide says: what is written by an effect is written with the answer, or not at all."""
    make_orders(shop)

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


def give_back(x: Any) -> Any:
    return x


def make_number(text: str) -> dict[str, float]:
    return {"ratio": float(text)}


def test_types_are_kept_both_ways(shop: Shop) -> None:
    seen: list[Any] = []

    @backline.durable
    @shop.app.task(name="shop.typed", bind=True)
    def typed(self: Any, *args: Any, price: Any) -> Any:
        seen.append((args, price))
        if not self.request.retries:
            raise self.retry(kwargs={"price": price + 1}, countdown=1)
        return {"args": list(args), "price": price}

    moment, key = datetime(2026, 1, 2, 3, tzinfo=UTC), UUID(int=5)
    asked = typed.delay(moment, key, price=Decimal("1.10"))
    shop.receive(typed, moment, key, price=Decimal("1.10"))
    submitted = backline.submit(typed.s(moment, key, price=Decimal("1.10")), task=typed)
    mapped = backline.submit({"args": [moment, key], "kwargs": {"price": Decimal("1.10")}}, task=typed)
    shop.carry()
    again(shop)
    assert seen[0] == ((moment, key), Decimal("1.10")) and seen[-1] == ((moment, key), Decimal("2.10"))
    for handle in (asked, submitted, mapped, shop.app.tasks["shop.typed"].AsyncResult("m1")):
        assert handle.get(timeout=5) == {"args": [moment, key], "price": Decimal("2.10")}


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), {1, 2}, object()])
def test_what_is_not_json_is_refused_at_submit(shop: Shop, odd: Any) -> None:
    task = backline.durable(shop.app.task(name="shop.odd")(give_back))
    for ask in (lambda: task.delay(odd), lambda: backline.submit({"args": [odd]}, task=task)):
        with pytest.raises(BadInput, match="infinity and NaN as a text"):
            ask()
    assert shop.rows() == []


@pytest.mark.parametrize("value", [1, None])
@pytest.mark.parametrize("kind", ["x", "decimal", "uuid", "datetime"])
def test_a_tag_that_cannot_be_read_is_refused_however_the_job_comes(
    shop: Shop, kind: str, value: Any
) -> None:
    task = backline.durable(shop.app.task(name="shop.back")(give_back))
    job = {"args": [{"__type__": kind, "__value__": value}], "kwargs": {}}
    if (kind, value) == ("decimal", 1):
        assert task.spec.read_json(json.dumps(job)).model_dump() == job
        return
    with pytest.raises(BadInput, match="cannot be read"):
        task.spec.read_json(json.dumps(job))


def test_infinity_is_no_answer(shop: Shop) -> None:
    task = backline.durable(shop.app.task(name="shop.inf")(make_number))
    once = backline.durable(idempotent=False)(shop.app.task(name="shop.once")(make_number))
    one, two = task.delay("inf"), once.delay("nan")
    shop.carry()
    assert [shop.row(run).state for run in (one, two)] == ["blocked", "blocked"]
    assert "infinity as a text" in shop.row(one).error_text


def test_not_to_be_repeated_keeps_types(shop: Shop) -> None:
    task = backline.durable(idempotent=False)(shop.app.task(name="shop.sum")(give_back))
    handle = task.delay(Decimal("0.5"))
    shop.carry()
    assert handle.get(timeout=5) == Decimal("0.5")


def test_a_task_that_waits_for_another_is_blocked_at_once(shop: Shop) -> None:
    other = shop.app.task(name="shop.other", typing=False)(again)

    @backline.durable
    @shop.app.task(name="shop.waits")
    def waits() -> Any:
        _set_task_join_will_block(True)  # as in a worker's child
        try:
            return other.delay().get(timeout=1)
        finally:
            _set_task_join_will_block(False)

    handle = waits.delay()
    shop.carry()
    row = shop.row(handle)
    assert (row.state, row.error_kind, row.bugs) == ("blocked", "contract", 0)
    assert "shop.waits waits for the result of another task" in row.error_text
    assert "Chain the two" in row.error_text
