"""A call to the outside world takes effect once: kept, looked for where that is not known, or told by a person."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from pydantic import BaseModel
from sqlalchemy.exc import OperationalError

from backline.errors import BadInput, NotAllowed, TimeLimit, TryLater
from backline.runtime import decisions
from backline.runtime.claim import SoftLimit, Watch, hold_soft_limit
from backline.runtime.decisions import Person
from backline.runtime.intents import Intents, Unclear
from backline.runtime.task import BadTask, Private
from tests.runtime.conftest import MakeStage
from tests.runtime.stage import Done, Stage, Word, declare
from tests.runtime.world import Killed, World, carry, intents_of, make_call


def tell(on: Stage, run_id: str, done: str | None) -> decisions.Decided:
    """A person has looked."""
    with on.database.write() as connection:
        person = Person("ann", on.runtime.secrets)
        return decisions.tell_outcome(
            connection, on.database.now_sql, run_id, "post", person, "I looked.", done=done
        )


def test_the_intent_is_committed_before_and_the_outcome_after(stage: MakeStage) -> None:
    world, seen = World(), []

    def do(job: Word) -> Any:
        seen.extend(row.state for row in intents_of(on, run_id))
        return world.post(job.word)

    task = make_call(do)
    on = stage(task)
    run_id = on.submit(task, "hi")
    assert carry(on, run_id) == "succeeded"
    assert seen == ["open"] and world.posts == ["hi"]
    (row,) = intents_of(on, run_id)
    assert (row.state, json.loads(row.outcome), row.tries, row.fence) == ("done", {"id": 1}, 1, 1)
    made, done = (audit for audit in on.audits(run_id) if audit.object == f"intent:{run_id}:post")
    assert (made.action, made.before_sha, made.actor) == ("intent.made", row.input_sha, "tester")
    assert (done.action, len(done.after_sha)) == ("intent.done", 64)


def test_an_outcome_outlives_the_task_that_fails_after_it(stage: MakeStage) -> None:
    world = World()

    def work(job: Word, intents: Intents, watch: Watch) -> Done:
        first = intents.call("post", {"text": job.word}, do=lambda: world.post(job.word))
        again = intents.call("post", {"text": job.word}, do=lambda: world.post(job.word))
        assert first == again
        if watch.fence == 1:
            raise TryLater(0)
        return Done(word=str(first["id"]))

    task = declare()(work)
    on = stage(task)
    run_id = on.submit(task)
    assert carry(on, run_id) == "succeeded"
    assert world.posts == ["a"] and on.answer(run_id)["word"] == "1"


def test_what_the_owner_s_function_is_told(stage: MakeStage) -> None:
    world, deaths = World(), [Killed(), None]

    def do(job: Word) -> Any:
        if (death := deaths.pop(0)) is not None:
            raise death
        return world.post(job.word)

    task = make_call(do, reconcile=world.find)
    on = stage(task)
    run_id = on.submit(task, "hi")
    assert carry(on, run_id) == "succeeded"
    (intent,) = world.looked
    assert (intent.run_id, intent.name, intent.request, intent.tries) == (run_id, "post", {"text": "hi"}, 1)
    assert intent.key == f"{run_id}:post" and intent.made_at.tzinfo is not None
    assert intents_of(on, run_id)[0].tries == 2


@pytest.mark.parametrize(
    "error", [BadInput("no"), NotAllowed("no"), TryLater(5, "no")], ids=lambda e: type(e).__name__
)
def test_a_refusal_proves_that_nothing_happened(stage: MakeStage, error: Exception) -> None:
    world, errors = World(), [error, None]

    def do(job: Word) -> Any:
        if (refusal := errors.pop(0)) is not None:
            raise refusal
        return world.post(job.word)

    task = make_call(do, at_most_once=True)
    on = stage(task)
    run_id = on.submit(task)
    on.run()
    row = intents_of(on, run_id)[0]
    assert (row.state, row.words, row.outcome) == ("failed", "no", None)
    on.pass_time(1000)
    with on.database.write() as connection:
        decisions.retry(connection, on.database.now_sql, run_id, Person("ann", on.runtime.secrets))
    assert carry(on, run_id) == "succeeded"
    assert world.posts == ["a"]


@pytest.mark.parametrize(
    "error", [TimeoutError(), ConnectionResetError(), ValueError("odd"), TimeLimit()], ids=repr
)
def test_anything_else_leaves_it_open(stage: MakeStage, error: Exception) -> None:
    world = World()

    def do(job: Word) -> Any:
        world.post(job.word)
        raise error

    task = make_call(do, reconcile=world.find)
    on = stage(task)
    run_id = on.submit(task)
    on.run()
    assert intents_of(on, run_id)[0].state == "open" and on.row(run_id).state == "scheduled"
    on.pass_time(1000)
    assert carry(on, run_id) == "succeeded"
    assert world.posts == ["a"] and on.answer(run_id)["word"] == '{"id": 1}'
    assert "intent.found" in [row.action for row in on.audits(run_id)]


def fail_once(world: World) -> Callable[[Word], Any]:
    """The effect, and a connection lost at its answer, the first time."""

    def do(job: Word) -> Any:
        world.post(job.word)
        if len(world.posts) == 1:
            raise ConnectionResetError
        return {"id": 2}

    return do


def test_without_a_function_to_look_a_call_is_repeated(stage: MakeStage) -> None:
    world = World()
    task = make_call(fail_once(world))
    on = stage(task)
    assert carry(on, on.submit(task)) == "succeeded"
    assert len(world.posts) == 2


@pytest.mark.parametrize("done", ['{"id": 9}', None], ids=["done", "not done"])
@pytest.mark.parametrize(
    "options", [{"at_most_once": True}, {"reconcile": lambda _: Unclear("Fog.")}], ids=["once", "fog"]
)
def test_a_person_is_asked_and_the_run_goes_on(
    stage: MakeStage, options: dict[str, Any], done: str | None
) -> None:
    world = World()
    task = make_call(fail_once(world), **options)
    on = stage(task)
    run_id = on.submit(task)
    assert carry(on, run_id) == "needs_attention"
    row = on.row(run_id)
    assert row.error_kind == "needs_human" and f"backline runs outcome {run_id} post" in row.error_text
    assert intents_of(on, run_id)[0].state == "unclear" and len(world.posts) == 1
    on.pass_time(1_000_000)
    on.redriver.sweep()
    assert on.run() is None and on.row(run_id).state == "needs_attention", "never retried by itself"
    told = tell(on, run_id, done)
    assert (told.state, told.was) == ("queued", "needs_attention")
    assert carry(on, run_id) == "succeeded"
    assert on.answer(run_id)["word"] == ('{"id": 9}' if done else '{"id": 2}')
    assert len(world.posts) == (1 if done else 2)
    audit = next(row for row in on.audits(run_id) if row.action == "intent.told")
    assert (audit.actor, json.loads(audit.body)["why"]) == ("ann", "I looked.")


def test_a_retry_alone_does_not_call_again(stage: MakeStage) -> None:
    world = World()
    task = make_call(fail_once(world), at_most_once=True)
    on = stage(task)
    run_id = on.submit(task)
    carry(on, run_id)
    with on.database.write() as connection:
        decisions.retry(connection, on.database.now_sql, run_id, Person("ann", on.runtime.secrets))
    assert carry(on, run_id) == "needs_attention" and len(world.posts) == 1


def test_a_person_s_words_are_checked(stage: MakeStage) -> None:
    task = make_call(fail_once(World()), at_most_once=True)
    on = stage(task)
    run_id = on.submit(task)
    carry(on, run_id)
    with pytest.raises(BadInput, match="no JSON"):
        tell(on, run_id, "{id: 9}")
    tell(on, run_id, "9")
    with pytest.raises(BadInput, match="no call 'post' without an outcome"):
        tell(on, run_id, "9")
    assert intents_of(on, run_id)[0].outcome == "9"


def test_a_run_that_was_cancelled_stays_so(stage: MakeStage) -> None:
    task = make_call(fail_once(World()), at_most_once=True)
    on = stage(task)
    run_id = on.submit(task)
    on.run()
    on.cancel(run_id)
    assert tell(on, run_id, "9").state == on.row(run_id).state == "cancelled"
    assert intents_of(on, run_id)[0].state == "done"


def test_another_request_under_the_same_name_is_a_bug(stage: MakeStage) -> None:
    world = World()

    def work(job: Word, intents: Intents) -> Done:
        for number in range(2):
            intents.call("post", {"n": number}, do=lambda: world.post(1))
        return Done()

    task = declare()(work)
    on = stage(task)
    run_id = on.submit(task)
    assert carry(on, run_id) == "dead" and world.posts == [1]
    assert "two calls of one run need two names" in on.row(run_id).error_text


def test_a_request_that_was_refused_may_be_mended(stage: MakeStage) -> None:
    world, texts = World(), ["too long", "short"]

    def do(text: str) -> Any:
        if text == "too long":
            raise BadInput(text)
        return world.post(text)

    def work(job: Word, intents: Intents) -> Done:
        text = texts.pop(0)
        return Done(word=str(intents.call("post", {"text": text}, do=lambda: do(text))["id"]))

    task = declare()(work)
    on = stage(task)
    run_id = on.submit(task)
    assert carry(on, run_id) == "failed"
    with on.database.write() as connection:
        decisions.retry(connection, on.database.now_sql, run_id, Person("ann", on.runtime.secrets))
    assert carry(on, run_id) == "succeeded" and world.posts == ["short"]


class Post(BaseModel):
    """A request as a model."""

    text: str
    mail: Annotated[str, Private()] = ""
    token: str = ""


def test_secrets_are_struck_out_of_the_request(stage: MakeStage) -> None:
    def work(job: Word, intents: Intents) -> Done:
        intents.call("model", Post(text="hunter22 hi", mail="joe@example", token="t0p"), do=lambda: None)
        intents.call("dict", {"text": "hunter22", "api_key": "k3y"}, do=lambda: {"ok": True})
        return Done()

    task = declare()(work)
    on = stage(task)
    run_id = on.submit(task)
    assert carry(on, run_id) == "succeeded"
    kept = " ".join(row.request for row in intents_of(on, run_id))
    told = " ".join(row.body for row in on.audits(run_id))
    for secret in ("hunter22", "joe@example", "t0p", "k3y"):
        assert secret not in kept + told
    assert "[struck out] hi" in kept


def test_a_result_that_is_no_json_is_kept_and_is_a_bug(stage: MakeStage) -> None:
    world = World()
    task = make_call(lambda job: [world.post(job.word), world])
    on = stage(task)
    run_id = on.submit(task)
    on.run()
    assert "holds World, which is no JSON" in on.row(run_id).error_text
    assert intents_of(on, run_id)[0].state == "done"
    assert carry(on, run_id) == "succeeded" and world.posts == ["a"]


def test_a_verdict_that_is_none_is_a_bug(stage: MakeStage) -> None:
    task = make_call(fail_once(World()), reconcile=lambda _: True)
    on = stage(task)
    run_id = on.submit(task)
    assert carry(on, run_id) == "dead"
    assert "reconcile returned bool" in on.row(run_id).error_text


def test_the_outcome_waits_for_a_database_that_is_away(stage: MakeStage) -> None:
    class Flaky(Intents):
        tries = 0

        def _note(self, connection: Any, asked: Any, action: str, *rest: Any) -> None:
            if action == "done":
                Flaky.tries += 1
                if Flaky.tries < 3:
                    raise OperationalError(
                        "", {}, Exception("database is locked"), connection_invalidated=True
                    )
            super()._note(connection, asked, action, *rest)

    world = World()

    def work(job: Word, intents: Intents) -> Done:
        intents.__class__ = Flaky
        return Done(word=str(intents.call("post", {}, do=lambda: world.post(1))["id"]))

    task = declare()(work)
    on = stage(task)
    assert carry(on, on.submit(task)) == "succeeded"
    assert (Flaky.tries, world.posts) == (3, [1])


def test_a_cancel_before_the_call_leaves_nothing_open(stage: MakeStage) -> None:
    world = World()

    class Late(Intents):
        def _make(self, asked: Any) -> bool:
            made = super()._make(asked)
            self._watch.cancel_requested = True
            return made

    def work(job: Word, intents: Intents) -> Done:
        intents.__class__ = Late
        intents.call("post", {}, do=lambda: world.post(1))
        return Done()

    task = declare()(work)
    on = stage(task)
    run_id = on.submit(task)
    on.run()
    row = intents_of(on, run_id)[0]
    assert (row.state, row.words, world.posts) == ("failed", "It was not called.", [])


def test_a_short_task_is_refused(stage: MakeStage) -> None:
    def work(job: Word, intents: Intents) -> Done:
        return Done()

    with pytest.raises(BadTask, match="call the outside world"):
        stage(declare(short=True)(work))


def test_no_soft_limit_comes_between_an_outcome_and_its_commit() -> None:
    assert threading.current_thread() is threading.main_thread()
    waited = threading.Event()
    with pytest.raises(TimeLimit), SoftLimit(0.05):
        with hold_soft_limit():
            waited.wait(0.15)
            done = True
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
        waited.wait(5)
    assert done
