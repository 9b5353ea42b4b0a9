"""Leases, fences, limits, cancels: whose run it is, on both databases."""

from __future__ import annotations

import json
import signal
import threading
import types
from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from backline.errors import BadInput, Cancelled, LeaseLost, Stopping, TimeLimit
from backline.runtime import run
from backline.runtime.claim import SoftLimit, Watch
from backline.runtime.effects import Effects, FollowUps
from backline.runtime.run import AT_ONCE
from backline.runtime.task import Limits, Reason
from tests.runtime.conftest import MakeStage
from tests.runtime.stage import QUEUE, Done, Stage, Word, declare, write_word

BOTH_FORMS = pytest.mark.parametrize("short", [True, False], ids=["one commit", "two commits"])


def say(job: Word, effects: Effects) -> Done:
    effects.add(write_word(job.word))
    return Done(word=job.word, reasons=[Reason(rule="probe", decision="said")])


def test_the_deadline_ends_a_task_that_is_still_busy(stage: MakeStage) -> None:
    def work(job: Word, watch: Watch, effects: Effects) -> Done:
        effects.add(write_word("too late"))
        watch.began -= 100  # as if it had worked so long
        watch.checkpoint()
        return Done()

    task = declare(limits=Limits(soft=3600, hard=4000, deadline=50))(work)
    on = stage(task)
    run_id = on.submit(task)
    on.run()
    row = on.row(run_id)
    assert (row.state, row.error_kind) == ("needs_attention", "deadline")
    assert on.words() == []


def test_a_late_answer_is_no_answer(stage: MakeStage) -> None:
    def work(job: Word, watch: Watch, effects: Effects) -> Done:
        effects.add(write_word("late"))
        watch.began -= 61
        return Done()

    task = declare(limits=Limits(soft=60, hard=90))(work)
    on = stage(task)
    run_id = on.submit(task)
    on.run()
    assert (on.row(run_id).state, on.row(run_id).error_kind) == ("scheduled", "time_limit")
    assert on.words() == []


@BOTH_FORMS
def test_the_soft_limit_interrupts_the_task(stage: MakeStage, short: bool) -> None:
    def sleep(job: Word) -> Done:
        threading.Event().wait(30)
        return Done()

    task = declare(short=short, limits=Limits(soft=0.1, hard=90))(sleep)
    on = stage(task)
    run_id = on.submit(task)
    on.run()
    assert (on.row(run_id).state, on.row(run_id).error_kind) == ("scheduled", "time_limit")
    assert "0.1 s" in on.row(run_id).error_text


def test_the_one_commit_form_has_a_soft_limit_of_its_own(stage: MakeStage) -> None:
    limits: list[float] = []

    class Spy(Effects):
        pass

    def work(job: Word, effects: Effects) -> Done:
        return Done()

    task = declare(short=True, limits=Limits(soft=600, hard=900))(work)
    on = stage(task)
    on.runtime.providers = {**on.runtime.providers, Spy: lambda context: limits.append(context.watch.soft)}
    task.needs = {**task.needs}
    run_id = on.submit(task)
    task.needs["spy"] = Spy
    task.function = lambda job, effects, spy: Done()
    on.run()
    second = on.submit(task)
    on.change(second, rings=2)
    on.run()
    assert limits == [AT_ONCE, 600]
    assert on.row(run_id).state == "succeeded"


def test_a_hard_limit_is_written_down_and_the_late_finish_writes_nothing(stage: MakeStage) -> None:
    on_hold, ended = threading.Event(), threading.Event()

    def stuck(job: Word, effects: Effects) -> Done:
        effects.add(write_word("late"))
        on_hold.set()
        for _ in range(200):  # deaf to the soft limit, as a loop in C would be
            if on.row(run_id).state != "running":
                ended.set()
                break
            threading.Event().wait(0.05)
        return Done()

    task = declare(limits=Limits(soft=0.2, hard=0.4))(stuck)
    on = stage(task)
    run_id = on.submit(task)
    thread = threading.Thread(target=on.run)  # no main thread: no alarm
    thread.start()
    thread.join(20)
    assert on_hold.is_set() and ended.is_set()
    row = on.row(run_id)
    assert (row.state, row.error_kind, row.bugs) == ("scheduled", "time_limit", 1)
    assert "0.4 s" in row.error_text
    assert on.words() == [] and len(on.attempts(run_id)) == 1


def test_a_stale_finish_writes_nothing(stage: MakeStage) -> None:
    def paused(job: Word, effects: Effects, follow_ups: FollowUps) -> Done:
        effects.add(write_word("stale"))
        follow_ups.add(task, Word(word="stale"))
        on.pass_time(60)
        other.redriver.sweep()
        task.function = lambda job, effects, follow_ups: effects.add(write_word("fresh")) or Done()
        assert other.run() is not None
        return Done()

    task = declare()(paused)
    on = stage(task)
    other = on.other(worker="host/w2/2")
    run_id = on.submit(task)
    outcome = on.run()
    assert outcome is not None and outcome.state == "lost"
    row = on.row(run_id)
    assert (row.state, row.worker, row.lost, row.attempt) == ("succeeded", "host/w2/2", 1, 2)
    assert on.words() == ["fresh"]
    assert [attempt.outcome for attempt in on.attempts(run_id)] == ["lost", "succeeded"]
    with on.database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM backline_run")).scalar_one() == 1


