"""Each error has its state, its wait and its end."""

from __future__ import annotations

import pytest

from backline.errors import BadInput, NeedsHuman, NotAllowed, TryLater
from backline.runtime.effects import Effects
from backline.runtime.task import Limits
from tests.runtime.conftest import MakeStage
from tests.runtime.stage import Done, Word, declare, write_word

BOTH_FORMS = pytest.mark.parametrize("short", [True, False], ids=["one commit", "two commits"])


@pytest.mark.parametrize(
    ("error", "state", "kind", "attempt", "delayed"),
    [
        (BadInput("no"), "failed", "bad_input", 1, False),
        (NotAllowed("no"), "failed", "not_allowed", 1, False),
        (NeedsHuman("look"), "needs_attention", "needs_human", 1, False),
        (TryLater(3600), "scheduled", "try_later", 0, True),
        (ConnectionResetError("gone"), "scheduled", "transient", 1, True),
        (ValueError("what"), "scheduled", "bug", 1, True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
@BOTH_FORMS
def test_each_error_has_its_state(
    stage: MakeStage, error: Exception, state: str, kind: str, attempt: int, delayed: bool, short: bool
) -> None:
    def fail(job: Word, effects: Effects) -> Done:
        effects.add(write_word("never"))
        raise error

    task = declare(short=short)(fail)
    on = stage(task)
    run_id = on.submit(task)
    on.run()
    row = on.row(run_id)
    assert (row.state, row.error_kind, row.attempt) == (state, kind, attempt)
    assert str(error) in row.error_text
    assert on.words() == []
    assert (row.finished_at is None) == delayed
    with on.database.read() as connection:
        wait = (row.due_at - on.database.now(connection)) / 1e6
    if kind == "try_later":
        assert 3590 < wait <= 3600
    elif delayed:
        assert wait <= 2.0
    assert len(on.attempts(run_id)) == 1 and len(on.audits(run_id)) == 1


def test_a_transient_fault_is_tried_eight_times(stage: MakeStage) -> None:
    def fail(job: Word) -> Done:
        raise TimeoutError("the other side")

    task = declare()(fail)
    on = stage(task)
    run_id = on.submit(task)
    states = []
    for _ in range(8):
        on.pass_time(1000)
        on.redriver.sweep()
        on.run()
        states.append(on.row(run_id).state)
    assert states == ["scheduled"] * 7 + ["dead"]
    assert on.row(run_id).attempt == 8
    assert [attempt.number for attempt in on.attempts(run_id)] == list(range(1, 9))
    on.pass_time(100_000)
    on.redriver.sweep()
    assert on.run() is None


def test_a_bug_is_tried_twice_again(stage: MakeStage) -> None:
    def fail(job: Word) -> Done:
        raise KeyError("title")

    task = declare(short=True)(fail)
    on = stage(task)
    run_id = on.submit(task)
    states = []
    for _ in range(3):
        on.pass_time(1000)
        on.redriver.sweep()
        on.run()
        states.append(on.row(run_id).state)
    assert states == ["scheduled", "scheduled", "dead"]
    assert "KeyError: 'title' (at test_retry.py:" in on.row(run_id).error_text


def test_patience_costs_no_attempt_and_ends_at_the_deadline(stage: MakeStage) -> None:
    def wait(job: Word) -> Done:
        raise TryLater(600, "Come back later.")

    task = declare(limits=Limits(deadline=1500))(wait)
    on = stage(task)
    run_id = on.submit(task)
    for _ in range(2):
        on.run()
        assert (on.row(run_id).state, on.row(run_id).attempt) == ("scheduled", 0)
        on.pass_time(601)
        on.redriver.sweep()
    on.run()
    row = on.row(run_id)
    assert (row.state, row.error_kind) == ("needs_attention", "deadline")
    assert "Come back later." in row.error_text and "after the deadline" in row.error_text


@BOTH_FORMS
def test_odd_letters_in_an_error_do_not_stop_the_run_from_ending(stage: MakeStage, short: bool) -> None:
    def work(job: Word) -> Done:
        raise BadInput("file \udce9t\u00e9 with \x00 inside")

    task = declare(short=short)(work)
    on = stage(task)
    run_id = on.submit(task)
    on.run()
    assert on.row(run_id).state == "failed"
    assert "inside" in on.row(run_id).error_text
