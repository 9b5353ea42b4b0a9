"""Job in, row out: in the caller's transaction, once per key."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from sqlalchemy import text

from backline.errors import Conflict
from backline.runtime.submit import Ask, new_trace_id, prepare_run, submit_run
from backline.runtime.task import Limits
from backline.storage.database import Database
from tests.runtime.conftest import MakeStage
from tests.runtime.stage import Done, Word, declare


def work(job: Word) -> Done:
    return Done()


def count(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(text("SELECT count(*) FROM backline_run")).scalar_one())


def test_a_trace_id_is_what_w3c_says() -> None:
    assert re.fullmatch("[0-9a-f]{32}", new_trace_id())


def test_a_rolled_back_caller_leaves_no_run(stage: MakeStage) -> None:
    task = declare()(work)
    on = stage(task)
    with pytest.raises(ZeroDivisionError), on.database.write() as connection:
        submit_run(connection, on.database.now_sql, task, Word(), Ask("t"), 25.0)
        _ = 1 / 0
    assert count(on.database) == 0


def test_a_run_is_there_with_the_caller_s_own_rows(stage: MakeStage) -> None:
    task = declare()(work)
    on = stage(task)
    with on.database.write() as connection:
        connection.execute(text("INSERT INTO probe_effect VALUES ('1', 'mine')"))
        run_id = submit_run(connection, on.database.now_sql, task, Word(word="x"), Ask("t"), 25.0)
    assert on.words() == ["mine"]
    row = on.row(run_id)
    assert (row.state, row.queue, row.priority, row.version) == ("queued", "probe", 5, 1)
    assert row.job == '{"word":"x","number":0}' and len(row.job_sha) == 64
    assert row.due_at == row.created_at and row.idempotency_key is None


def test_a_key_is_unique_per_task(stage: MakeStage) -> None:
    one, other = declare()(work), declare("probe.other")(work)
    on = stage(one, other)
    first = on.submit(one, "a", key="k")
    assert on.submit(one, "a", key="k") == first
    assert on.submit(other, "a", key="k") != first
    assert on.submit(one, "a", key="k2") != first
    assert on.submit(one, "a") != on.submit(one, "a")  # no key is derived from the job
    with pytest.raises(Conflict, match=f"belongs to run {first}"):
        on.submit(one, "b", key="k")
    on.run()
    assert on.submit(one, "a", key="k") == first  # also after its end


def test_two_callers_with_one_key_at_once_get_one_run(stage: MakeStage) -> None:
    task = declare()(work)
    on = stage(task)
    ids: list[Any] = []
    gate = threading.Barrier(4)

    def call() -> None:
        gate.wait()
        ids.append(on.submit(task, "a", key="k"))

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 4 and len(set(ids)) == 1
    assert count(on.database) == 1


def test_times_count_from_the_due_time(stage: MakeStage) -> None:
    task = declare(limits=Limits(deadline=100, expires=50))(work)
    on = stage(task)
    row = on.row(on.submit(task, delay=10))
    assert row.state == "scheduled"
    assert (row.due_at - row.created_at, row.deadline_at - row.due_at) == (10_000_000, 100_000_000)
    assert row.expires_at - row.due_at == 50_000_000
    own = on.row(on.submit(task, deadline=7, expires=3, priority=0))
    assert (own.deadline_at - own.due_at, own.expires_at - own.due_at) == (7_000_000, 3_000_000)
    assert own.priority == 0


def test_the_concurrency_key_is_the_job_s() -> None:
    task = declare(concurrency=lambda job: f"artist:{job.word}", concurrency_limit=3)(work)
    row = prepare_run(task, Word(word="x"), Ask("t"), 25.0)
    assert (row.concurrency_key, row.concurrency_limit) == ("artist:x", 3)
