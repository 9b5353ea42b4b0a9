"""Job in, run row out, in the caller's transaction; the bell is rung after the commit."""

from __future__ import annotations

import secrets as randomness
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from backline.runtime.audit import digest
from backline.runtime.current import find_parent
from backline.runtime.task import Job, Task
from backline.storage.run_ids import new_run_id
from backline.storage.runs import NewRun, insert_run


@dataclass(frozen=True)
class Ask:
    """How a run is asked for. Times in seconds from now (delay) or from the due time (deadline, expires)."""

    asked_by: str
    key: str | None = None
    delay: float = 0.0
    priority: int | None = None
    deadline: float | None = None
    expires: float | None = None
    parent_id: str | None = None
    trace_id: str | None = None
    schedule_id: str | None = None
    slot: int | None = None
    queue: str | None = None
    canvas: str | None = None


def new_trace_id() -> str:
    """A trace id as W3C trace context spells it: 16 bytes in hex."""
    return randomness.token_hex(16)


def prepare_run(task: Task[Any, Any], job: Job, ask: Ask, ring_again: float) -> NewRun:
    """The row of a run, not yet inserted. Where the ask says no parent, it is the run that this code is part of."""
    parent_id, trace_id = (ask.parent_id, ask.trace_id) if ask.parent_id else find_parent()
    text = job.model_dump_json()
    limits = task.limits
    return NewRun(
        id=new_run_id(),
        task=task.name,
        version=task.version,
        queue=ask.queue or task.queue,
        priority=task.priority if ask.priority is None else ask.priority,
        job=text,
        job_sha=digest(text) or "",
        trace_id=trace_id or ask.trace_id or new_trace_id(),
        asked_by=ask.asked_by,
        idempotency_key=ask.key,
        delay=ask.delay,
        deadline=limits.deadline if ask.deadline is None else ask.deadline,
        expires=limits.expires if ask.expires is None else ask.expires,
        concurrency_key=task.concurrency(job) if task.concurrency else None,
        concurrency_limit=task.concurrency_limit,
        parent_id=parent_id,
        schedule_id=ask.schedule_id,
        slot=ask.slot,
        ring_again=ring_again,
        canvas=ask.canvas,
    )


def submit_run(
    connection: Connection, now_sql: str, task: Task[Any, Any], job: Job, ask: Ask, ring_again: float
) -> str:
    """Insert the row in the caller's transaction and return the run's id; ring after the commit."""
    return insert_run(connection, now_sql, prepare_run(task, job, ask, ring_again))
