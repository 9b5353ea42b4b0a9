"""What `.delay()` returns reads the row."""

from __future__ import annotations

import threading

import pytest

from backline.errors import BadInput, UnknownName
from backline.runtime.handle import RunFailed, RunHandle
from tests.runtime.conftest import MakeStage
from tests.runtime.stage import Done, Word, declare


def work(job: Word) -> Done:
    if job.word == "bad":
        raise BadInput("bad word")
    return Done(word=job.word)


def test_get_waits_for_the_answer(stage: MakeStage) -> None:
    task = declare()(work)
    on = stage(task)
    handle = RunHandle(on.database, on.submit(task, "x"))
    assert handle.state == "queued" and not handle.ready()
    timer = threading.Timer(0.1, on.run)
    timer.start()
    assert handle.get(timeout=20)["word"] == "x"
    timer.join()
    assert handle.ready()


def test_get_says_what_went_wrong(stage: MakeStage) -> None:
    task = declare()(work)
    on = stage(task)
    handle = RunHandle(on.database, on.submit(task, "bad"))
    on.run()
    with pytest.raises(RunFailed, match=r"failed \(bad_input\): bad word"):
        handle.get()


def test_get_gives_up_after_its_time(stage: MakeStage) -> None:
    task = declare()(work)
    on = stage(task)
    handle = RunHandle(on.database, on.submit(task, "x"))
    with pytest.raises(TimeoutError, match="still queued"):
        handle.get(timeout=0.05)
    with pytest.raises(UnknownName):
        RunHandle(on.database, "none").get()
