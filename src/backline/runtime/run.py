"""ONE RUN, read top to bottom: pick, claim, read the job, do, judge, finish.

A short task on its first ring is one commit: the picked row stays locked while the task works and
its effects, answer, attempt and audit row commit together. Every other run is two commits: the
claim (lease and fence), and the finish, which is guarded by the fence.
"""

from __future__ import annotations

import logging
import math
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from backline.errors import LeaseLost, TimeLimit
from backline.runtime.audit import make_entry
from backline.runtime.call import call_task
from backline.runtime.claim import SoftLimit, Watch
from backline.runtime.context import LOST, Outcome, RunContext, Runtime
from backline.runtime.contract import read_stored_job, wrap_answer
from backline.runtime.current import CurrentRun, be_current
from backline.runtime.effects import AuditTrail, Effects, FollowUps
from backline.runtime.intents import Intents
from backline.runtime.limits import Limiter
from backline.runtime.pause import pause
from backline.runtime.retry import first_line, is_passing, is_without_room
from backline.runtime.settle import end_cancelled, put_end, refuse_unready, seconds_left, settle
from backline.runtime.steps import Steps
from backline.runtime.submit import Ask, submit_run
from backline.runtime.task import Job, Task
from backline.storage.audits import insert_audit
from backline.storage.canvases import name_teller
from backline.storage.leases import Claimed, RunRow, Settlement
from backline.storage.runs import call_waiting

log = logging.getLogger("backline.run")
AT_ONCE = (
    5.0  # seconds that the one-commit form may hold its transaction; its hard limit is at most twice that
)
NOTABLE = 0.05  # seconds of writing effects from which the end of a run is told anew


def answer_bell(runtime: Runtime, queue: str, more: Callable[[], None] | None = None) -> Outcome | None:
    """Carry the most urgent due run of a queue to an end. None: nothing to claim, a stale bell.

    `more` is called before a claimed run begins where others are due in that queue.
    """
    return _attempt(runtime, lambda connection: runtime.leases.pick(connection, queue), more)


def claim_at_once(runtime: Runtime, queue: str, more: Callable[[], None] | None = None) -> Outcome | None:
    """The same where the most urgent run is a plain one of the two-commit form: picked and claimed in one statement.

    None also where it is not: `answer_bell` sees to it.
    """
    if runtime.database.is_sqlite:
        return None
    tasks = [task for task in runtime.tasks.values() if task.queue == queue and not task.short]
    known = [f"{task.name}/{version}" for task in tasks for version in range(1, task.version + 1)]
    with runtime.database.alone() as connection:
        taken = runtime.leases.take(connection, queue, known, runtime.worker)
    if taken is None:
        return None
    row, claimed = taken
    bells: list[str] = []
    outcome = _carry_claimed(runtime, row, runtime.tasks[row.task], claimed, more, bells)
    _ring_all(runtime, row, bells)
    return outcome


def run_here(runtime: Runtime, run_id: str) -> Outcome | None:
    """Carry one queued run in this process. None: somebody else has it, or it is not due."""
    outcome = _attempt(runtime, lambda connection: runtime.leases.pick_one(connection, run_id))
    return None if outcome is None or outcome.state == LOST else outcome


def _attempt(
    runtime: Runtime, pick: Callable[[Connection], RunRow | None], more: Callable[[], None] | None = None
) -> Outcome | None:
    bells: list[str] = []
    try:
        with runtime.database.write() as connection:
            row = pick(connection)
            if row is None:
                return None
            task = runtime.tasks.get(row.task)
            refusal = refuse_unready(row, task)
            if refusal is not None:
                settle(runtime, connection, row, row.fence, refusal, from_state="queued")
                outcome = Outcome(row.id, refusal.state, refusal.error_text)
            elif task is not None and task.short and row.attempt == 0 and row.rings <= 1:
                outcome = _run_at_once(runtime, connection, row, task, bells)
            else:
                outcome = None
                claimed = runtime.leases.claim(connection, row, runtime.worker)
    except _EndFailed as failed:
        outcome, row = _record_failure(runtime, failed), failed.row
    if outcome is None and claimed is not None and task is not None:
        outcome = _carry_claimed(runtime, row, task, claimed, more, bells)
    _ring_all(runtime, row, bells)
    return outcome


