"""The order to stop: whom it concerns at once, whom later, and that another process sees it."""

from __future__ import annotations

import multiprocessing

from backline.runtime.claim import Watch
from backline.runtime.effects import Effects
from backline.runtime.steps import Steps
from backline.runtime.stop import StopOrder
from backline.runtime.task import Limits
from tests.runtime.conftest import MakeStage
from tests.runtime.stage import Done, Word, declare, write_word


def test_nobody_is_concerned_before_it_is_given() -> None:
    order = StopOrder(grace=0)
    assert not order.is_given and not order.concerns(1e9)


def test_long_work_is_concerned_at_once_and_short_work_may_finish() -> None:
    order = StopOrder(grace=600)
    order.give()
    assert order.is_given
    assert order.concerns(601) and not order.concerns(500)


def test_everybody_is_concerned_when_half_of_the_grace_is_over() -> None:
    order = StopOrder(grace=0)
    order.give()
    assert order.concerns(0)


def test_it_is_given_once() -> None:
    order = StopOrder(grace=600)
    order.give()
    first = order._read()
    order.give()
    assert order._read() == first


def test_a_child_that_was_forked_before_sees_it() -> None:
    order, context = StopOrder(grace=600), multiprocessing.get_context("fork")
    given, seen = context.Event(), context.Queue()

    def look() -> None:
        given.wait(30)
        seen.put((order.is_given, order.concerns(601)))

    child = context.Process(target=look)
    child.start()
    order.give()
    given.set()
    assert seen.get(timeout=30) == (True, True)
    child.join(30)
    assert child.exitcode == 0


def test_stopping_hands_back_without_an_attempt(stage: MakeStage) -> None:
    def work(job: Word, watch: Watch, steps: Steps) -> Done:
        steps.keep("first", 1, lambda: done.append("first"))
        on.runtime.stop.give()
        steps.keep("second", 2, lambda: done.append("second"))
        return Done()

    done: list[str] = []
    task = declare(limits=Limits(soft=60, hard=90))(work)
    on = stage(task)
    run_id = on.submit(task)
    on.run()
    assert (on.row(run_id).state, on.row(run_id).attempt, done) == ("queued", 0, ["first"])
    assert [attempt.outcome for attempt in on.attempts(run_id)] == ["handed_back"]
    other = on.other(worker="host/w2/2")
    other.run()
    assert (on.row(run_id).state, on.row(run_id).attempt, done) == ("succeeded", 1, ["first", "second"])


def test_what_is_done_when_the_order_comes_counts(stage: MakeStage) -> None:
    def work(job: Word, effects: Effects, watch: Watch) -> Done:
        effects.add(write_word("done"))
        on.runtime.stop.give()
        return Done()

    task = declare(limits=Limits(soft=60, hard=90))(work)
    on = stage(task, grace=0.0)
    run_id = on.submit(task)
    on.run()
    assert on.row(run_id).state == "succeeded" and on.words() == ["done"]


def test_work_that_ends_within_the_grace_may_go_on(stage: MakeStage) -> None:
    def work(job: Word, watch: Watch) -> Done:
        on.runtime.stop.give()
        watch.checkpoint()
        return Done()

    task = declare(limits=Limits(soft=20, hard=30))(work)
    on = stage(task, grace=25.0)
    run_id = on.submit(task)
    on.run()
    assert on.row(run_id).state == "succeeded"
