"""A team's own Celery task, made durable: asked for by call or message it is a row; called it is a plain call."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import celery
import pytest
from celery import Celery, shared_task
from celery.local import PromiseProxy

import backline
from backline.desk import MOST_TRIES
from backline.durability import DurableTask, load_modules
from backline.errors import BadInput, TryLater
from backline.runtime import foreign
from backline.runtime.handle import RunFailed
from backline.runtime.task import BadTask, Limits
from backline.storage.database import Database
from tests.shops import OpenShop, Shop, apart, open_shops


@pytest.fixture
def open_shop(tmp_path: Path, database: Database) -> Iterator[OpenShop]:
    """A team's application with Backline attached."""
    with open_shops(tmp_path, database) as make:
        yield make


@pytest.fixture
def shop(open_shop: OpenShop) -> Shop:
    """One with Celery's own settings."""
    return open_shop()


def add(x: int, y: int = 1) -> int:
    """Adds two numbers."""
    return x + y


def test_asked_for_it_is_a_row_and_called_a_plain_call(shop: Shop) -> None:
    task = backline.durable(shop.app.task(name="shop.orders.add")(add))
    assert task(2, y=3) == 5 and task.run(2) == 3 and shop.rows() == []
    handle = task.delay(2, y=3)
    row = shop.row(handle)
    assert (row.task, row.queue, row.job, row.state) == (
        "shop.orders.add", "durable", '{"args":[2],"kwargs":{"y":3}}', "queued",
    )  # fmt: skip
    assert shop.desk.bells.count_waiting("durable") == 1
    assert shop.carry() == 1
    assert handle.get(timeout=5) == 5 and shop.outcomes(handle) == ["succeeded"]
    assert shop.row(handle).fence == 2  # claimed, then finished: two commits
    (audit,) = shop.audits(handle)
    assert audit.action == "run.succeeded" and '"shop.orders.add"' in audit.body
    assert task.apply_async((1,), {"y": 1}, countdown=60, priority=2, serializer="json", retry=True).id
    assert [(row.state, row.priority) for row in shop.rows()] == [("succeeded", 5), ("scheduled", 2)]


@pytest.mark.filterwarnings("ignore:The 'queue' task attribute")
def test_it_stays_what_it_was_for_whoever_holds_it(shop: Shop) -> None:
    task = shop.app.task(name="shop.add", queue="mail", soft_time_limit=3, time_limit=7)(add)
    held = shop.app.tasks["shop.add"]
    assert backline.durable(task) is task and backline.durable(task) is task
    assert held is shop.app.tasks["shop.add"] and isinstance(held, DurableTask)
    assert (held.name, held.__doc__, type(held).__name__) == ("shop.add", "Adds two numbers.", "add")
    spec = shop.desk.tasks["shop.add"]
    assert (spec.queue, spec.soft, spec.limits.hard) == ("mail", 3, 7)
    assert "backline.mail" in shop.app.amqp.queues
    assert task.s(1).task == "shop.add"


def test_a_task_of_an_application_that_is_not_ready_yet() -> None:
    with apart():
        app = Celery("early", set_as_current=False)
        task = app.task(name="early.add")(add)
        assert type(task) is PromiseProxy
        assert backline.durable(task) is task
        assert isinstance(task, DurableTask) and isinstance(app.tasks["early.add"], DurableTask)


def test_a_wrong_call_is_told_at_once(shop: Shop) -> None:
    task = backline.durable(shop.app.task(name="shop.add")(add))
    with pytest.raises(TypeError):
        task.delay()
    with pytest.raises(BadInput, match="by its id"):
        task.delay(object())
    loose = backline.durable(shop.app.task(name="shop.loose", typing=False)(add))
    assert loose.delay(1, 2, 3).id


def test_what_cannot_be_kept_raises_with_the_remedy(shop: Shop) -> None:
    task = backline.durable(shop.app.task(name="shop.add")(add))
    with pytest.raises(BadInput, match=r"time_limit is not supported.* of @app\.task"):
        task.apply_async((1,), time_limit=5)


