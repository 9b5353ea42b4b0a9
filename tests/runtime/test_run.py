"""One run, from its row to its end, on both databases."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest
from pydantic import field_serializer
from sqlalchemy import Connection, text

from backline.errors import LeaseLost, TryLater
from backline.runtime.drain import drain_queue
from backline.runtime.effects import Effects
from backline.runtime.run import answer_bell, claim_at_once, run_here
from backline.runtime.submit import Ask, submit_run
from backline.runtime.task import Job, Limits, Reason
from backline.storage.database import Database
from tests.runtime.conftest import MakeStage
from tests.runtime.stage import QUEUE, Done, Stage, Word, declare, write_word

BOTH_FORMS = pytest.mark.parametrize("short", [True, False], ids=["one commit", "two commits"])


def say(job: Word, effects: Effects) -> Done:
    effects.add(write_word(job.word))
    return Done(word=job.word, reasons=[Reason(rule="probe", decision="said")])


@BOTH_FORMS
def test_a_run_ends_with_effects_answer_attempt_and_audit(stage: MakeStage, short: bool) -> None:
    task = declare(short=short)(say)
    on = stage(task)
    run_id = on.submit(task, "hello", by="ann")
    outcome = on.run()
    assert outcome is not None and (outcome.run_id, outcome.state) == (run_id, "succeeded")
    row = on.row(run_id)
    assert (row.state, row.attempt, row.error_kind, row.lease_until) == ("succeeded", 1, None, None)
    assert row.started_at and row.finished_at >= row.started_at and row.worker == "host/w1/1"
    answer = on.answer(run_id)
    assert (answer["task"], answer["version"], answer["code_version"]) == ("probe.work", 1, "1.0+a")
    assert answer["word"] == "hello" and answer["reasons"][0]["rule"] == "probe"
    assert on.words() == ["hello"]
    (attempt,) = on.attempts(run_id)
    assert (attempt.number, attempt.outcome, attempt.trace_id) == (1, "succeeded", row.trace_id)
    (audit,) = on.audits(run_id)
    assert (audit.actor, audit.action, audit.object) == ("ann", "run.succeeded", f"run:{run_id}")
    assert audit.before_sha == row.job_sha and len(audit.after_sha) == 64
    assert json.loads(audit.body)["job"] == {"word": "hello", "number": 0}
    assert on.run() is None


@pytest.mark.parametrize(
    ("short", "rung_again", "claims"), [(True, False, 0), (True, True, 1), (False, False, 1)]
)
def test_only_a_short_task_on_its_first_ring_is_one_commit(
    stage: MakeStage, short: bool, rung_again: bool, claims: int
) -> None:
    seen: list[int] = []

    def look(job: Word, database: Database) -> Done:
        with database.read() as connection:
            seen.append(
                connection.execute(
                    text("SELECT count(*) FROM backline_run WHERE state = 'running'")
                ).scalar_one()
            )
        return Done()

    task = declare(short=short)(look)
    on = stage(task)
    run_id = on.submit(task)
    if rung_again:
        on.change(run_id, rings=2)
    on.run()
    assert seen == [claims]


def test_a_delayed_short_run_is_one_commit_on_its_first_ring(stage: MakeStage) -> None:
    task = declare(short=True)(say)
    on = stage(task)
    run_id = on.submit(task, "late", delay=60)
    assert on.run() is None
    on.pass_time(61)
    assert on.redriver.sweep().rung == 1
    assert (on.row(run_id).state, on.row(run_id).rings) == ("queued", 1)


def test_most_urgent_first_then_oldest_due(stage: MakeStage) -> None:
    order: list[str] = []

    def note(job: Word) -> Done:
        order.append(job.word)
        return Done()

    task = declare()(note)
    on = stage(task)
    on.submit(task, "batch 1")
    on.submit(task, "batch 2")
    on.submit(task, "asked", priority=0)
    on.submit(task, "other queue's", priority=0, delay=60)
    while on.run():
        pass
    assert order == ["asked", "batch 1", "batch 2"]


def test_another_queue_is_left_alone(stage: MakeStage) -> None:
    task = declare("other.work")(say)
    on = stage(task)
    on.submit(task)
    assert on.run(QUEUE) is None
    assert on.run("other") is not None


@pytest.mark.parametrize(
    ("limits", "state"),
    [(Limits(expires=10), "expired"), (Limits(deadline=10), "needs_attention")],
)
@pytest.mark.parametrize("swept", [True, False])
def test_a_run_that_waited_too_long_does_not_start(
    stage: MakeStage, limits: Limits, state: str, swept: bool
) -> None:
    task = declare(short=True, limits=limits)(say)
    on = stage(task)
    run_id = on.submit(task)
    on.pass_time(11)
    if swept:
        assert on.redriver.sweep().late == 1
        assert on.run() is None
    else:
        outcome = on.run()
        assert outcome is not None and outcome.state == state
    assert on.row(run_id).state == state and on.words() == []
    assert [audit.action for audit in on.audits(run_id)] == [f"run.{state}"]


def test_a_concurrency_key_is_held_by_so_many_at_once(stage: MakeStage) -> None:
    inside: list[str] = []

    def work(job: Word) -> Done:
        if job.word == "one" and job.number == 0:
            first = other.run()  # "one" again must wait; what is behind it must not
            inside.append("none" if first is None else other.row(first.run_id).job)
        return Done()

    task = declare(concurrency=lambda job: job.word, concurrency_limit=1)(work)
    on = stage(task)
    other = on.other()
    on.submit(task, "one", 0)
    second = on.submit(task, "one", 1)
    on.submit(task, "two", 2)
    on.run()
    assert len(inside) == 1 and '"two"' in inside[0]
    assert on.row(second).state == "queued"
    on.run()
    assert on.row(second).state == "succeeded"


def test_run_here_takes_only_what_is_due_and_free(stage: MakeStage) -> None:
    task = declare()(say)
    on = stage(task)
    first, second = on.submit(task, "1"), on.submit(task, "2")
    delayed = on.submit(task, "3", delay=60)
    outcome = run_here(on.runtime, second)
    assert outcome is not None and outcome.run_id == second
    assert run_here(on.runtime, second) is None
    assert run_here(on.runtime, delayed) is None
    assert on.row(first).state == "queued"


def test_run_here_says_none_where_the_lease_was_lost(stage: MakeStage) -> None:
    def work(job: Word) -> Done:
        raise LeaseLost

    task = declare()(work)
    on = stage(task)
    assert run_here(on.runtime, on.submit(task)) is None


def test_two_workers_never_carry_the_same_run(stage: MakeStage) -> None:
    task = declare()(say)
    on = stage(task)
    others = [on.other(worker=f"host/w/{number}") for number in range(3)]
    for number in range(20):
        on.submit(task, str(number))
    failed: list[BaseException] = []

    def work(one: Stage) -> None:
        try:
            while answer_bell(one.runtime, QUEUE) is not None:
                pass
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(one,)) for one in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    on_left: Any = on.run()
    while on_left is not None:
        on_left = on.run()
    assert failed == []
    assert on.words() == sorted(str(number) for number in range(20))


class Panic(BaseException):
    """As the bindings of other languages raise it."""


class Mute(Exception):
    """Fails at its own words."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


