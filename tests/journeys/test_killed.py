"""Killed and paused in mid-task: the run is carried by somebody else, and counts once."""

from __future__ import annotations

import os
import signal

import pytest

from tests.journeys.conftest import on
from tests.journeys.plug_in import journey_tasks
from tests.journeys.processes import wait_for
from tests.journeys.stacks import Stack


def find_holder(stack: Stack, run_id: str) -> int:
    """The process id of whoever holds a run's lease, as soon as somebody does."""
    row = wait_for(
        "a claimed run",
        lambda: stack.one("SELECT worker FROM backline_run WHERE id = :id AND state = 'running'", id=run_id),
    )
    return int(row.worker.rpartition("/")[2])


def await_success(stack: Stack, run_id: str, seconds: float = 40.0) -> None:
    """Wait until a run has succeeded, with the crew's deaths mended meanwhile."""

    def look() -> bool:
        stack.crew.look()
        return stack.state(run_id) == "succeeded"

    wait_for(f"run {run_id} to succeed", look, seconds)


@pytest.mark.parametrize("whole", [False, True], ids=["child", "worker"])
@on()
def test_kill_9_in_mid_task(stack: Stack, whole: bool) -> None:
    stack.crew.worker(concurrency=1)
    run_id = stack.submit(journey_tasks.work, 1, 2000)
    others = [stack.submit(journey_tasks.mark, number) for number in range(2, 12)]
    holder = find_holder(stack, run_id)
    if whole:
        os.killpg(stack.crew.pid(), signal.SIGKILL)
    else:
        os.kill(holder, signal.SIGKILL)
    await_success(stack, run_id)
    for other in others:
        await_success(stack, other)
    assert [stack.effects(number) for number in range(1, 12)] == [1] * 11
    attempts = stack.query(
        "SELECT outcome FROM backline_attempt WHERE run_id = :id ORDER BY fence", id=run_id
    )
    assert [row.outcome for row in attempts] == ["lost", "succeeded"]


@on()
def test_worker_killed_alone_leaves_its_child_to_finish_or_lose(stack: Stack) -> None:
    stack.crew.worker(concurrency=1)
    run_id = stack.submit(journey_tasks.work, 1, 2000)
    find_holder(stack, run_id)
    os.kill(stack.crew.pid(), signal.SIGKILL)
    stack.crew.worker("another", concurrency=1)
    wait_for("somebody to finish", lambda: stack.state(run_id) == "succeeded", 40)
    assert stack.effects(1) == 1


@on()
def test_paused_past_its_lease_the_fence_refuses_it(stack: Stack) -> None:
    stack.crew.worker(concurrency=2)
    run_id = stack.submit(journey_tasks.deaf, 1, 1500)
    holder = find_holder(stack, run_id)
    os.kill(holder, signal.SIGSTOP)
    try:
        await_success(stack, run_id)
        assert stack.effects(1) == 1
    finally:
        os.kill(holder, signal.SIGCONT)
    wait_for("the paused child to see that it lost", lambda: "lease lost" in stack.crew.log())
    assert stack.effects(1) == 1
    after = stack.submit(journey_tasks.mark, 2)
    await_success(stack, after)


@on("redis")
def test_steps_that_are_done_are_not_done_again(stack: Stack) -> None:
    stack.crew.worker(concurrency=1)
    run_id = stack.submit(journey_tasks.walk, 1, 3000, 3)
    wait_for("the second step", lambda: len(stack.query("SELECT name FROM journey_step")) == 2)
    os.kill(find_holder(stack, run_id), signal.SIGKILL)
    await_success(stack, run_id)
    names = [row.name for row in stack.query("SELECT name FROM journey_step")]
    assert sorted(names) == ["step 0", "step 1", "step 1", "step 2"]
    assert stack.effects(1) == 1


@on("embedded", "redis")
def test_a_worker_whose_idle_children_are_killed_hears_with_new_ones(stack: Stack) -> None:
    stack.crew.worker(concurrency=2)
    wait_for("the worker", lambda: "ready." in stack.crew.log("worker"), 40)
    for number in range(3):
        for child in stack.crew.children():  # one of them waits inside the lock of the pipe
            os.kill(child.pid, signal.SIGKILL)
        await_success(stack, stack.submit(journey_tasks.mark, number), 20)
