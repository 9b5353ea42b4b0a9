"""The broker may die, forget, and say everything twice; other programs may speak to it."""

from __future__ import annotations

import json
from typing import Any

from amqp.exceptions import ChannelError
from celery import Celery

from backline.bells import name_queue
from tests.journeys.conftest import on
from tests.journeys.plug_in import journey_tasks
from tests.journeys.processes import is_alive, wait_for
from tests.journeys.stacks import Stack, idle


def await_all(stack: Stack, count: int, seconds: float = 60.0) -> None:
    """Wait until so many runs have succeeded, with the crew's deaths mended meanwhile."""

    def look() -> bool:
        stack.crew.look()
        return stack.count("succeeded") >= count

    wait_for(f"{count} runs to succeed", look, seconds)


def count_effects(stack: Stack) -> list[int]:
    """How often each number took effect, in order of the numbers."""
    rows = stack.query("SELECT count(*) AS n FROM journey_effect GROUP BY number ORDER BY number")
    return [row.n for row in rows]


def count_bells(stack: Stack) -> int:
    """Bells that wait; on Redis a queue that is empty does not exist."""
    try:
        return stack.desk.bells.count_waiting("journey")
    except ChannelError:
        return 0


@on()
def test_killed_emptied_and_started_again(stack: Stack) -> None:
    stack.crew.worker()
    for number in range(20):
        stack.submit(journey_tasks.work, number, 100)
    wait_for("the first effects", lambda: stack.count("succeeded") >= 3)
    stack.hurt_broker()
    for number in range(20, 30):  # their bells reach nobody
        stack.submit(journey_tasks.work, number, 50)
    stack.heal_broker()
    await_all(stack, 30)
    assert count_effects(stack) == [1] * 30


@on()
def test_bells_that_ring_too_often(stack: Stack) -> None:
    for number in range(40):
        stack.submit(journey_tasks.mark if number % 2 else journey_tasks.work, number)
    for _ in range(200):
        stack.desk.bells._publish("journey")
    stack.crew.worker("worker-1")
    stack.crew.worker("worker-2")
    await_all(stack, 40)
    wait_for("stale bells to be heard", lambda: count_bells(stack) == 0)
    assert count_effects(stack) == [1] * 40
    assert stack.one("SELECT count(*) AS n FROM backline_attempt").n == 40


def make_producer(stack: Stack) -> Celery:
    """A program that knows nothing of us but the broker, a task's name and its queue."""
    producer = Celery("somebody", set_as_current=False)
    conf = stack.desk.app.conf
    producer.conf.update(
        broker_url=conf.broker_url, broker_transport_options=dict(conf.broker_transport_options)
    )
    return producer


@on()
def test_message_that_carries_a_job_becomes_a_row(stack: Stack) -> None:
    producer = make_producer(stack)
    stack.crew.worker()
    stack.crew.scheduler()
    for number in range(5):
        producer.send_task("journey.work", args=[number, 10], queue=name_queue("journey"))
    await_all(stack, 5)
    assert count_effects(stack) == [1] * 5
    producer.send_task("journey.mark", kwargs={"nubmer": 1}, queue=name_queue("journey"))
    wait_for("the unreadable job to fail", lambda: stack.count("failed") == 1)


def list_malformed() -> dict[str, tuple[dict[str, Any], str]]:
    """Headers and body, by what is wrong with them; each of them used to end every worker that it came to."""
    good = json.dumps([[1], {}, {}])
    deep = "[" * 900 + "]" * 900
    return {
        "id a list": ({"id": [1, 2]}, good),
        "body a number": ({"id": "m-number"}, "5"),
        "nested deeply": ({"id": "m-deep"}, f"[[{deep}], {{}}, {{}}]"),
        "without an id": ({}, good),
        "no JSON": ({"id": "m-broken"}, "{{{"),
        "kwargs a list": ({"id": "m-kwargs", "lang": "py"}, json.dumps({"args": [], "kwargs": []})),
    }


def list_odd() -> list[tuple[dict[str, Any], str]]:
    """Messages that say what nobody can read, but whose job is good; theirs are the numbers from 10 on."""
    odd: list[dict[str, Any]] = [
        {"stamped_headers": 5, "stamps": "x"}, {"shadow": {"a": 1}}, {"timelimit": "x"}, {"eta": "tomorrow"},
        {"expires": "never"}, {"eta": 5},
    ]  # fmt: skip
    return [
        ({"id": f"odd-{number}", **headers}, json.dumps([[number], {}, {}]))
        for number, headers in enumerate(odd, 10)
    ]


@on()
def test_malformed_messages_end_no_worker(stack: Stack) -> None:
    stack.crew.worker(concurrency=1)
    first = stack.submit(journey_tasks.mark, 1)
    wait_for("the worker", lambda: stack.state(first) == "succeeded")
    producer = make_producer(stack)
    malformed, odd = list_malformed(), list_odd()
    with producer.connection_for_write() as connection:
        sender = connection.Producer()
        for headers, body in (*malformed.values(), *odd):
            for task in ("journey.mark", "backline.bell"):
                sender.publish(
                    body, exchange="", routing_key=name_queue("journey"), serializer=None,
                    headers={"lang": "py", "task": task, **headers},
                    content_type="application/json", content_encoding="utf-8",
                )  # fmt: skip
    after = stack.submit(journey_tasks.work, 2)
    wait_for("the bells after them", lambda: stack.state(after) == "succeeded", 30)
    wait_for("every malformed job to be kept", lambda: stack.count("failed") == len(malformed), 30)
    wait_for("every odd job to be done", lambda: stack.count("succeeded") == 2 + len(odd), 30)
    wait_for("every message to be acknowledged", lambda: count_bells(stack) == 0)
    assert count_effects(stack) == [1] * (2 + len(odd))
    (kind,) = stack.query("SELECT DISTINCT error_kind FROM backline_run WHERE state = 'failed'")
    assert kind.error_kind == "bad_input"
    assert stack.crew.starts == 1 and is_alive(stack.crew.pid())
    assert stack.crew.stop("worker") == 0


@on("redis", "rabbitmq")
def test_message_waits_for_a_database_that_is_away(stack: Stack) -> None:
    producer = make_producer(stack)
    stack.crew.worker(concurrency=1)
    first = stack.submit(journey_tasks.mark, 1)
    wait_for("the worker", lambda: stack.state(first) == "succeeded")
    with stack.without_database(2):
        producer.send_task("journey.mark", args=[2], queue=name_queue("journey"))
        idle(2.0)
    wait_for("the job that came meanwhile", lambda: stack.crew.look() or stack.effects(2) == 1, 60)
    assert count_effects(stack) == [1, 1]


@on()
def test_celerys_own_worker_command(stack: Stack) -> None:
    stack.crew.start("celery", "celery", "-A", "backline.celery_app", "worker", "--concurrency", "1")
    for number in range(5):
        stack.submit(journey_tasks.mark, number)
    await_all(stack, 5)
    assert stack.crew.stop("celery") == 0
    assert count_effects(stack) == [1] * 5