def _carry_claimed(
    runtime: Runtime,
    row: RunRow,
    task: Task[Any, Any],
    claimed: Claimed,
    more: Callable[[], None] | None,
    bells: list[str],
) -> Outcome:
    if more is not None and claimed.more:
        more()
    outcome = _run_claimed(runtime, row, task, claimed.fence, bells)
    bells += _call_next(runtime, row)
    return replace(outcome, claimed=True)


def _ring_all(runtime: Runtime, row: RunRow, bells: list[str]) -> None:
    if row.canvas is not None:
        bells.append(name_teller(row.canvas))
    for queue in bells:
        runtime.ring(queue)


def _call_next(runtime: Runtime, row: RunRow) -> list[str]:
    """The queues in which others wait for the place of its concurrency key that this run has left."""
    if row.concurrency_key is None:
        return []
    try:
        with runtime.database.read() as connection:
            return runtime.leases.list_waiting(connection, row.concurrency_key)
    except Exception as error:  # they are found in any case, only later
        log.warning("run %s: who waits for its key is not known: %s", row.id, first_line(error))
        return []


def _run_at_once(
    runtime: Runtime, connection: Connection, row: RunRow, task: Task[Any, Any], bells: list[str]
) -> Outcome:
    """The one-commit form: the row is locked by this transaction until the task is done."""
    context = _make_context(runtime, row, task, row.fence + 1, most=AT_ONCE)
    context.watch.leased = False
    runtime.keeper.add(context.watch, lambda _: _kill_at_once(runtime, row, context))
    try:
        end, error = _do(runtime, row, task, context)
        kept = settle(runtime, connection, row, row.fence, end, from_state="queued", job=context.job)
        assert kept, "the row is locked by this transaction"
        if error is None:
            bells += _write_effects(runtime, connection, row, context)
        return Outcome(row.id, end.state, end.error_text)
    except Exception as failed:
        raise _EndFailed(row, context, failed) from failed
    finally:
        runtime.keeper.remove(context.watch)


def _run_claimed(
    runtime: Runtime, row: RunRow, task: Task[Any, Any], fence: int, bells: list[str]
) -> Outcome:
    """The two-commit form: the claim is committed, the lease is renewed while the task works."""
    context = _make_context(runtime, row, task, fence)
    runtime.keeper.add(context.watch, lambda _: _end_by_force(runtime, row, context))
    try:
        end, error = _do(runtime, row, task, context)
        if isinstance(error, LeaseLost):
            log.warning("run %s: lease lost, this attempt is dropped", row.id)
            return Outcome(row.id, LOST)
        return _finish_or_drop(runtime, row, context, end, error, bells)
    except (KeyboardInterrupt, SystemExit):
        _hand_back(runtime, row, context)
        raise
    finally:
        runtime.keeper.remove(context.watch)


def _finish_or_drop(
    runtime: Runtime,
    row: RunRow,
    context: RunContext,
    end: Settlement,
    error: Exception | None,
    bells: list[str],
) -> Outcome:
    """The finish. Where it fails itself, that is how the run ended; a lost lease writes nothing."""
    try:
        try:
            return _finish(runtime, row, context, end, error, bells)
        except Exception as failed:
            if isinstance(failed, LeaseLost) or (is_passing(failed) and not is_without_room(failed)):
                raise
            end, context.job = put_end(runtime, row, failed, context), None
            return _finish(runtime, row, context, end, failed, bells)
    except LeaseLost:
        log.warning("run %s: lease lost before the finish, nothing was written", row.id)
    except Exception as failed:
        if not is_passing(failed):
            raise
        log.warning("run %s: the database is away; the lease will sort it", row.id)
    return Outcome(row.id, LOST)


