"""Killed on the way to the outside world: with a function that looks the effect is there once, else a person is asked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from tests.journeys.conftest import on
from tests.journeys.outside import open_outside
from tests.journeys.plug_in import journey_tasks
from tests.journeys.processes import wait_for
from tests.journeys.stacks import Stack, idle
from tests.journeys.test_killed import await_success

PLACES = ("before", "in", "after")


def await_rest(stack: Stack, runs: list[str], seconds: float = 60.0) -> list[str]:
    """Wait until these runs rest, with the crew's deaths mended meanwhile; their states."""

    def look() -> bool:
        stack.crew.look()
        return not {"queued", "running", "scheduled"} & {stack.state(run) for run in runs}

    try:
        wait_for("runs to rest", look, seconds)
    except TimeoutError:
        print(
            stack.query("SELECT id, state, lost, faults, bugs, attempt, error_text, fence FROM backline_run")
        )
        raise
    return [stack.state(run) for run in runs]


@on("embedded", "redis")
def test_kill_9_before_in_and_after_the_call(stack: Stack) -> None:
    with open_outside() as outside:
        stack.crew.worker(concurrency=6)
        wanted = [(place, number) for number, place in enumerate(PLACES * 2)]
        outside.hold |= set(wanted)
        runs = [
            stack.submit(journey_tasks.post, number, outside.url, number >= len(PLACES))
            for _, number in wanted
        ]
        wait_for("six calls on their way", lambda: outside.held == set(wanted), 60)
        os.killpg(stack.crew.pid(), signal.SIGKILL)
        outside.let_go()
        states = await_rest(stack, runs)
        assert states == ["succeeded"] * 3 + ["needs_attention"] * 3
        assert [outside.posts[number] for number in range(6)] == [1, 1, 1, 0, 1, 1]
        assert [stack.effects(number) for number in range(6)] == [1, 1, 1, 0, 0, 0]
        idle(1)
        assert stack.state(runs[3]) == "needs_attention"
        words = ["runs", "outcome", runs[3], "post", "--not-done", "--why", "It is not there.", "--json"]
        command = [sys.executable, "-m", "backline", *words]
        subprocess.run(command, env=dict(stack.env), check=True, timeout=60, stdout=subprocess.DEVNULL)
        await_success(stack, runs[3])
        assert (outside.posts[3], stack.effects(3)) == (1, 1)


@on("embedded", "redis", long=("redis",))
def test_killed_at_random(stack: Stack) -> None:
    with open_outside() as outside:
        outside.slowness = 0.3
        stack.crew.worker(concurrency=3)
        runs = [
            stack.submit(journey_tasks.post, number, outside.url, number % 3 == 0) for number in range(18)
        ]
        for seen in (3, 8):

            def look(seen: int = seen) -> bool:
                stack.crew.look()
                return sum(outside.posts.values()) >= seen

            wait_for("effects", look, 60)
            os.killpg(stack.crew.pid(), signal.SIGKILL)
        states = await_rest(stack, runs)
        assert max(outside.posts.values()) == 1, "never twice"
        for number, state in enumerate(states):
            allowed = ("succeeded", "needs_attention") if number % 3 == 0 else ("succeeded",)
            assert state in allowed, number
            assert state != "succeeded" or (outside.posts[number], stack.effects(number)) == (1, 1), number
