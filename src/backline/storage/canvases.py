"""Canvases of Celery: what is to be told when a run has ended, and results of tasks that have no row here.

The column `canvas` of a run is JSON: `queue`, where whoever can tell it listens, and what Celery needs to know
(callbacks, chain, chord …). Whatever moves such a run to an end, or to a wait, inserts in the same transaction
the run that tells it, so nothing that has ended can stay untold.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy import Connection, text

from backline.storage.run_ids import new_run_id
from backline.storage.runs import NewRun, RunRow, insert_run

TELL = "canvas.tell_end"
VERSION = 1
_CELERY_ID = "celery:"  # what an idempotency key begins with that is the id of a Celery task
AGAIN = 2.0  # seconds until a bell is rung for it again where whoever asks rings one
URGENT = 1  # others wait for what is told

_READ = text(
    "SELECT canvas, fence, trace_id, asked_by FROM backline_run WHERE id = :id AND canvas IS NOT NULL"
)
# The second LIKE tells both databases that the index of such keys fits.
_FIND = text(
    "SELECT id, task, state, job, answer, error_kind, error_text, canvas, fence, finished_at, due_at, worker, "
    "answered_at, parent_id FROM backline_run WHERE id = :id OR "
    f"(idempotency_key = :key AND idempotency_key LIKE '{_CELERY_ID}%') ORDER BY id LIMIT 1"
)
_FIND_TELL = text("SELECT id FROM backline_run WHERE task = :task AND idempotency_key = :key")
_KEEP = """
INSERT INTO backline_result (id, state, body, made_at) VALUES (:id, :state, :body, {now})
ON CONFLICT (id) DO UPDATE SET state = excluded.state, body = excluded.body, made_at = excluded.made_at
WHERE backline_result.state <> 'SUCCESS' OR excluded.state = 'SUCCESS'
"""
_READ_RESULT = text("SELECT state, body FROM backline_result WHERE id = :id")
_DROP_RESULT = text("DELETE FROM backline_result WHERE id = :id")


def name_key(task_id: str) -> str:
    """The idempotency key of a run that Celery knows by this id."""
    return _CELERY_ID + task_id


def read_task_id(key: str | None) -> str | None:
    """The Celery id that is the key of a run; None where it has another key, or none."""
    return key.removeprefix(_CELERY_ID) if key is not None and key.startswith(_CELERY_ID) else None


def insert_tell(
    connection: Connection, now_sql: str, run_id: str, *, why: str = "", again: float = 0.0
) -> str | None:
    """Where the run has a canvas, ask for the run that tells its state; its queue.

    Once for each state it comes to: the fence tells them apart, and `why` what moves no fence. The re-driver rings
    for it after `again` seconds.
    """
    row = connection.execute(_READ, {"id": run_id}).first()
    if row is None:
        return None
    queue = name_teller(row.canvas)
    job = json.dumps({"run_id": run_id, "fence": row.fence}, separators=(",", ":"))
    new = NewRun(
        id=new_run_id(), task=TELL, version=VERSION, queue=queue, priority=URGENT, job=job,
        job_sha=hashlib.sha256(job.encode()).hexdigest(), trace_id=row.trace_id, asked_by=row.asked_by,
        idempotency_key=_name_tell(run_id, row.fence, why), parent_id=run_id, ring_again=again,
    )  # fmt: skip
    insert_run(connection, now_sql, new)
    return queue


def name_teller(canvas: str) -> str:
    """The queue in which whoever can tell this canvas listens."""
    return str(json.loads(canvas)["queue"])


def read_root(canvas: str | None) -> str | None:
    """The id of the first task of the canvas; None where it says none."""
    return None if canvas is None else json.loads(canvas).get("root_id")


def _name_tell(run_id: str, fence: int, why: str = "") -> str:
    return f"tell:{run_id}:{fence}{why and ':'}{why}"


def find_tell(connection: Connection, run_id: str, fence: int) -> str | None:
    """The id of the run that tells this end of a run."""
    values = {"task": TELL, "key": _name_tell(run_id, fence)}
    found = connection.execute(_FIND_TELL, values).scalar()
    return None if found is None else str(found)


def find_told(connection: Connection, task_id: str) -> RunRow | None:
    """The run of this id, or the one that a Celery task of this id became."""
    return connection.execute(_FIND, {"id": task_id, "key": name_key(task_id)}).first()


def keep_result(connection: Connection, now_sql: str, task_id: str, state: str, body: str) -> None:
    """Keep a result (JSON) of what has no row here; one that succeeded is not overwritten by a failure."""
    connection.execute(text(_KEEP.format(now=now_sql)), {"id": task_id, "state": state, "body": body})


def read_result(connection: Connection, task_id: str) -> tuple[str, Any] | None:
    """State and body of a kept result."""
    row = connection.execute(_READ_RESULT, {"id": task_id}).first()
    return None if row is None else (str(row.state), json.loads(row.body))


def drop_result(connection: Connection, task_id: str) -> None:
    """Forget a kept result."""
    connection.execute(_DROP_RESULT, {"id": task_id})