@BOTH_FORMS
@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Panic("core"), "Panic"),
        (asyncio.CancelledError(), "CancelledError"),
        (Mute(), "Mute"),
        (SystemExit(3), "sys.exit(3)"),
    ],
    ids=["panic", "cancelled", "mute", "exit"],
)
def test_whatever_a_task_raises_it_is_dead_at_the_third_time(
    stage: MakeStage, error: BaseException, words: str, short: bool
) -> None:
    def fail(job: Word) -> Done:
        raise error

    task = declare(short=short)(fail)
    on = stage(task)
    run_id = on.submit(task)
    for _ in range(3):
        on.run()
        on.pass_time(60)
        on.redriver.sweep()
    row = on.row(run_id)
    assert (row.state, row.error_kind, row.attempt) == ("dead", "bug", 3)
    assert words in row.error_text


class Unlike(Job):
    """A job that cannot be dumped a second time."""

    mood: str = "calm"

    @field_serializer("mood")
    def fail_later(self, mood: str) -> str:
        """As a serializer with a bug."""
        if DUMPS.pop():
            raise ZeroDivisionError
        return mood


DUMPS: list[bool] = []


@BOTH_FORMS
def test_a_finish_that_fails_itself_is_a_bug_and_no_loop(stage: MakeStage, short: bool) -> None:
    def work(job: Unlike) -> Done:
        return Done()

    DUMPS[:] = [True] * 20 + [False]  # the last is popped first: at the submit
    task = declare(short=short)(work)
    on = stage(task)
    with on.database.write() as connection:
        run_id = submit_run(connection, on.database.now_sql, task, Unlike(), Ask("ann"), 25.0)
    for _ in range(3):
        on.run()
        on.pass_time(60)
        on.redriver.sweep()
    row = on.row(run_id)
    assert (row.state, row.error_kind, row.attempt) == ("dead", "bug", 3)


