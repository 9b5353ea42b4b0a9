"""The database goes away and comes back; SQLite is locked by somebody else for ten seconds."""

from __future__ import annotations

from tests.journeys.conftest import on
from tests.journeys.plug_in import journey_tasks
from tests.journeys.processes import wait_for
from tests.journeys.stacks import Stack, idle
from tests.journeys.test_brokers import await_all, count_effects


@on()
def test_database_away_in_mid_task(stack: Stack) -> None:
    stack.crew.worker()
    stack.crew.scheduler()
    for number in range(30):
        stack.submit(journey_tasks.work if number % 2 else journey_tasks.mark, number)
    for number in range(30, 34):
        stack.submit(journey_tasks.deaf, number, 1000)
    wait_for("a claimed run", lambda: stack.count("running") > 0 and stack.count("succeeded") > 0)
    with stack.without_database(10.0):
        idle(1.5)
    await_all(stack, 34)
    assert count_effects(stack) == [1] * 34
    stack.desk.house().close()  # as the next program would: without connections from before
    later = stack.submit(journey_tasks.mark, 99)
    wait_for("new work", lambda: stack.crew.look() or stack.state(later) == "succeeded")
