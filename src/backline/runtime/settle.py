"""The end of an attempt in words and numbers: refusals, verdicts, and the one statement that writes them down."""

from __future__ import annotations

import logging
import math
from typing import Any

from sqlalchemy import Connection

from backline.errors import Cancelled, LeaseLost, TimeLimit
from backline.runtime.audit import describe_job, digest, list_private, make_entry
from backline.runtime.context import RunContext, Runtime
from backline.runtime.retry import Verdict, describe_error, judge
from backline.runtime.task import Job, Task
from backline.storage.canvases import AGAIN, insert_tell
from backline.storage.leases import RunRow, Settlement
from backline.storage.sweeps import EXPIRED, PAST_DEADLINE

log = logging.getLogger("backline.run")


def refuse_unready(row: RunRow, task: Task[Any, Any] | None) -> Settlement | None:
    """A run that must not start: taken back, too late, or written by code newer than this."""
    if row.cancel_requested_at is not None:
        return _end(row, "cancelled", "cancelled", "Cancelled before it could start again.")
    if row.expires_at is not None and row.expires_at <= row.now_at and row.started_at is None:
        return _end(row, *EXPIRED)
    if row.deadline_at is not None and row.deadline_at <= row.now_at:
        return _end(row, *PAST_DEADLINE)
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
        delay=_wait_blocked(row) if state == "blocked" else None,
        final=state != "blocked", error_kind=kind, error_text=words,
    )  # fmt: skip


def _wait_blocked(row: RunRow) -> float:
    """Seconds until newer code may try: none at first, then longer each time, so that mixed versions rest."""
    return 0.0 if row.fence < 2 else min(900.0, 2.0 ** (row.fence // 2))


def seconds_left(row: RunRow) -> float:
    """From the pick to the run's deadline; infinite where it has none."""
    return math.inf if row.deadline_at is None else (row.deadline_at - row.now_at) / 1_000_000


def put_end(
    runtime: Runtime, row: RunRow, error: BaseException, context: RunContext | None = None
) -> Settlement:
    """The verdict of retry.py as a settlement; a wait beyond the deadline becomes a matter for a person."""
    verdict: Verdict = judge(error, faults=row.faults, bugs=row.bugs)
    state, delay, kind = verdict.state, verdict.delay, verdict.kind
    words = runtime.secrets.strike(describe_error(error), list_private(context.job if context else None))
    left = seconds_left(row) - (context.watch.elapsed if context else 0.0)
    if isinstance(error, TimeLimit) and left <= 0:
        state, delay, kind, words = (
            "needs_attention",
            None,
            "deadline",
            f"Not finished by its deadline: {words}",
        )
    elif state == "scheduled" and delay is not None and delay > left:
        words = f"{words} The next attempt in {delay:.0f} s would come after the deadline."
        state, delay, kind = "needs_attention", None, "deadline"
    if state in ("failed", "dead"):
        log.error("run %s of %s is %s (%s): %s", row.id, row.task, state, kind, words)
    if state == "blocked":
        delay = _wait_blocked(row)
    attempt = row.attempt + (1 if verdict.counts_attempt else 0)
    return Settlement(
        state, kind, attempt, row.attempt + 1,
        faults=row.faults + verdict.fault, bugs=row.bugs + verdict.bug, delay=delay,
        final=state not in ("scheduled", "queued", "blocked"), error_kind=kind, error_text=words,
    )  # fmt: skip


def end_cancelled(runtime: Runtime, connection: Connection, row: RunRow, context: RunContext) -> Settlement:
    """The finish found no row: either a cancel came first, or the lease is lost (`LeaseLost`).

    That somebody asked is looked at again: where a crash of the server took our claim back, another worker may have
    claimed the run under the same fence since the finish found nothing.
    """
    if not runtime.leases.renew(connection, row.id, context.watch.fence)[1]:
        raise LeaseLost
    end = put_end(runtime, row, Cancelled())
    if not settle(runtime, connection, row, context.watch.fence, end, from_state="running", job=context.job):
        raise LeaseLost
    return end


def settle(
    runtime: Runtime,
    connection: Connection,
    row: RunRow,
    fence: int,
    end: Settlement,
    *,
    from_state: str,
    job: Job | None = None,
) -> bool:
    """Write the end of an attempt with its audit row; False where the fence is stale or a cancel came first."""
    entry = make_entry(
        row.asked_by, f"run.{end.state}", f"run:{row.id}", runtime.secrets,
        run_id=row.id, fence=fence, before_sha=row.job_sha, after_sha=digest(end.answer),
        task=row.task, version=row.version, worker=runtime.worker,
        job=None if job is None else describe_job(job), error_kind=end.error_kind,
    )  # fmt: skip
    settled = runtime.leases.settle(
        connection, row, fence, from_state=from_state, worker=runtime.worker, started_at=row.now_at,
        code_version=runtime.code_version, end=end, audit=entry,
    )  # fmt: skip
    if settled and row.canvas is not None and end.state != "queued":
        insert_tell(connection, runtime.database.now_sql, row.id, again=AGAIN)
    return settled
