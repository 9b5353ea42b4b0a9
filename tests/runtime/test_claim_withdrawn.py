"""A cancel by force: what the worker that holds the run still does is dropped, and its child ends itself."""

from __future__ import annotations

import threading

from backline.runtime.audit import Secrets
from backline.runtime.claim import Watch
from backline.runtime.decisions import Person, cancel
from backline.runtime.effects import Effects
from backline.runtime.task import Limits
from tests.runtime.conftest import MakeStage
from tests.runtime.stage import Done, Word, declare, write_word
from tests.storage.rows import make_run


def test_a_cancel_by_force_ends_the_child_and_nothing_else(stage: MakeStage) -> None:
    began, told = threading.Event(), threading.Event()

    def deaf(job: Word, effects: Effects, watch: Watch) -> Done:
        effects.add(write_word("late"))
        began.set()
        for _ in range(200):
            if watch.withdrawn and watch not in [
                kept for kept, _ in list(on.runtime.keeper._watches.values())
            ]:
                told.set()  # the keeper has called; it would have ended the child of a worker here
                break
            threading.Event().wait(0.05)
        return Done()

    task = declare(limits=Limits(soft=60, hard=90))(deaf)
    on = stage(task, lease=1.0)
    run_id = on.submit(task)
    thread = threading.Thread(target=on.run)
    thread.start()
    assert began.wait(20)
    with on.database.write() as connection:
        cancel(connection, on.database.now_sql, run_id, Person("ann", Secrets([])), by_force=True)
    thread.join(20)
    assert told.is_set()
    assert (on.row(run_id).state, on.words()) == ("cancelled", [])
    assert [attempt.outcome for attempt in on.attempts(run_id)] == ["cancelled"]


def test_only_the_claim_that_was_cancelled_by_force_is_withdrawn(stage: MakeStage) -> None:
    on = stage()
    held = make_run(on.database, state="running", fence=3)
    lost = make_run(on.database, state="running", fence=4)
    with on.database.write() as connection:
        cancel(connection, on.database.now_sql, held, Person("ann", Secrets([])), by_force=True)
        cancel(connection, on.database.now_sql, lost, Person("ann", Secrets([])))
        seen = [
            on.runtime.leases.is_withdrawn(connection, run_id, fence)
            for run_id, fence in ((held, 3), (held, 2), (held, 4), (lost, 4), (lost, 3))
        ]
    assert seen == [True, False, False, False, False]