def test_a_message_of_a_program_that_knows_nothing_becomes_a_row(shop: Shop) -> None:
    task = backline.durable(shop.app.task(name="shop.add")(add))
    shop.receive(task, 2, y=5)
    shop.receive(task, 2, y=5)
    (row,) = shop.rows()
    assert (row.task, row.idempotency_key, row.asked_by) == (
        "shop.add",
        "celery:m1",
        "message:gen7@elsewhere",
    )
    shop.carry()
    assert shop.row(row.id).state == "succeeded"
    shop.receive(task, id="m2")
    assert [(row.state, row.error_kind) for row in shop.rows()][1] == ("failed", "bad_input")


def test_a_worker_gives_a_message_to_a_child_at_once(shop: Shop) -> None:
    task = backline.durable(shop.app.task(name="shop.add", acks_late=False)(add))
    assert task.intake.acks_late is True and task.intake.Request == "backline.receipt:JobRequest"
    tracer = task.__trace__
    shop.app.tasks["shop.add"].__trace__ = None  # as Celery does where a child begins
    assert task.__trace__ is tracer


def test_a_task_class_of_the_team_keeps_its_ways(shop: Shop) -> None:
    class Audited(celery.Task):  # type: ignore[misc]  # celery ships no types
        heard: list[Any] = []  # noqa: RUF012 - shared on purpose

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            self.heard.append("call")
            return super().__call__(*args, **kwargs)

        def on_success(self, retval: Any, task_id: str, args: Any, kwargs: Any) -> None:
            self.heard.append((retval, args, kwargs))

    @backline.durable(queue="audited", retries=0)
    @shop.app.task(name="shop.audited", base=Audited, bind=True)
    def audited(self: Any, x: int) -> list[Any]:
        return [x, self.request.called_directly, self.request.id]

    handle = audited.delay(3)
    shop.carry("audited")
    assert handle.get(timeout=5) == [3, False, handle.id]
    assert Audited.heard == ["call", ([3, False, handle.id], [3], {})]


def test_a_class_that_is_registered(shop: Shop) -> None:
    class Send(celery.Task):  # type: ignore[misc]  # celery ships no types
        name = "shop.Send"

        def run(self, to: str) -> str:
            return f"{to} {self.request.retries}"

    task = backline.durable(shop.app.register_task(Send()))
    handle = task.delay("ann")
    shop.carry()
    assert handle.get(timeout=5) == "ann 0"
    with pytest.raises(BadTask, match=r"Put @backline\.durable above"):
        backline.durable(Send)


def test_shared_tasks_of_every_application(open_shop: OpenShop) -> None:
    first, second = open_shop(), open_shop()
    first.app.set_current()
    task = shared_task(name="shop.shared")(add)
    backline.durable(task)
    assert isinstance(first.app.tasks["shop.shared"], DurableTask)
    assert isinstance(second.app.tasks["shop.shared"], DurableTask)  # was ready before
    third = Celery("later", set_as_current=False)
    assert isinstance(third.tasks["shop.shared"], DurableTask)
    assert second.app.tasks["shop.shared"].find_desk() is second.desk
    handle = task.delay(1)
    first.carry()
    assert handle.get(timeout=5) == 2


def make_module(name: str, app: Celery) -> ModuleType:
    """A module of tasks as it might be dropped in."""
    module = ModuleType(name)
    exec("def one(): return 1\ndef two(x): return x\nclass Plain: pass\nNUMBER = 5\n", vars(module))
    for part in ("one", "two"):
        getattr(module, part).__module__ = name
        setattr(module, part, app.task(getattr(module, part)))
    sys.modules[name] = module
    return module


