"""The loop that forgets nothing, on both databases."""

from __future__ import annotations

import json
import threading
import time

import pytest
from sqlalchemy import event, text

from backline.runtime.redrive import HANDS, ForkGuard, Sweep
from tests.runtime.conftest import MakeStage
from tests.runtime.stage import QUEUE, Done, Stage, Word, declare


def work(job: Word) -> Done:
    return Done()


def make(stage: MakeStage, runs: int = 1, **ask: float) -> tuple[Stage, list[str]]:
    task = declare()(work)
    on = stage(task)
    return on, [on.submit(task, str(number), **ask) for number in range(runs)]


def test_nothing_is_written_or_rung_when_nothing_is_due(stage: MakeStage) -> None:
    on, _ = make(stage)
    seen: list[str] = []
    event.listen(on.database.engine, "before_cursor_execute", lambda *args: seen.append(args[2].split()[0]))
    assert on.redriver.sweep() == Sweep()
    assert on.broker.rung == []
    assert {verb for verb in seen if verb in ("UPDATE", "INSERT", "DELETE")} == set()


def test_due_runs_are_queued_and_rung_for(stage: MakeStage) -> None:
    on, (run_id,) = make(stage, delay=30)
    assert on.redriver.sweep() == Sweep()
    on.pass_time(31)
    assert on.redriver.sweep() == Sweep(promoted=1, rung=1)
    assert on.broker.rung == [QUEUE]
    assert on.redriver.sweep() == Sweep()  # its next bell waits
    assert on.row(run_id).state == "queued"


def test_a_lost_bell_is_rung_again_later_and_later(stage: MakeStage) -> None:
    on, (run_id,) = make(stage)
    waits = []
    for _ in range(7):
        on.pass_time(700)
        assert on.redriver.sweep().rung == 1
        with on.database.read() as connection:
            waits.append(round((on.row(run_id).ring_at - on.database.now(connection)) / 1e6))
    assert waits == [50, 100, 200, 400, 600, 600, 600]


@pytest.mark.parametrize(("waiting", "rung"), [(0, 3), (2, 1), (3, 0), (50, 0)])
def test_it_rings_at_most_queued_less_waiting(stage: MakeStage, waiting: int, rung: int) -> None:
    on, _ = make(stage, runs=3)
    on.pass_time(30)
    on.broker.waiting = waiting
    assert on.redriver.sweep().rung == rung
    assert len(on.broker.rung) == rung


def test_a_backlog_is_not_rung_run_by_run(stage: MakeStage) -> None:
    on, _ = make(stage, runs=HANDS + 5)
    on.pass_time(30)
    assert on.redriver.sweep().rung == HANDS
    with on.database.read() as connection:
        marked = connection.execute(text("SELECT count(*) FROM backline_run WHERE rings > 1")).scalar_one()
    assert marked == HANDS  # the others keep the one-commit form: nothing says that their bell is lost
    on.broker.waiting = HANDS
    assert on.redriver.sweep().rung == 0
    on.broker.waiting = 0
    assert on.redriver.sweep().rung == 5


def test_a_broker_that_cannot_be_asked_counts_as_empty(stage: MakeStage) -> None:
    on, _ = make(stage, runs=2)
    on.pass_time(30)
    on.broker.deaf = True
    on.broker.waiting = 99
    assert on.redriver.sweep().rung == 2


def test_bells_that_are_not_taken_are_tried_again_soon(stage: MakeStage) -> None:
    on, (run_id, _) = make(stage, runs=2)
    on.pass_time(30)
    on.broker.down = True
    assert on.redriver.sweep().rung == 0
    assert on.row(run_id).rings == 1
    on.broker.down = False
    assert on.redriver.sweep().rung == 0
    on.pass_time(2.1)
    assert on.redriver.sweep().rung == 2


@pytest.mark.parametrize("state", ["queued", "scheduled"])
def test_late_runs_end(stage: MakeStage, state: str) -> None:
    task = declare()(work)
    on = stage(task)
    delay = 0 if state == "queued" else 100
    pointless = on.submit(task, "1", expires=10 - delay, delay=delay)
    overdue = on.submit(task, "2", deadline=10 - delay, delay=delay)
    fine = on.submit(task, "3", deadline=1000, expires=1000)
    on.pass_time(11)
    assert on.redriver.sweep().late == 2
    assert (on.row(pointless).state, on.row(pointless).error_kind) == ("expired", "expired")
    assert (on.row(overdue).state, on.row(overdue).error_kind) == ("needs_attention", "deadline")
    assert on.row(fine).state == "queued"
    assert [audit.actor for audit in on.audits(overdue)] == ["re-driver"]


