"""ONE RUN, read top to bottom: pick, claim, read the job, do, judge, finish.

A short task on its first ring is one commit: the picked row stays locked while the task works and
its effects, answer, attempt and audit row commit together. Every other run is two commits: the
claim (lease and fence), and the finish, which is guarded by the fence.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from backline.errors import BadInput, Cancelled, LeaseLost, TimeLimit
from backline.runtime.audit import Secrets, describe_job, digest, make_entry
from backline.runtime.claim import Keeper, SoftLimit, Watch
from backline.runtime.effects import AuditTrail, Effects, FollowUps
from backline.runtime.retry import BrokenContract, Verdict, describe_error, is_passing, judge
from backline.runtime.steps import Steps
from backline.runtime.submit import Ask, submit_run
from backline.runtime.task import BadTask, Job, Task
from backline.storage.audits import insert_audit
from backline.storage.database import Database
from backline.storage.leases import Leases, RunRow, Settlement

log = logging.getLogger("backline.run")
Provider = Callable[["RunContext"], Any]
RUNTIME_NEEDS = (Effects, FollowUps, AuditTrail, Steps, Watch)


@dataclass
class RunContext:
    """What one attempt works with."""

    watch: Watch
    steps: Steps
    effects: Effects = field(default_factory=Effects)
    follow_ups: FollowUps = field(default_factory=FollowUps)
    job: Job | None = None
    trail: AuditTrail = field(default_factory=AuditTrail)


@dataclass
class Runtime:
    """Everything a process needs to carry runs. Made in wiring.py."""

    database: Database
    leases: Leases
    tasks: Mapping[str, Task[Any, Any]]
    providers: Mapping[type, Provider]
    secrets: Secrets
    worker: str
    code_version: str
    lease_seconds: float
    ring_again: float
    ring: Callable[[str], bool]
    may_kill: bool = False  # a worker child may end itself at a hard time limit

    def __post_init__(self) -> None:
        self.keeper = Keeper(self.database, self.leases, self.lease_seconds)
        for task in self.tasks.values():
            for parameter, kind in task.needs.items():
                if kind not in self.providers and kind not in RUNTIME_NEEDS:
                    raise BadTask(f"Task {task.name}: nothing provides {kind.__name__} for {parameter}.")
            if task.short and (Steps in task.needs.values() or Watch in task.needs.values()):
                raise BadTask(f"Task {task.name} is short: it cannot keep steps or watch its lease.")


@dataclass(frozen=True)
class Outcome:
    """Where a run stands after an attempt."""

    run_id: str
    state: str
    error: str | None = None


def answer_bell(runtime: Runtime, queue: str) -> Outcome | None:
    """Carry the most urgent due run of a queue to an end. None: nothing to claim, a stale bell."""
    return _attempt(runtime, lambda connection: runtime.leases.pick(connection, queue))


def drain_queue(runtime: Runtime, queue: str, seconds: float = 0.5) -> int:
    """Answer a bell: carry due runs until none is left or the slice of time is over. Returns how many.

    The second run found means that there is more than one pair of hands can do: one more bell is rung.
    A slice that ends before the queue does rings for whoever goes on, so that other queues get their turn.
    """
    began, count = time.monotonic(), 0
    while answer_bell(runtime, queue) is not None:
        count += 1
        if time.monotonic() - began > seconds:
            runtime.ring(queue)
            break
        if count == 2:
            runtime.ring(queue)
    return count


def run_here(runtime: Runtime, run_id: str) -> Outcome | None:
    """Carry one queued run in this process. None: somebody else has it, or it is not due."""
    return _attempt(runtime, lambda connection: runtime.leases.pick_one(connection, run_id))


def _attempt(runtime: Runtime, pick: Callable[[Connection], RunRow | None]) -> Outcome | None:
    bells: list[str] = []
    try:
        with runtime.database.write() as connection:
            row = pick(connection)
            if row is None:
                return None
            task = runtime.tasks.get(row.task)
            refusal = _refuse_unready(row, task)
            if refusal is not None:
                _settle(runtime, connection, row, row.fence, refusal, from_state="queued")
                return Outcome(row.id, refusal.state, refusal.error_text)
            assert task is not None
            if task.short and row.attempt == 0 and row.rings <= 1:
                outcome = _run_at_once(runtime, connection, row, task, bells)
            else:
                outcome = None
                fence = runtime.leases.claim(connection, row, runtime.worker)
    except _EffectsFailed as failed:
        return _record_failure(runtime, failed.row, failed.error)
    if outcome is None and fence is not None:
        outcome = _run_claimed(runtime, row, task, fence, bells)
    for queue in bells:
        runtime.ring(queue)
    return outcome


def _refuse_unready(row: RunRow, task: Task[Any, Any] | None) -> Settlement | None:
    """A run that must not start: too late, or written by code newer than this."""
    if row.expires_at is not None and row.expires_at <= row.now_at:
        return _end(row, "expired", "expired", "Not started in time; its result would have come too late.")
    if row.deadline_at is not None and row.deadline_at <= row.now_at:
        return _end(row, "needs_attention", "deadline", "Not finished by its deadline.")
    if task is None:
        words = f"This code knows no task {row.task}; the run waits for code that does."
        return _end(row, "blocked", "unknown_task", words)
    if row.version > task.version:
        words = f"The job is of version {row.version}, this code knows {task.version}; the run waits for newer code."
        return _end(row, "blocked", "unknown_version", words)
    return None


def _end(row: RunRow, state: str, kind: str, words: str) -> Settlement:
    return Settlement(
        state, state, row.attempt, row.attempt, row.faults, row.bugs,
        final=state != "blocked", error_kind=kind, error_text=words,
    )  # fmt: skip


def _run_at_once(
    runtime: Runtime, connection: Connection, row: RunRow, task: Task[Any, Any], bells: list[str]
) -> Outcome:
    """The one-commit form: the row is locked by this transaction until the task is done."""
    context = _make_context(runtime, row, task, row.fence + 1)
    end, error = _do(runtime, row, task, context)
    _settle(runtime, connection, row, row.fence, end, from_state="queued", job=context.job)
    if error is None:
        try:
            bells += _write_effects(runtime, connection, row, context)
        except Exception as failed:
            raise _EffectsFailed(row, failed) from failed
    return Outcome(row.id, end.state, end.error_text)


def _run_claimed(
    runtime: Runtime, row: RunRow, task: Task[Any, Any], fence: int, bells: list[str]
) -> Outcome | None:
    """The two-commit form: the claim is committed, the lease is renewed while the task works."""
    context = _make_context(runtime, row, task, fence)
    runtime.keeper.add(context.watch, lambda watch: _end_by_force(runtime, row, watch))
    try:
        end, error = _do(runtime, row, task, context)
        if isinstance(error, LeaseLost):
            log.warning("run %s: lease lost, this attempt is dropped", row.id)
            return None
        try:
            return _finish(runtime, row, context, end, error, bells)
        except LeaseLost:
            log.warning("run %s: lease lost before the finish, nothing was written", row.id)
            return None
        except Exception as failed:
            if is_passing(failed):
                log.warning("run %s: the database is away; the lease will sort it", row.id)
                return None
            end = _judge(runtime, row, failed)
            return _finish(runtime, row, context, end, failed, bells)
    except BaseException:
        _hand_back(runtime, row, context)
        raise
    finally:
        runtime.keeper.remove(context.watch)


def _make_context(runtime: Runtime, row: RunRow, task: Task[Any, Any], fence: int) -> RunContext:
    watch = Watch(
        runtime.database, row.id, fence, attempt=row.attempt + 1, asked_by=row.asked_by,
        soft=task.limits.soft, hard=task.limits.hard,
    )  # fmt: skip
    return RunContext(watch, Steps(runtime.database, watch))


def _do(
    runtime: Runtime, row: RunRow, task: Task[Any, Any], context: RunContext
) -> tuple[Settlement, Exception | None]:
    """Read the job, call the task, and put the end into words. Nothing is written here."""
    try:
        with SoftLimit(task.limits.soft):
            job = context.job = read_stored_job(task, row.version, row.job)
            needs = {name: _provide(runtime, kind, context) for name, kind in task.needs.items()}
            answer = _wrap_answer(runtime, task, task.function(job, **needs))
        context.watch.checkpoint()
    except Exception as error:
        return _judge(runtime, row, error), error
    attempt = row.attempt + 1
    return Settlement("succeeded", "succeeded", attempt, attempt, row.faults, row.bugs, answer=answer), None


def read_stored_job(task: Task[Any, Any], version: int, text: str) -> Job:
    """The job of a row, brought to the task's version. An old job that cannot be read breaks the contract."""
    if version == task.version:
        return task.read_json(text)
    try:
        tree = json.loads(text)
        for step in range(version, task.version):
            tree = task.upgrades[step](tree)
        return task.read_json(json.dumps(tree))
    except (BadInput, KeyError, TypeError, ValueError) as error:
        raise BrokenContract(f"A stored job of version {version} does not upgrade: {error}") from error


