"""Results of finished steps survive an attempt."""

from __future__ import annotations

from backline.errors import TryLater
from backline.runtime.steps import Steps
from tests.runtime.conftest import MakeStage
from tests.runtime.stage import Done, Word, declare


def test_steps_are_kept_over_attempts(stage: MakeStage) -> None:
    done: list[str] = []

    def work(job: Word, steps: Steps) -> Done:
        first = steps.keep("fetch", {"n": 1}, lambda: done.append("fetch") or {"rows": [1, 2]})
        if len(done) == 1:
            done.append("fall")
            raise TryLater(0)
        steps.keep("fetch", {"n": 2}, lambda: done.append("fetch other input"))
        return Done(word=str(first["rows"]))

    task = declare()(work)
    on = stage(task)
    run_id = on.submit(task)
    on.run()
    on.redriver.sweep()
    on.run()
    assert done == ["fetch", "fall", "fetch other input"]
    assert on.answer(run_id)["word"] == "[1, 2]"