def _make_context(
    runtime: Runtime, row: RunRow, task: Task[Any, Any], fence: int, most: float = math.inf
) -> RunContext:
    """The soft limit is the task's own, or what is left until the deadline, but never more than `most` s."""
    soft = min(task.limits.soft, most, seconds_left(row))
    hard = soft + min(max(task.limits.hard - task.limits.soft, 0.0), most)
    watch = Watch(
        runtime.database, row.id, fence,
        attempt=row.attempt + 1, asked_by=row.asked_by, soft=soft, hard=hard, stop=runtime.stop,
    )  # fmt: skip
    intents = Intents(runtime.database, watch, runtime.secrets, runtime.lease_seconds)
    return RunContext(watch, Steps(runtime.database, watch), intents, row.priority)


def _do(
    runtime: Runtime, row: RunRow, task: Task[Any, Any], context: RunContext
) -> tuple[Settlement, Exception | None]:
    """Read the job, call the task, and put the end into words. Nothing is written here."""
    try:
        run = CurrentRun(row, context, runtime.database, lambda: _provide(runtime, Limiter, context))
        with SoftLimit(context.watch.soft), be_current(run):
            job = context.job = read_stored_job(task, row.version, row.job)
            needs = {name: _provide(runtime, kind, context) for name, kind in task.needs.items()}
            answer = wrap_answer(task, call_task(task, job, needs), runtime.code_version)
        context.watch.confirm()
    except Exception as error:
        return put_end(runtime, row, error, context), error
    attempt = row.attempt + 1
    return Settlement("succeeded", "succeeded", attempt, attempt, row.faults, row.bugs, answer=answer), None


def _provide(runtime: Runtime, kind: type, context: RunContext) -> Any:
    own = {
        Effects: context.effects, FollowUps: context.follow_ups, AuditTrail: context.trail,
        Steps: context.steps, Intents: context.intents, Watch: context.watch,
    }  # fmt: skip
    return own[kind] if kind in own else runtime.providers[kind](context)


def _finish(
    runtime: Runtime,
    row: RunRow,
    context: RunContext,
    end: Settlement,
    error: Exception | None,
    bells: list[str],
) -> Outcome:
    """The second commit. A database that is away is asked again for as long as a lease lasts."""
    wait, until = 0.1, time.monotonic() + runtime.lease_seconds
    while True:
        try:
            with runtime.database.write() as connection:
                fence, job = context.watch.fence, context.job
                if not settle(runtime, connection, row, fence, end, from_state="running", job=job):
                    end = end_cancelled(runtime, connection, row, context)
                elif error is None:
                    bells += _write_effects(runtime, connection, row, context)
            return Outcome(row.id, end.state, end.error_text)
        except Exception as failed:
            bells.clear()
            if time.monotonic() > until or not is_passing(failed) or is_without_room(failed):
                raise
            pause(wait)
            wait = min(wait * 2, 1.0)


def _write_effects(runtime: Runtime, connection: Connection, row: RunRow, context: RunContext) -> list[str]:
    """Effects, audit trail and follow-up runs, in the finish transaction. Returns the queues to ring."""
    began = time.monotonic()
    context.effects.apply(connection, runtime.database.writer_role)
    for action, subject, before, after, body in context.trail.entries:
        entry = make_entry(
            row.asked_by, action, subject, runtime.secrets,
            run_id=row.id, fence=context.watch.fence, before_sha=before, after_sha=after, **body,
        )  # fmt: skip
        insert_audit(connection, runtime.database.now_sql, entry)
    bells = []
    for number, wanted in enumerate(context.follow_ups.wanted):
        key = wanted.key or f"after:{row.id}:{number}"
        ask = Ask(row.asked_by, key=key, delay=wanted.delay, parent_id=row.id, trace_id=row.trace_id)
        task = runtime.tasks[wanted.task] if isinstance(wanted.task, str) else wanted.task
        job = wanted.job if isinstance(wanted.job, Job) else task.read_job(**wanted.job)
        submit_run(connection, runtime.database.now_sql, task, job, ask, runtime.ring_again)
        if wanted.delay <= 0:
            bells.append(task.queue)
    if time.monotonic() - began > NOTABLE:
        runtime.leases.end_later(connection, row.id)
    return bells


