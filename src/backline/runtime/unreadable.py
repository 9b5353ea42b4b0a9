"""A message whose job cannot be used becomes a failed run, so that a person sees it and nothing vanishes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from backline.errors import BadInput, Conflict
from backline.runtime.audit import digest
from backline.runtime.context import Runtime
from backline.runtime.retry import describe_error
from backline.runtime.settle import settle
from backline.runtime.submit import Ask, prepare_run
from backline.runtime.task import Task
from backline.storage.leases import Settlement
from backline.storage.runs import NewRun, insert_run


def keep_unreadable(
    runtime: Runtime,
    task: Task[Any, Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    ask: Ask,
    error: Exception,
) -> str:
    """Keep what was asked for, as it came, with the error that it met. Returns the run's id.

    The same message again is the same run. A key that belongs to another job, or may yet be one's that can be
    used, is left to that one; this run has a key of its own then.
    """
    text = json.dumps({"args": list(args), "kwargs": dict(kwargs)}, default=str)
    own_key = f"kept:{ask.key}:{digest(text)}" if ask.key else None
    is_key_good = isinstance(error, BadInput) and not isinstance(error, Conflict)
    plain = Ask(ask.asked_by, key=ask.key if is_key_good else own_key, canvas=ask.canvas)
    new = prepare_run(replace(task, concurrency=None), task.job.model_construct(), plain, runtime.ring_again)
    new = replace(new, job=text, job_sha=digest(text) or "")
    try:
        return _insert_failed(runtime, new, error)
    except Conflict:
        return _insert_failed(runtime, replace(new, idempotency_key=own_key), error)


def _insert_failed(runtime: Runtime, new: NewRun, error: Exception) -> str:
    """The row with its end, attempt and audit row, in one commit; only its id where it was kept before."""
    words = runtime.secrets.strike(describe_error(error))
    kind = "bad_input" if isinstance(error, BadInput) else "bug"
    end = Settlement("failed", kind, 1, 1, error_kind=kind, error_text=words)
    with runtime.database.write() as connection:
        run_id = insert_run(connection, runtime.database.now_sql, new)
        row = runtime.leases.pick_one(connection, run_id)
        if row is not None:
            settle(runtime, connection, row, row.fence, end, from_state="queued")
    return run_id