def test_every_task_of_a_module(shop: Shop) -> None:
    module = make_module("shop_dropped_in", shop.app)
    module.add = shop.app.task(name="elsewhere.add")(add)  # type: ignore[attr-defined]  # a module made here
    assert backline.durable(module) is module
    assert {"shop_dropped_in.one", "shop_dropped_in.two"} <= shop.desk.tasks.keys()
    assert "elsewhere.add" not in shop.desk.tasks
    other = make_module("shop_by_name", shop.app)
    assert "shop_by_name.two" in load_modules(["shop_by_name"])
    handle = other.two.delay("x")
    shop.carry()
    assert handle.get(timeout=5) == "x"
    with pytest.raises(BadTask, match="defines no Celery task"):
        backline.durable("tests.shops")
    with pytest.raises(BadInput, match="PYTHONPATH"):
        load_modules(["no_such_shop.tasks"])


def test_terms(shop: Shop) -> None:
    limits = Limits(soft=2, hard=4, deadline=100, expires=50)
    backline.durable(shop.app.task(name="shop.a", max_retries=0)(add), limits=limits)
    backline.durable(shop.app.task(name="shop.b")(add), short=True, private=True, retries=5)
    one, two = shop.desk.tasks["shop.a"], shop.desk.tasks["shop.b"]
    assert isinstance(one, foreign.ForeignTask) and isinstance(two, foreign.ForeignTask)
    assert (one.soft, one.limits, one.bugs) == (2, Limits(4, 4, 100, 50), 0)
    assert (two.short, two.job, two.bugs) == (True, foreign.PrivateCall, 5)
    with pytest.raises(BadTask, match="at most once"):
        backline.durable(shop.app.task(name="shop.c")(add), short=True, idempotent=False)
    handle = shop.app.tasks["shop.b"].delay(1)
    shop.carry()
    assert shop.row(handle).fence == 1  # one commit
    assert "[struck out]" in shop.audits(handle)[0].body


def test_the_queue_is_the_route_s_where_there_is_one(open_shop: OpenShop) -> None:
    shop = open_shop(task_routes={"shop.mail.*": {"queue": "mail"}})
    backline.durable(shop.app.task(name="shop.mail.send")(add))
    backline.durable(shop.app.task(name="shop.add")(add))
    assert (
        shop.desk.tasks["shop.mail.send"].queue == "mail" and shop.desk.tasks["shop.add"].queue == "durable"
    )
    handle = shop.app.tasks["shop.mail.send"].delay(1)
    shop.carry("mail")
    assert handle.get(timeout=5) == 2


def test_eager_is_a_row_carried_in_this_process(open_shop: OpenShop) -> None:
    shop = open_shop(task_always_eager=True)
    task = backline.durable(shop.app.task(name="shop.add", max_retries=0)(add))
    one, two = task.apply_async((1,), countdown=60, serializer="json"), task.apply((4,))
    assert (one.get(), two.get(), one.successful()) == (2, 5, True)
    assert [row.state for row in shop.rows()] == ["succeeded"] * 2
    assert [audit.action for audit in shop.audits(one)] == ["run.succeeded"]
    followed = task.apply_async((1,), link=task.s(y=10))
    assert followed.get() == 2 and shop.rows()[-1].answer.endswith('"returned":12}')
    with pytest.raises(TypeError):
        task.delay()
    failed = task.apply_async(("a",))
    assert (failed.state, shop.row(failed).state) == ("FAILURE", "dead")
    shop.app.conf.task_eager_propagates = True
    with pytest.raises(RunFailed, match="TypeError"):
        task.delay("a")