class _EndFailed(Exception):
    """The end of a one-commit run could not be written: its transaction is rolled back."""

    def __init__(self, row: RunRow, context: RunContext, error: Exception) -> None:
        self.row = row
        self.context = context
        self.error = error
        super().__init__(str(error))


def _record_failure(runtime: Runtime, failed: _EndFailed) -> Outcome:
    row = failed.row
    with runtime.database.write() as connection:
        again = runtime.leases.pick_one(connection, row.id)
        if again is None or again.fence != row.fence:
            return Outcome(row.id, LOST)
        end = put_end(runtime, again, failed.error, failed.context)
        settle(runtime, connection, again, again.fence, end, from_state="queued")
    return Outcome(row.id, end.state, end.error_text)


def _hand_back(runtime: Runtime, row: RunRow, context: RunContext) -> None:
    """This process is being stopped: the run is due again at once, and no attempt is counted."""
    end = Settlement("queued", "handed_back", row.attempt, row.attempt + 1, row.faults, row.bugs, 0.0, False)
    try:
        with runtime.database.write() as connection:
            if not settle(runtime, connection, row, context.watch.fence, end, from_state="running"):
                end_cancelled(runtime, connection, row, context)
    except Exception as error:  # nothing more can be done here: the lease runs out and the run is found again
        log.warning("run %s could not be handed back: %s", row.id, error)


def _kill_at_once(runtime: Runtime, row: RunRow, context: RunContext) -> None:
    """The hard limit of the one-commit form: only the death of this child frees the row, which is claimed then."""
    context.watch.lost = True
    log.error("run %s of %s still holds its transaction after %g s", row.id, row.task, context.watch.hard)
    if runtime.may_kill and not context.watch.ended:
        os.kill(os.getpid(), signal.SIGKILL)


def _end_by_force(runtime: Runtime, row: RunRow, context: RunContext) -> None:
    """The hard limit, or a cancel by force: end this worker child, which cannot be interrupted otherwise."""
    context.watch.lost = True
    try:
        if context.watch.withdrawn:
            log.warning("run %s of %s is cancelled by force", row.id, row.task)
            _leave_place(runtime, row, context)
        else:
            _write_hard_limit(runtime, row, context)
    except Exception as failed:  # the keeper must live on for the other runs; the lease sorts this one
        log.warning("run %s: its hard limit could not be written down: %s", row.id, failed)
    finally:
        if runtime.may_kill and not context.watch.ended:
            os.kill(os.getpid(), signal.SIGKILL)


def _leave_place(runtime: Runtime, row: RunRow, context: RunContext) -> None:
    """A run with a concurrency key that is cancelled by force kept its place until now, where its child ends."""
    if row.concurrency_key is None:
        return
    with runtime.database.write() as connection:
        end_cancelled(runtime, connection, row, context)
        call_waiting(connection, runtime.database.now_sql, row.concurrency_key)


def _write_hard_limit(runtime: Runtime, row: RunRow, context: RunContext) -> None:
    ended = " The worker child was ended." if runtime.may_kill else ""
    error = TimeLimit(f"Still busy after {context.watch.hard:g} s.{ended}")
    end = put_end(runtime, row, error, context)
    with runtime.database.write() as connection:
        if not settle(runtime, connection, row, context.watch.fence, end, from_state="running"):
            end_cancelled(runtime, connection, row, context)
