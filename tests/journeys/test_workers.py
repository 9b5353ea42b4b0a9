"""Workers beside each other: the idle one hears, the others' runs are left alone, a late database is waited for."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import text

from backline.bells import name_queue
from tests.journeys.conftest import on
from tests.journeys.plug_in import journey_tasks
from tests.journeys.processes import wait_for
from tests.journeys.stacks import Stack
from tests.journeys.test_brokers import make_producer


def is_running(stack: Stack, run_id: str) -> bool:
    """Whether a run is in somebody's hands."""
    return stack.state(run_id) == "running"


def fill(stack: Stack, name: str, numbers: range, milliseconds: int) -> None:
    """A worker with a child for each long run, all of them taken, and no bell more than that."""
    stack.crew.worker(name, concurrency=len(numbers))
    wait_for("the worker", lambda: "ready." in stack.crew.log(name), 40)
    for number in numbers:
        run_id = stack.submit(journey_tasks.work, number, milliseconds)
        wait_for("a long run", partial(is_running, stack, run_id))


@on()
def test_an_idle_worker_hears_what_a_busy_one_cannot(stack: Stack) -> None:
    fill(stack, "busy", range(4), 45_000)
    stack.crew.worker("idle", concurrency=2)
    wait_for("the idle worker", lambda: "ready." in stack.crew.log("idle"), 40)
    for number in range(100, 108):  # a busy worker's turn would come among them
        began = time.monotonic()
        stack.submit(journey_tasks.mark, number)
        wait_for("a short run", partial(stack.effects, number), 2)
        assert time.monotonic() - began < 2


@on("redis")
def test_a_worker_that_stops_leaves_its_namesake_s_runs_alone(stack: Stack) -> None:
    for name in ("one", "two"):
        stack.crew.start(
            name, "celery", "-A", "backline.celery_app", "worker", "--concurrency", "1", "-n", "celery@host"
        )
    ids = [stack.submit(journey_tasks.deaf, number, 12_000) for number in range(2)]
    wait_for("both runs", lambda: all(is_running(stack, run_id) for run_id in ids), 40)
    stack.crew.stop("one")
    states = sorted(stack.state(run_id) for run_id in ids)
    assert states == ["queued", "running"]


@on("redis")
def test_a_worker_that_starts_without_its_database_finds_it_later(stack: Stack) -> None:
    with stack.without_database(0):
        stack.crew.worker(concurrency=1)
        wait_for("the worker to wait", lambda: "the re-driver waits" in stack.crew.log(), 40)
    run_id = stack.submit(journey_tasks.mark, 1, countdown=0.5)  # only a re-driver finds it
    wait_for("the run", lambda: stack.state(run_id) == "succeeded", 40)


@on("rabbitmq")
def test_an_older_worker_ends(stack: Stack) -> None:
    with stack.database.write() as connection:
        connection.execute(text("UPDATE backline_schema SET version_num = 'of tomorrow'"))
    process = stack.crew.worker(concurrency=1)
    assert process.wait(timeout=40) == 4
    assert "of tomorrow" in stack.crew.log() and "this worker cannot work" in stack.crew.log()


@on()
def test_a_foreign_message_with_a_countdown_is_a_due_row_at_once(stack: Stack) -> None:
    stack.crew.worker(concurrency=1)
    stack.submit(journey_tasks.mark, 0)
    wait_for("the worker", partial(stack.effects, 0))
    producer, queue = make_producer(stack), name_queue("journey")
    producer.send_task("journey.mark", args=[1], queue=queue, countdown=4, expires=600, priority=2)
    row = wait_for("the row", lambda: stack.one("SELECT * FROM backline_run WHERE state = 'scheduled'"), 3)
    assert 0 < row.due_at - row.created_at <= 4e6 and row.priority == 2
    assert 590e6 < row.expires_at - row.created_at <= 600e6
    wait_for("its due time", partial(stack.effects, 1), 20)
    if stack.name == "rabbitmq":
        return  # there the broker itself drops what has expired
    late = datetime.now(UTC) - timedelta(hours=1)
    producer.send_task("journey.mark", args=[2], queue=queue, expires=late)
    wait_for("the late one to expire", lambda: stack.count("expired") == 1, 20)


@on()
def test_a_job_is_not_lost_with_the_child_that_takes_it_in(stack: Stack) -> None:
    stack.crew.worker(concurrency=1)
    trace = stack.folder / "died"
    make_producer(stack).send_task("journey.fragile", args=[1, str(trace)], queue=name_queue("journey"))
    wait_for("its effect", partial(stack.effects, 1), 40)
    assert trace.exists()
    assert stack.one("SELECT count(*) AS n FROM backline_run").n == 1


@on("redis")
def test_a_worker_that_has_grown_too_old_ends_when_a_child_sees_it(stack: Stack) -> None:
    process = stack.crew.worker(concurrency=1)
    stack.submit(journey_tasks.mark, 1)
    wait_for("the worker", partial(stack.effects, 1), 40)
    with stack.database.write() as connection:
        connection.execute(text("UPDATE backline_schema SET version_num = 'of tomorrow'"))
    (child,) = stack.crew.children()
    child.kill()  # the next one makes its house anew
    stack.desk.bells.ring("journey")
    assert process.wait(timeout=40) == 0
    assert "this worker cannot work and ends" in stack.crew.log()
