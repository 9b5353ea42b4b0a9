"""Killed, paused, overtaken: a call to the outside world takes effect once, or a person is asked."""

from __future__ import annotations

import itertools
from typing import Any

from backline.runtime.claim import Watch
from backline.runtime.intents import Found, Intent, Intents, NotThere, Unclear
from backline.storage.intents import end_intent
from tests.runtime.conftest import MakeStage
from tests.runtime.stage import Done, Stage, Word, declare
from tests.runtime.world import Killed, World, carry, intents_of, make_call

PLACES = ("before", "in", "after")


def carry_through(base: Stage, text: str, places: tuple[str, ...], make: Any) -> tuple[str, World]:
    """A run of one call that is killed at these places, in this order: its state, and the outside world."""
    world, left = World(), list(places)

    def die(place: str) -> None:
        if left and left[0] == place:
            left.pop(0)
            raise Killed

    class Dying(Intents):
        def _end(self, *args: Any, **more: Any) -> bool:
            die("after")
            return super()._end(*args, **more)

    def do() -> Any:
        die("before")
        result = world.post(text)
        die("in")
        return result

    def work(job: Word, intents: Intents) -> Done:
        intents.__class__ = Dying
        intents.call("post", {"text": text}, do=do, **make(world))
        return Done()

    task = declare()(work)
    on = base.other(task)
    return carry(on, on.submit(task)), world


DEATHS = [(), *itertools.product(PLACES), *itertools.product(PLACES, PLACES)]


def test_killed_anywhere_up_to_twice_it_takes_effect_once(stage: MakeStage) -> None:
    """Before the call, after its effect but before its answer, after its answer, in every order."""
    base = stage()
    for number, places in enumerate(DEATHS):
        state, world = carry_through(base, f"w{number}", places, make=lambda world: {"reconcile": world.find})
        assert (state, len(world.posts)) == ("succeeded", 1), places


def test_killed_anywhere_what_is_called_at_most_once_is_a_person_s_matter(stage: MakeStage) -> None:
    base = stage()
    for number, places in enumerate(DEATHS):
        state, world = carry_through(base, f"w{number}", places, make=lambda _: {"at_most_once": True})
        assert len(world.posts) <= 1, places
        assert state == ("needs_attention" if places else "succeeded"), places


def test_a_holder_that_lost_its_lease_makes_no_intent(stage: MakeStage) -> None:
    world = World()

    def work(job: Word, intents: Intents, watch: Watch) -> Done:
        if watch.fence == 1:
            on.change(watch.run_id, fence=7, state="queued")
        intents.call("post", {}, do=lambda: world.post(1))
        return Done()

    task = declare()(work)
    on = stage(task)
    run_id = on.submit(task)
    assert on.run().state == "lost"
    assert world.posts == [] and intents_of(on, run_id) == []


def test_an_outcome_that_comes_when_the_run_is_lost_is_kept(stage: MakeStage) -> None:
    world = World()

    def do(job: Word) -> Any:
        on.change(run_id, fence=7, state="queued")
        return world.post(job.word)

    task = make_call(do)
    on = stage(task)
    run_id = on.submit(task)
    assert on.run().state == "lost"
    assert carry(on, run_id) == "succeeded" and world.posts == ["a"]


def test_an_outcome_of_a_call_that_another_attempt_began_anew_is_told_in_the_audit(stage: MakeStage) -> None:
    world = World()

    def do(job: Word) -> Any:
        if not world.posts:
            world.post("mine")
            on.change(run_id, fence=7, state="queued")
            on.other(task).run()
        return world.post(job.word)

    task = make_call(do)
    on = stage(task)
    run_id = on.submit(task)
    assert on.run().state == "lost"
    assert on.row(run_id).state == "succeeded"
    actions = [row.action for row in on.audits(run_id)]
    assert actions.count("intent.late") == 1 and actions.count("intent.done") == 1


def test_what_a_late_outcome_says_goes_before_what_was_seen(stage: MakeStage) -> None:
    """While the new holder looks, the outcome of the old one arrives."""

    def look(intent: Intent) -> Any:
        with on.database.write() as connection:
            end_intent(
                connection, on.database.now_sql,
                run_id=intent.run_id, fence=1, name="post", state="done", outcome='{"id": 5}',
            )  # fmt: skip
        return sights.pop()

    base = stage()
    for sight in (Found({"id": 6}), NotThere(), Unclear()):
        sights, first = [sight], [True]

        def do(job: Word, first: list[bool] = first) -> Any:
            assert first.pop(), "not called again"
            raise ConnectionResetError

        task = make_call(do, reconcile=look)
        on = base.other(task)
        run_id = on.submit(task)
        assert carry(on, run_id) == "succeeded"
        assert on.answer(run_id)["word"] == '{"id": 5}'