@BOTH_FORMS
def test_a_run_is_finished_when_its_effects_are_written(stage: MakeStage, short: bool) -> None:
    written: list[int] = []

    def write_slowly(connection: Connection) -> None:
        threading.Event().wait(0.2)
        written.append(on.database.now(connection))

    def work(job: Word, effects: Effects) -> Done:
        effects.add(write_slowly)
        return Done()

    task = declare(short=short)(work)
    on = stage(task)
    run_id = on.submit(task)
    on.run()
    (attempt,) = on.attempts(run_id)
    assert written[0] <= on.row(run_id).finished_at and written[0] <= attempt.ended_at


def test_an_expiry_does_not_end_a_run_that_was_put_off(stage: MakeStage) -> None:
    waits = [TryLater(5)]

    def work(job: Word) -> Done:
        if waits:
            raise waits.pop()
        return Done()

    task = declare()(work)
    on = stage(task)
    run_id = on.submit(task, expires=4)
    on.run()
    on.pass_time(6)
    assert on.redriver.sweep().late == 0
    on.run()
    assert on.row(run_id).state == "succeeded"


def test_the_place_of_a_key_is_told_to_whom_it_is_free_for(stage: MakeStage) -> None:
    """Also in another family's queue, whose bell was heard in vain."""
    tasks = [declare(name, concurrency=lambda job: "one")(say) for name in ("probe.work", "other.work")]
    on = stage(*tasks)
    on.submit(tasks[0])
    waiting = on.submit(tasks[1])
    on.broker.rung.clear()
    on.run()
    assert on.broker.rung == ["other"]
    on.run("other")
    assert on.row(waiting).state == "succeeded"


def drain(on: Stage) -> list[str]:
    """What one bell carries, in its order."""
    drain_queue(on.runtime, QUEUE, 60)
    return on.words()


def test_claims_in_one_statement_carry_the_same_in_the_same_order(stage: MakeStage) -> None:
    order: list[str] = []

    def note(job: Word, effects: Effects) -> Done:
        order.append(job.word)
        return say(job, effects)

    long, short = declare()(note), declare("probe.short", short=True)(note)
    keyed = declare("probe.keyed", concurrency=lambda job: job.word)(note)
    on = stage(long, short, keyed)
    for number, task in enumerate([long, long, long, short, long, keyed, long, long]):
        on.submit(task, str(number))
    late = on.submit(long, "late", expires=1)
    cancelled = on.submit(long, "cancelled")
    unknown = on.submit(long, "unknown")
    on.change(late, expires_at=1)
    on.change(cancelled, cancel_requested_at=1)
    on.change(unknown, version=9)
    on.submit(long, "last")
    assert drain(on) == sorted([*"01234567", "last"])
    assert order == [*"01234567", "last"]
    assert [on.row(run).state for run in (late, cancelled, unknown)] == ["expired", "cancelled", "blocked"]


def test_a_run_that_is_taken_is_told_as_it_was_before(stage: MakeStage) -> None:
    task = declare()(say)
    on = stage(task)
    if on.database.is_sqlite:
        assert claim_at_once(on.runtime, QUEUE) is None  # there pick and claim cost no round trips
        return
    first, second = on.submit(task, "a"), on.submit(task, "b")
    rung: list[int] = []
    outcome = claim_at_once(on.runtime, QUEUE, lambda: rung.append(1))
    assert outcome is not None and (outcome.run_id, outcome.state, outcome.claimed) == (
        first,
        "succeeded",
        True,
    )
    assert rung == [1] and on.row(first).attempt == 1 and on.row(first).fence == 2
    (attempt,) = on.attempts(first)
    assert (attempt.number, attempt.outcome) == (1, "succeeded")
    assert 0 <= attempt.started_at - on.row(first).started_at < 1_000_000
    assert claim_at_once(on.runtime, QUEUE, lambda: rung.append(2)) is not None
    assert rung == [1] and on.row(second).state == "succeeded"
    assert claim_at_once(on.runtime, QUEUE) is None
