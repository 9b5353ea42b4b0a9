"""A cancel by force: what the worker that holds the run still does is dropped, and its child ends itself."""

from __future__ import annotations

import threading

from sqlalchemy import text

from backline.runtime import run
from backline.runtime.audit import Secrets
from backline.runtime.claim import Watch
from backline.runtime.decisions import Person, cancel
from backline.runtime.effects import Effects
from backline.runtime.task import Limits
from tests.runtime.conftest import MakeStage
from tests.runtime.stage import QUEUE, Done, Word, declare, write_word
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


def test_the_place_of_a_concurrency_key_is_free_only_where_its_holder_ends(stage: MakeStage) -> None:
    def work(job: Word) -> Done:
        return Done()

    task = declare(concurrency=lambda job: "one", concurrency_limit=1)(work)
    on = stage(task)
    held, waits = on.submit(task, "a"), on.submit(task, "b")
    with on.database.write() as connection:
        row = on.runtime.leases.pick_one(connection, held)
        claimed = on.runtime.leases.claim(connection, row, "host/w1/1")
        connection.execute(
            text("UPDATE backline_run SET ring_at = :far WHERE id = :id"), {"far": 2**60, "id": waits}
        )
    assert claimed is not None
    context = run._make_context(on.runtime, row, task, claimed.fence)
    on.runtime.keeper._renew([context.watch])
    assert not context.watch.withdrawn
    with on.database.write() as connection:
        cancel(connection, on.database.now_sql, held, Person("ann", Secrets([])), by_force=True)
        assert on.runtime.leases.pick(connection, QUEUE) is None
    on.runtime.keeper._renew([context.watch])
    assert context.watch.withdrawn and not context.watch.lost
    run._end_by_force(on.runtime, row, context)
    assert [on.row(held).state, *(one.outcome for one in on.attempts(held))] == ["cancelled", "cancelled"]
    assert context.watch.lost and on.row(waits).ring_at < 2**60
    with on.database.write() as connection:
        assert on.runtime.leases.pick(connection, QUEUE).id == waits
