"""Older jobs, newer jobs, unknown tasks and broken answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backline.errors import BadInput, BrokenContract
from backline.runtime.contract import read_stored_job, wrap_answer
from backline.runtime.effects import Effects
from backline.runtime.task import Reason
from tests.runtime.conftest import MakeStage
from tests.runtime.stage import Done, Word, declare, write_word


def say(job: Word, effects: Effects) -> Done:
    effects.add(write_word(job.word))
    return Done(word=job.word, reasons=[Reason(rule="probe", decision="said")])


def test_a_broken_answer_waits_for_other_code(stage: MakeStage) -> None:
    def work(job: Word) -> Done:
        return Done.model_construct(word=5, reasons=[])

    task = declare()(work)
    on = stage(task)
    run_id = on.submit(task)
    on.run()
    row = on.row(run_id)
    assert (row.state, row.error_kind, row.finished_at) == ("blocked", "contract", None)
    on.redriver.sweep()
    assert on.row(run_id).state == "blocked"
    newer = on.other(code="1.1+b")
    assert newer.redriver.sweep().unblocked == 1
    task.function = lambda job: Done(word="mended")
    newer.run()
    assert newer.answer(run_id)["word"] == "mended"


def test_unknown_code_blocks_until_it_is_known(stage: MakeStage) -> None:
    old = declare()(say)
    new = declare(version=2, upgrades={1: dict})(say)
    extra = declare("probe.extra")(say)
    newer = stage(new, extra)
    runs = [newer.submit(new), newer.submit(extra)]
    older = newer.other(old)
    assert [older.run(), older.run(), older.run()][2] is None
    assert [newer.row(run_id).error_kind for run_id in runs] == ["unknown_version", "unknown_task"]
    assert {newer.row(run_id).state for run_id in runs} == {"blocked"}
    older.redriver.sweep()
    assert {newer.row(run_id).state for run_id in runs} == {"blocked"}
    assert newer.redriver.sweep().unblocked == 2
    newer.run()
    newer.run()
    assert {newer.row(run_id).state for run_id in runs} == {"succeeded"}


def test_an_older_job_is_upgraded_at_claim(stage: MakeStage) -> None:
    old = declare()(say)

    def tell(job: Word) -> Done:
        return Done(word=f"{job.word} {job.number}")

    task = declare(version=3, upgrades={1: lambda t: t | {"number": 5}, 2: lambda t: t | {"word": "up"}})(
        tell
    )
    on = stage(task)
    run_id = on.submit(old, "down")
    on.run()
    assert on.answer(run_id)["word"] == "up 5"
    assert on.answer(run_id)["version"] == 3


def tell(job: Word) -> Done:
    return Done()


def break_(tree: dict[str, Any]) -> dict[str, Any]:
    raise AttributeError("no such thing")


@pytest.mark.parametrize(
    "upgrade", [break_, lambda tree: tree | {"extra": 1}, lambda tree: None, lambda tree: tree["x"]]
)
def test_an_old_job_that_does_not_upgrade_breaks_the_contract(upgrade: Any) -> None:
    task = declare(version=2, upgrades={1: upgrade})(tell)
    with pytest.raises(BrokenContract, match="version 1 does not upgrade"):
        read_stored_job(task, 1, '{"word": "a"}')


def test_a_job_of_this_version_that_cannot_be_read_is_bad_input() -> None:
    with pytest.raises(BadInput, match="number"):
        read_stored_job(declare()(tell), 1, '{"number": "x"}')


@pytest.mark.parametrize(
    "answer", [None, {"word": "x"}, Word(), Done.model_construct(word=5), Done.model_construct(reasons=3)]
)
def test_an_answer_that_is_none_breaks_the_contract(answer: Any) -> None:
    with pytest.raises(BrokenContract):
        wrap_answer(declare()(tell), answer, "1.0")


def test_an_answer_carries_task_version_code_and_reasons() -> None:
    text = wrap_answer(declare(version=2, upgrades={1: dict})(tell), Done(word="é"), "1.0+b")
    assert json.loads(text) == {
        "task": "probe.work",
        "version": 2,
        "code_version": "1.0+b",
        "reasons": [],
        "word": "é",
    }


def test_between_mixed_versions_a_blocked_run_comes_to_rest(stage: MakeStage) -> None:
    old, new = declare()(say), declare(version=2, upgrades={1: dict})(say)
    newer = stage(new)
    run_id = newer.submit(new)
    older = newer.other(old)
    unblocked = 0
    for _ in range(20):
        older.run()
        unblocked += newer.redriver.sweep().unblocked
    assert unblocked == 1
    assert newer.row(run_id).state == "blocked"
    newer.pass_time(5)
    assert newer.redriver.sweep().unblocked == 1