def test_a_lease_lost_three_times_is_poison(stage: MakeStage) -> None:
    task = declare()(say)
    on = stage(task)
    run_id = on.submit(task)
    for _ in range(3):
        with on.database.write() as connection:  # a worker that dies right after its claim
            row = on.runtime.leases.pick(connection, QUEUE)
            assert on.runtime.leases.claim(connection, row, "host/w/9") is not None
        assert on.row(run_id).state == "running"
        on.pass_time(31)
        assert on.redriver.sweep().lost == 1
    row = on.row(run_id)
    assert (row.state, row.error_kind, row.lost, row.attempt) == ("dead", "poison", 3, 3)
    assert row.finished_at is not None
    assert [attempt.outcome for attempt in on.attempts(run_id)] == ["lost"] * 3
    assert on.run() is None


def test_a_cancelled_run_never_starts(stage: MakeStage) -> None:
    task = declare()(say)
    on = stage(task)
    waiting, delayed = on.submit(task), on.submit(task, "b", delay=60)
    assert on.cancel(waiting) == "cancelled" and on.cancel(delayed) == "cancelled"
    assert on.run() is None
    on.pass_time(100)
    on.redriver.sweep()
    assert on.run() is None and on.words() == []
    with pytest.raises(BadInput, match="is cancelled"):
        on.cancel(waiting)


@pytest.mark.parametrize("checks", [True, False])
def test_a_cancel_that_came_first_wins(stage: MakeStage, checks: bool) -> None:
    def work(job: Word, effects: Effects, watch: Watch) -> Done:
        effects.add(write_word("never"))
        assert on.cancel(watch.run_id) == "running"
        if checks:
            watch.cancel_requested = True  # what the next renewal would say
            watch.checkpoint()
            raise AssertionError
        return Done()

    task = declare()(work)
    on = stage(task)
    run_id = on.submit(task)
    outcome = on.run()
    assert outcome is not None and outcome.state == "cancelled"
    assert on.row(run_id).state == "cancelled" and on.words() == []
    assert [audit.action for audit in on.audits(run_id)] == ["run.cancelled"]


@BOTH_FORMS
def test_a_run_handed_back_after_a_cancel_does_not_start_again(stage: MakeStage, short: bool) -> None:
    task = declare(short=short)(say)
    on = stage(task)
    run_id = on.submit(task)
    with on.database.write() as connection:
        row = on.runtime.leases.pick(connection, QUEUE)
        on.runtime.leases.claim(connection, row, "host/w1/7")
    on.cancel(run_id)
    with on.database.write() as connection:
        assert on.runtime.leases.hand_back(connection, "host/w1/") == [run_id]
    outcome = on.run()
    assert outcome is not None and outcome.state == "cancelled"
    assert on.words() == []


@pytest.mark.parametrize("end", ["lost", "handed_back"])
def test_each_attempt_tells_its_own_times(stage: MakeStage, end: str) -> None:
    on = stage(declare()(say))
    on.submit(*on.tasks.values())
    run_id, _ = claim_one(on)
    with on.database.write() as connection:
        on.runtime.leases.hand_back(connection, "host/w1/")
    claim_one(on)
    if end == "lost":
        on.pass_time(31)
        assert on.redriver.sweep().lost == 1
    else:
        with on.database.write() as connection:
            on.runtime.leases.hand_back(connection, "host/w1/")
    first, second = on.attempts(run_id)
    assert (first.outcome, second.outcome) == ("handed_back", end)
    assert first.started_at <= first.ended_at <= second.started_at <= second.ended_at
    assert on.row(run_id).started_at <= first.ended_at


class Shutdown(SystemExit):
    """As Celery ends a worker."""


def _shut_down() -> None:
    raise Shutdown


def _clean_up() -> None:
    raise SystemExit(-241)


# As the signal handler of Celery's pool ends a child, in the middle of whatever it does.
_signalled = types.FunctionType(_clean_up.__code__, {"__name__": "billiard.common", "SystemExit": SystemExit})


@pytest.mark.parametrize("end", [_shut_down, _signalled], ids=["celery", "pool"])
def test_a_process_that_ends_hands_back(stage: MakeStage, end: Callable[[], None]) -> None:
    def work(job: Word) -> Done:
        end()
        return Done()

    task = declare()(work)
    on = stage(task)
    run_id = on.submit(task)
    with pytest.raises(SystemExit):
        on.run()
    row = on.row(run_id)
    assert (row.state, row.attempt, row.lease_until) == ("queued", 0, None)
    assert [attempt.outcome for attempt in on.attempts(run_id)] == ["handed_back"]
    task.function = say
    task.needs = {"effects": Effects}
    on.run()
    assert on.row(run_id).attempt == 1 and on.words() == ["a"]


