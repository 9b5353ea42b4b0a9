"""SIGTERM under load: what is in hand is finished or handed back, and nothing is lost."""

from __future__ import annotations

from tests.journeys.conftest import on
from tests.journeys.plug_in import journey_tasks
from tests.journeys.processes import wait_for
from tests.journeys.stacks import Stack
from tests.journeys.test_brokers import await_all, count_effects

RUNS = 200


@on()
def test_sigterm_under_load(stack: Stack) -> None:
    for number in range(RUNS):
        stack.submit(
            journey_tasks.work if number % 2 else journey_tasks.mark, number, *([100] * (number % 2))
        )
    stack.crew.worker()
    wait_for("some effects", lambda: stack.count("succeeded") >= 10)
    assert stack.crew.stop("worker") == 0
    assert stack.count("running") == 0
    done = stack.count("succeeded")
    assert done < RUNS
    stack.crew.worker()
    await_all(stack, RUNS)
    assert count_effects(stack) == [1] * RUNS
    assert stack.one("SELECT max(attempt) AS n FROM backline_run").n == 1


@on()
def test_run_longer_than_the_grace_is_handed_back(stack: Stack) -> None:
    run_id = stack.submit(journey_tasks.deaf, 1, 12_000)
    stack.crew.worker(concurrency=1)
    wait_for("a claimed run", lambda: stack.state(run_id) == "running")
    assert stack.crew.stop("worker") == 0
    row = stack.one("SELECT state, attempt, lost FROM backline_run WHERE id = :id", id=run_id)
    assert tuple(row) == ("queued", 0, 0)
    assert stack.effects(1) == 0


@on()
def test_long_work_that_asks_is_handed_back_at_once_with_its_steps(stack: Stack) -> None:
    long = stack.submit(journey_tasks.walk, 1, 9_000, 60)
    stack.crew.worker(concurrency=2)
    wait_for("a kept step", lambda: stack.one("SELECT 1 FROM backline_step"))
    brief = stack.submit(journey_tasks.brief, 2, 1_000)
    wait_for("the brief one", lambda: stack.state(brief) in ("running", "succeeded"))
    assert stack.crew.stop("worker") == 0
    assert "the grace is over" not in stack.crew.log()
    assert (stack.state(brief), stack.effects(2)) == ("succeeded", 1)
    row = stack.one("SELECT state, attempt, lost FROM backline_run WHERE id = :id", id=long)
    assert tuple(row) == ("queued", 0, 0)
    outcomes = "SELECT outcome FROM backline_attempt WHERE run_id = :id ORDER BY fence"
    assert [tried.outcome for tried in stack.query(outcomes, id=long)] == ["handed_back"]
    stack.crew.worker(concurrency=2)
    await_all(stack, 2)
    assert [tried.outcome for tried in stack.query(outcomes, id=long)] == ["handed_back", "succeeded"]
    assert stack.one("SELECT count(*) AS n FROM journey_step").n == 60  # none was done again
    assert stack.effects(1) == 1