def test_eager_tries_again_in_place(open_shop: OpenShop) -> None:
    shop = open_shop(task_always_eager=True)
    heard: list[Any] = []
    kinds = {"away": OSError, "bug": KeyError, "patience": partial(TryLater, 60)}

    @backline.durable
    @shop.app.task(name="shop.flaky", bind=True, autoretry_for=(OSError,), max_retries=3)
    def flaky(self: Any, kind: str, failures: int) -> int:
        heard.append(self.request.retries)
        if len(heard) <= failures:
            raise kinds[kind](kind)
        return len(heard)

    follow = backline.durable(shop.app.task(name="shop.add")(add))
    handle = flaky.apply_async(("away", 2), link=follow.s(10))
    assert handle.get() == 3 and heard == [0, 1, 2]
    assert shop.outcomes(handle) == ["retry", "retry", "succeeded"]
    assert [row.state for row in shop.rows() if row.task == "shop.add"] == ["succeeded"]  # it heard once
    assert {row.state for row in shop.rows()} == {"succeeded"}
    for kind, failures, state, tries in (
        ("away", 9, "dead", 4),
        ("bug", 2, "succeeded", 3),
        ("patience", 9, "scheduled", 1),
    ):
        heard.clear()
        assert (shop.row(flaky.delay(kind, failures)).state, len(heard)) == (state, tries)


def test_eager_leaves_what_never_ends(open_shop: OpenShop) -> None:
    shop = open_shop(task_always_eager=True)
    heard: list[Any] = []

    @backline.durable
    @shop.app.task(name="shop.poll", bind=True, max_retries=None)
    def poll(self: Any) -> None:
        heard.append(1)
        raise self.retry(countdown=60)

    assert poll.delay().state == "SCHEDULED" and len(heard) == MOST_TRIES


def test_what_a_base_class_overrides_is_heard(shop: Shop) -> None:
    heard: list[Any] = []

    class Tagged(celery.Task):  # type: ignore[misc]  # celery ships no types
        def apply_async(self, args: Any = None, kwargs: Any = None, **options: Any) -> Any:
            heard.append("apply_async")
            return super().apply_async(args, {**(kwargs or {}), "y": 5}, **options)

        def retry(self, *args: Any, **options: Any) -> Any:
            heard.append("retry")
            return super().retry(*args, **(options | {"countdown": 3600}))

    @backline.durable
    @shop.app.task(name="shop.tagged", base=Tagged, bind=True)
    def tagged(self: Any, x: int, y: int = 1) -> int:
        if not self.request.retries:
            self.retry(countdown=1)
        return x + y

    handle = tagged.delay(2)
    shop.carry()
    assert heard == ["apply_async", "retry"] and shop.row(handle).state == "scheduled"
    shop.pass_time(1800)
    assert shop.carry() == 0
    shop.pass_time(1900)
    shop.carry()
    assert handle.get(timeout=5) == 7


def test_a_result_is_found_by_its_id_without_a_result_backend(shop: Shop) -> None:
    task = backline.durable(shop.app.task(name="shop.add")(add))
    handle = task.delay(1)
    found = task.AsyncResult(handle.id)
    assert found.state == "PENDING" and not found.ready()
    shop.carry()
    assert found.get(timeout=5) == 2 and found.successful()


def test_without_attach_it_is_our_own_application_s() -> None:
    with apart():
        app = Celery("apart", broker="memory://", set_as_current=False)
        task = backline.durable(app.task(name="apart.add")(add))
        desk = task.find_desk()
    assert desk.tasks["apart.add"].name == "apart.add" and desk.app is not app
    del desk.tasks["apart.add"]


def test_results_that_nobody_wants_are_not_told(open_shop: OpenShop) -> None:
    shop = open_shop(result_backend="cache+memory://")
    quiet = backline.durable(shop.app.task(name="shop.quiet", ignore_result=True)(add))
    told = backline.durable(shop.app.task(name="shop.told")(add))
    assert [shop.row(task.delay(1)).canvas is None for task in (quiet, told)] == [True, False]


@pytest.mark.filterwarnings("ignore:The .priority. task attribute")
def test_submit_reads_a_signature_as_apply_async_does(shop: Shop) -> None:
    task = backline.durable(shop.app.task(name="shop.add", priority=3)(add))
    signature = task.s(1).set(countdown=60, routing_key="r", link=task.si(5))
    backline.submit(signature, task=task)
    signature.apply_async()
    first, second = [(row.state, row.priority, row.canvas is not None) for row in shop.rows()]
    assert first == second == ("scheduled", 3, True)