def watch_over(on: Stage, run_id: str, fence: int, **limits: float) -> Watch:
    return Watch(
        on.database,
        run_id,
        fence,
        attempt=1,
        asked_by="ann",
        soft=limits.get("soft", 60),
        hard=limits.get("hard", 90),
        stop=on.runtime.stop,
    )


def claim_one(on: Stage) -> tuple[str, int]:
    with on.database.write() as connection:
        row = on.runtime.leases.pick(connection, QUEUE)
        claimed = on.runtime.leases.claim(connection, row, "host/w1/1")
    assert claimed is not None
    return row.id, claimed.fence


def await_true(condition: Callable[[], bool]) -> bool:
    pause = threading.Event()
    return any(condition() or pause.wait(0.02) for _ in range(1000))


def test_the_keeper_renews_and_hears_of_cancels_and_losses(stage: MakeStage) -> None:
    task = declare()(say)
    on = stage(task, lease=1.0)
    on.submit(task)
    run_id, fence = claim_one(on)
    watch, keeper = watch_over(on, run_id, fence), on.runtime.keeper
    before = on.row(run_id).lease_until
    keeper.add(watch, lambda _: None)
    assert await_true(lambda: on.row(run_id).lease_until > before)
    watch.checkpoint()
    on.cancel(run_id)
    assert await_true(lambda: watch.cancel_requested)
    with pytest.raises(Cancelled):
        watch.checkpoint()
    on.change(run_id, fence=fence + 1)
    assert await_true(lambda: watch.lost)
    with pytest.raises(LeaseLost):
        watch.checkpoint()
    keeper.remove(watch)
    lease = on.row(run_id).lease_until
    threading.Event().wait(0.8)
    assert on.row(run_id).lease_until == lease  # whoever is not watched is not renewed


def test_the_keeper_sees_to_the_hard_limit_of_a_run_without_a_lease(stage: MakeStage) -> None:
    task = declare()(say)
    on = stage(task, lease=1.0)
    on.submit(task)
    run_id, fence = claim_one(on)
    watch, reached = watch_over(on, run_id, fence, hard=1.2), threading.Event()
    watch.leased = False
    lease = on.row(run_id).lease_until
    on.runtime.keeper.add(watch, lambda _: reached.set())
    assert reached.wait(20)
    assert on.row(run_id).lease_until == lease and not watch.lost and not watch.ended
    on.runtime.keeper.remove(watch)
    assert watch.ended


def test_a_hard_limit_that_cannot_be_written_down_is_left_to_the_lease(stage: MakeStage) -> None:
    class Away:
        def settle(self, *args: object, **values: object) -> bool:
            raise OperationalError("UPDATE", {}, ConnectionError("the database is away"))

    task = declare()(say)
    on = stage(task)
    run_id = on.submit(task)
    with on.database.write() as connection:
        row = on.runtime.leases.pick(connection, QUEUE)
        claimed = on.runtime.leases.claim(connection, row, "host/w1/1")
    assert claimed is not None
    context = run._make_context(on.runtime, row, task, claimed.fence)
    on.runtime.leases = Away()
    run._end_by_force(on.runtime, row, context)  # the keeper calls it, and must live on
    assert context.watch.lost and on.row(run_id).state == "running"


def test_progress_is_seen_and_written_at_most_once_a_second(stage: MakeStage) -> None:
    task = declare()(say)
    on = stage(task)
    on.submit(task)
    run_id, fence = claim_one(on)
    watch = watch_over(on, run_id, fence)
    watch.progress(1, 10, "files")
    watch.progress(2, 10, "files")
    assert json.loads(on.row(run_id).progress) == {"done": 1, "total": 10, "words": "files"}
    watch._told -= 2
    watch.progress(3)
    assert json.loads(on.row(run_id).progress)["done"] == 3
    on.runtime.stop.give()
    with pytest.raises(Stopping):
        watch.progress(4)


def test_checkpoints_know_the_soft_limit(stage: MakeStage) -> None:
    watch = watch_over(stage(), "x", 1, soft=5)
    watch.checkpoint()
    watch.began -= 6
    with pytest.raises(TimeLimit, match="5 s"):
        watch.checkpoint()


def test_the_alarm_is_put_back_as_it_was() -> None:
    kept, _ = signal.setitimer(signal.ITIMER_REAL, 0)  # pytest's own
    try:
        former = signal.getsignal(signal.SIGALRM)
        with SoftLimit(50):
            assert signal.getitimer(signal.ITIMER_REAL)[0] > 40
            with SoftLimit(9):
                assert signal.getitimer(signal.ITIMER_REAL)[0] < 10
            assert signal.getitimer(signal.ITIMER_REAL)[0] > 40
        assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
        assert signal.getsignal(signal.SIGALRM) == former
    finally:
        signal.setitimer(signal.ITIMER_REAL, kept)
    ended: list[bool] = []
    thread = threading.Thread(target=lambda: ended.append(not SoftLimit(0.01).__enter__()))
    thread.start()  # no signals there: it does nothing
    thread.join()
    assert ended == [True]
