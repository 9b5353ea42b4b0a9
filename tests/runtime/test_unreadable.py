"""A job that cannot be used is kept as a failed run, once, and takes nobody's key."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backline.errors import BadInput, Conflict
from backline.runtime.submit import Ask
from backline.runtime.unreadable import keep_unreadable
from tests.runtime.conftest import MakeStage
from tests.runtime.stage import Done, Stage, Word, declare

ASK = Ask("message:x", key="celery:m1", delay=60)


def break_down(_: Any) -> str:
    raise RuntimeError("no key today")


def keep(on: Stage, error: Exception, *args: Any) -> str:
    (task,) = on.tasks.values()
    return keep_unreadable(on.runtime, task, args, {"word": 5}, ASK, error)


@pytest.fixture
def on(stage: MakeStage) -> Stage:
    def work(job: Word) -> Done:
        raise AssertionError

    return stage(declare(concurrency=break_down)(work))


def test_the_job_is_kept_as_it_came_with_its_error(on: Stage) -> None:
    run_id = keep(on, BadInput("word: password is hunter22."), "a")
    row = on.row(run_id)
    assert (row.state, row.error_kind, row.attempt, row.asked_by) == ("failed", "bad_input", 1, "message:x")
    assert json.loads(row.job) == {"args": ["a"], "kwargs": {"word": 5}}
    assert "hunter22" not in row.error_text and row.finished_at is not None
    assert [attempt.outcome for attempt in on.attempts(run_id)] == ["bad_input"]
    assert [audit.action for audit in on.audits(run_id)] == ["run.failed"]
    assert on.run() is None


def test_the_same_message_again_is_the_same_run(on: Stage) -> None:
    first = keep(on, BadInput("Odd."), "a")
    assert keep(on, BadInput("Odd."), "a") == first
    assert len(on.attempts(first)) == 1
    other = on.row(keep(on, BadInput("Odd."), "b"))  # the key belongs to another job
    assert other.id != first and other.idempotency_key.startswith("kept:celery:m1:")
    assert keep(on, BadInput("Odd."), "b") == other.id


def test_messages_without_a_key_are_runs_of_their_own(on: Stage) -> None:
    (task,) = on.tasks.values()
    made = {
        keep_unreadable(on.runtime, task, (), {}, Ask("x"), error)
        for error in (BadInput("Odd."), BadInput("Odd."), KeyError("x"), KeyError("x"))
    }
    assert [on.row(run_id).idempotency_key for run_id in made] == [None] * 4


@pytest.mark.parametrize(("error", "kind"), [(Conflict("Taken."), "bad_input"), (KeyError("x"), "bug")])
def test_a_key_that_may_be_another_s_is_left_to_it(on: Stage, error: Exception, kind: str) -> None:
    row = on.row(keep(on, error))
    assert (row.state, row.error_kind) == ("failed", kind)
    assert row.idempotency_key.startswith("kept:celery:m1:")
    assert keep(on, error) == row.id and len(on.attempts(row.id)) == 1
