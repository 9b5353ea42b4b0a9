"""Code that is given nothing may ask which run it is part of, and leave effects with it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from backline.runtime.current import NoRun, current_run
from backline.runtime.limits import Limiter
from tests.runtime.conftest import MakeStage
from tests.runtime.stage import Done, Word, declare, write_word


def test_outside_of_a_run_there_is_none() -> None:
    with pytest.raises(NoRun, match="part of a run"):
        current_run()


@pytest.mark.parametrize("short", [True, False])
def test_a_run_knows_itself_in_each_attempt(stage: MakeStage, short: bool) -> None:
    seen: list[tuple[Any, ...]] = []

    @declare(short=short)
    def work(job: Word) -> Done:
        run = current_run()
        seen.append((run.id, run.task, run.attempt, run.key, run.asked_by, run.trace_id, run.count_retries()))
        run.add_effect(write_word(job.word))
        if run.attempt == 1:
            raise ConnectionError("once")
        return Done(word="x")

    on = stage(work)
    run_id = on.submit(work, "w")
    on.run()
    assert on.words() == []
    on.pass_time(900)
    on.redriver.sweep()
    on.run()
    assert on.words() == ["w"] and on.row(run_id).state == "succeeded"
    trace = on.row(run_id).trace_id
    assert seen == [
        (run_id, "probe.work", number, f"backline:{run_id}", "tester", trace, 0) for number in (1, 2)
    ]
    with pytest.raises(NoRun):
        current_run()


def test_what_a_run_asks_for_is_its_child(stage: MakeStage) -> None:
    @declare()
    def work(job: Word) -> Done:
        return Done(word="" if job.word == "child" else on.submit(work, "child"))

    on = stage(work)
    run_id = on.submit(work, "w")
    on.run()
    child = on.row(on.answer(run_id)["word"])
    assert (child.parent_id, child.trace_id) == (run_id, on.row(run_id).trace_id)
    assert on.row(run_id).parent_id is None


def test_progress_checkpoints_steps_and_intents_are_the_run_s(stage: MakeStage) -> None:
    @declare()
    def work(job: Word) -> Done:
        run = current_run()
        run.checkpoint()
        run.progress(1, 2, "half")
        kept = run.steps.keep("a", None, lambda: job.word)
        called = run.intents.call("b", {"word": kept}, lambda: "called")
        return Done(word=kept + called)

    on = stage(work)
    run_id = on.submit(work, "w")
    on.run()
    assert on.answer(run_id)["word"] == "wcalled"
    assert "half" in on.row(run_id).progress


@pytest.mark.parametrize(("short", "state"), [(False, "succeeded"), (True, "blocked")])
def test_the_limiter_is_the_run_s_where_it_can_wait(stage: MakeStage, short: bool, state: str) -> None:
    @declare(short=short)
    def work(job: Word) -> Done:
        current_run().limiter.take(job.word)
        return Done(word="x")

    taken: list[tuple[str, int]] = []
    on = stage(work)
    on.runtime.providers = {
        Limiter: lambda context: SimpleNamespace(take=lambda name: taken.append((name, context.priority)))
    }
    run_id = on.submit(work, "crm")
    on.run()
    assert on.row(run_id).state == state
    assert taken == ([] if short else [("crm", on.row(run_id).priority)])
