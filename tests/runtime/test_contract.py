"""Older jobs, newer jobs, unknown tasks and broken answers."""

from __future__ import annotations

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