def test_lost_runs_go_back_to_their_queue_with_a_trace(stage: MakeStage) -> None:
    on, (run_id,) = make(stage)
    with on.database.write() as connection:
        row = on.runtime.leases.pick(connection, QUEUE)
        claimed = on.runtime.leases.claim(connection, row, "host/w9/9")
    assert on.redriver.sweep().lost == 0
    on.pass_time(31)
    assert on.redriver.sweep() == Sweep(lost=1, rung=1)
    row = on.row(run_id)
    assert (row.state, row.lost, row.attempt, row.lease_until) == ("queued", 1, 1, None)
    assert claimed is not None and row.fence == claimed.fence + 1
    (attempt,) = on.attempts(run_id)
    assert (attempt.outcome, attempt.worker, attempt.fence) == ("lost", "host/w9/9", claimed.fence)
    assert [audit.action for audit in on.audits(run_id)] == ["run.lost.queued"]
    assert json.loads(on.audits(run_id)[0].body) == {}


def test_a_lost_run_that_was_to_be_cancelled_is(stage: MakeStage) -> None:
    on, (run_id,) = make(stage)
    with on.database.write() as connection:
        on.runtime.leases.claim(connection, on.runtime.leases.pick(connection, QUEUE), "host/w9/9")
    on.cancel(run_id)
    on.pass_time(31)
    on.redriver.sweep()
    assert on.row(run_id).state == "cancelled"


def test_a_renewed_lease_is_not_lost(stage: MakeStage) -> None:
    on, (run_id,) = make(stage)
    leases = on.runtime.leases
    with on.database.write() as connection:
        claimed = leases.claim(connection, leases.pick(connection, QUEUE), "host/w9/9")
    on.pass_time(20)
    with on.database.write() as connection:
        assert claimed is not None and leases.renew(connection, run_id, claimed.fence) == (True, False)
        assert leases.renew(connection, run_id, claimed.fence - 1) == (False, False)
    on.pass_time(20)
    assert on.redriver.sweep().lost == 0


def test_many_sweeps_at_once_do_each_thing_once(stage: MakeStage) -> None:
    on, _ = make(stage, runs=30, delay=10)
    on.pass_time(11)
    sweeps: list[Sweep] = []
    redrivers = [on.other().redriver for _ in range(4)]
    threads = [threading.Thread(target=lambda one=one: sweeps.append(one.sweep())) for one in redrivers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sweeps) == 4
    assert sum(sweep.promoted for sweep in sweeps) == 30


def test_the_thread_sweeps_until_it_is_stopped(stage: MakeStage) -> None:
    on, (run_id,) = make(stage, delay=10)
    rung = threading.Event()
    on.broker.rung = _Hook(rung)
    on.pass_time(11)
    on.redriver.start()
    assert rung.wait(20)
    on.redriver.stop()
    assert on.row(run_id).state == "queued"
    assert not any(
        thread.name == "backline-redriver" and thread.is_alive() for thread in threading.enumerate()
    )


class _Hook(list[str]):
    def __init__(self, heard: threading.Event) -> None:
        super().__init__()
        self._heard = heard

    def append(self, queue: str) -> None:
        super().append(queue)
        self._heard.set()


def test_a_failing_sweep_does_not_end_the_loop(stage: MakeStage) -> None:
    on, _ = make(stage)
    tried = threading.Event()
    real, times = on.sweeps.is_anything_due, [0]

    class Shaky:
        def __getattr__(self, name: str) -> object:
            return getattr(on.sweeps, name)

        def is_anything_due(self, connection: object) -> bool:
            times[0] += 1
            if times[0] == 1:
                raise OSError("locked")
            tried.set()
            return real(connection)

    on.redriver._sweeps = Shaky()
    on.redriver.start()
    assert tried.wait(20)
    on.redriver.stop()


def test_after_a_failed_sweep_owners_get_time_to_renew(stage: MakeStage) -> None:
    """A database that was away for longer than the lease is no fault of the runs in hand."""
    on, _ = make(stage)
    swept = threading.Semaphore(0)
    times, losses = [0], []

    class Shaky:
        def __getattr__(self, name: str) -> object:
            return getattr(on.sweeps, name)

        def is_anything_due(self, connection: object) -> bool:
            times[0] += 1
            if times[0] == 1:
                raise OSError("away")
            return True

        def take_lost(self, connection: object) -> list[object]:
            losses.append(time.monotonic())
            swept.release()
            return []

    on.redriver._sweeps = Shaky()
    began = time.monotonic()
    on.redriver.start()
    assert swept.acquire(timeout=20)
    on.redriver.stop()
    assert losses[0] - began >= on.redriver._lease


def test_the_fork_guard_lets_one_in_at_a_time_and_is_whole_again() -> None:
    guard, inside = ForkGuard(), threading.Event()
    with guard, guard:
        thread = threading.Thread(target=lambda: guard.__enter__() or inside.set() or guard.__exit__())
        thread.start()
        assert not inside.wait(0.05)
    assert inside.wait(5)
    thread.join()


def test_chores_follow_a_sweep_and_one_that_fails_stops_nothing(stage: MakeStage) -> None:
    on, (run_id,) = make(stage, delay=10)
    done = threading.Event()

    def fail() -> None:
        raise OSError("no")

    on.redriver._chores = [fail, done.set]
    on.pass_time(11)
    on.redriver.start()
    assert done.wait(20)
    on.redriver.stop()
    assert on.row(run_id).state == "queued"