def _provide(runtime: Runtime, kind: type, context: RunContext) -> Any:
    own = {
        Effects: context.effects, FollowUps: context.follow_ups, AuditTrail: context.trail,
        Steps: context.steps, Watch: context.watch,
    }  # fmt: skip
    return own[kind] if kind in own else runtime.providers[kind](context)


def _wrap_answer(runtime: Runtime, task: Task[Any, Any], answer: Any) -> str:
    """The answer as JSON with task, version and code version in front. Raises `BrokenContract`."""
    if not isinstance(answer, task.answer):
        raise BrokenContract(f"{task.name} answered {type(answer).__name__}, not {task.answer.__name__}.")
    try:
        body = answer.model_dump_json(warnings="error")
    except ValueError as error:
        raise BrokenContract(
            f"{task.name}: the answer is not what {task.answer.__name__} says: {error}"
        ) from error
    head = json.dumps({"task": task.name, "version": task.version, "code_version": runtime.code_version})
    return head[:-1] + (", " + body[1:] if len(body) > 2 else "}")


def _judge(runtime: Runtime, row: RunRow, error: BaseException) -> Settlement:
    """The verdict of retry.py as a settlement; a wait beyond the deadline becomes a matter for a person."""
    verdict: Verdict = judge(error, faults=row.faults, bugs=row.bugs)
    state, delay, kind = verdict.state, verdict.delay, verdict.kind
    words = runtime.secrets.strike(describe_error(error))
    if state == "scheduled" and delay is not None and row.deadline_at is not None:
        if row.now_at + delay * 1_000_000 > row.deadline_at:
            state, delay, kind = "needs_attention", None, "deadline"
            words = f"{words} The next attempt in {verdict.delay:.0f} s would come after the deadline."
    if state in ("failed", "dead"):
        log.error("run %s of %s is %s (%s): %s", row.id, row.task, state, kind, words)
    attempt = row.attempt + (1 if verdict.counts_attempt else 0)
    return Settlement(
        state, kind, attempt, row.attempt + 1,
        faults=row.faults + verdict.fault, bugs=row.bugs + verdict.bug, delay=delay,
        final=state not in ("scheduled", "queued", "blocked"), error_kind=kind, error_text=words,
    )  # fmt: skip


def _finish(
    runtime: Runtime,
    row: RunRow,
    context: RunContext,
    end: Settlement,
    error: Exception | None,
    bells: list[str],
) -> Outcome:
    """The second commit. A database that is away for a moment is asked again while the lease lasts."""
    pause = threading.Event()
    for wait in (0.1, 0.3, 0.6, 1.0, 1.0, None):
        try:
            with runtime.database.write() as connection:
                fence, job = context.watch.fence, context.job
                if not _settle(runtime, connection, row, fence, end, from_state="running", job=job):
                    end = _end_cancelled(runtime, connection, row, context)
                elif error is None:
                    bells += _write_effects(runtime, connection, row, context)
            return Outcome(row.id, end.state, end.error_text)
        except Exception as failed:
            if wait is None or not is_passing(failed):
                raise
            bells.clear()
            pause.wait(wait)
    raise LeaseLost


def _end_cancelled(runtime: Runtime, connection: Connection, row: RunRow, context: RunContext) -> Settlement:
    """The finish found no row: either a cancel came first, or the lease is lost (`LeaseLost`)."""
    end = _judge(runtime, row, Cancelled())
    if not _settle(runtime, connection, row, context.watch.fence, end, from_state="running", job=context.job):
        raise LeaseLost
    return end


def _settle(
    runtime: Runtime,
    connection: Connection,
    row: RunRow,
    fence: int,
    end: Settlement,
    *,
    from_state: str,
    job: Job | None = None,
) -> bool:
    entry = make_entry(
        row.asked_by, f"run.{end.state}", f"run:{row.id}", runtime.secrets,
        run_id=row.id, fence=fence, before_sha=row.job_sha, after_sha=digest(end.answer),
        task=row.task, version=row.version, worker=runtime.worker,
        job=None if job is None else describe_job(job, runtime.secrets), error_kind=end.error_kind,
    )  # fmt: skip
    return runtime.leases.settle(
        connection, row, fence, from_state=from_state, worker=runtime.worker, started_at=row.now_at,
        code_version=runtime.code_version, end=end, audit=entry,
    )  # fmt: skip


def _write_effects(runtime: Runtime, connection: Connection, row: RunRow, context: RunContext) -> list[str]:
    """Effects, audit trail and follow-up runs, in the finish transaction. Returns the queues to ring."""
    context.effects.apply(connection)
    for action, object, before, after, body in context.trail.entries:
        entry = make_entry(
            row.asked_by, action, object, runtime.secrets,
            run_id=row.id, fence=context.watch.fence, before_sha=before, after_sha=after, **body,
        )  # fmt: skip
        insert_audit(connection, runtime.database.now_sql, entry)
    bells = []
    for number, wanted in enumerate(context.follow_ups.wanted):
        key = wanted.key or f"after:{row.id}:{number}"
        ask = Ask(row.asked_by, key=key, delay=wanted.delay, parent_id=row.id, trace_id=row.trace_id)
        submit_run(connection, runtime.database.now_sql, wanted.task, wanted.job, ask, runtime.ring_again)
        if wanted.delay <= 0:
            bells.append(wanted.task.queue)
    return bells


class _EffectsFailed(Exception):
    """The effects of a one-commit run could not be written: its transaction is rolled back."""

    def __init__(self, row: RunRow, error: Exception) -> None:
        self.row = row
        self.error = error
        super().__init__(str(error))


def _record_failure(runtime: Runtime, row: RunRow, error: Exception) -> Outcome | None:
    with runtime.database.write() as connection:
        again = runtime.leases.pick_one(connection, row.id)
        if again is None or again.fence != row.fence:
            return None
        end = _judge(runtime, again, error)
        _settle(runtime, connection, again, again.fence, end, from_state="queued")
    return Outcome(row.id, end.state, end.error_text)


def _hand_back(runtime: Runtime, row: RunRow, context: RunContext) -> None:
    """This process is being stopped: the run is due again at once, and no attempt is counted."""
    end = Settlement("queued", "handed_back", row.attempt, row.attempt + 1, row.faults, row.bugs, 0.0, False)
    try:
        with runtime.database.write() as connection:
            _settle(runtime, connection, row, context.watch.fence, end, from_state="running")
    except Exception as error:  # nothing more can be done here: the lease runs out and the run is found again
        log.warning("run %s could not be handed back: %s", row.id, error)


def _end_by_force(runtime: Runtime, row: RunRow, watch: Watch) -> None:
    """The hard limit: write the failure down, then end this worker child, which cannot be interrupted otherwise."""
    watch.lost = True
    error = TimeLimit(f"Still busy after {watch.hard:g} s; the worker child was ended.")
    end = _judge(runtime, row, error)
    try:
        with runtime.database.write() as connection:
            _settle(runtime, connection, row, watch.fence, end, from_state="running")
    finally:
        if runtime.may_kill:
            os.kill(os.getpid(), signal.SIGKILL)
