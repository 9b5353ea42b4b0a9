"""Queries of the run ledger that submit, read, list and answer runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select, text

from backline.errors import BadInput, Conflict, UnknownName
from backline.storage import run_tables as t
from backline.storage.attempts import insert_attempt
from backline.storage.clock import seconds_to_micros
from backline.storage.statement import Statement

RunRow = Any  # a row of the ledger: columns as attributes


@dataclass(frozen=True)
class NewRun:
    """A run as it is asked for. Times in seconds: `delay` from now, the others from the due time."""

    id: str
    task: str
    version: int
    queue: str
    priority: int
    job: str
    job_sha: str
    trace_id: str
    asked_by: str
    idempotency_key: str | None = None
    delay: float = 0.0
    deadline: float | None = None
    expires: float | None = None
    concurrency_key: str | None = None
    concurrency_limit: int = 0
    parent_id: str | None = None
    schedule_id: str | None = None
    slot: int | None = None
    ring_again: float = 25.0
    canvas: str | None = None


INSERT_RUN = """
INSERT INTO backline_run (id, task, version, queue, priority, idempotency_key, job, job_sha, state, due_at,
    deadline_at, expires_at, concurrency_key, concurrency_limit, rings, ring_at, trace_id, asked_by, parent_id,
    schedule_id, slot, canvas, created_at)
SELECT :id, :task, :version, :queue, :priority, :idempotency_key, :job, :job_sha, :state, n.at + :delay,
    n.at + :delay + CAST(:deadline AS BIGINT), n.at + :delay + CAST(:expires AS BIGINT), :concurrency_key,
    :concurrency_limit, CAST(:rings AS INTEGER), n.at + :ring_again, :trace_id, :asked_by, :parent_id,
    :schedule_id, CAST(:slot AS BIGINT), :canvas, n.at
FROM (SELECT {now} AS at) AS n WHERE true
ON CONFLICT DO NOTHING RETURNING id
"""
_NOT_SUCCEEDED = text("state <> 'succeeded'")  # tells SQLite that the index of open runs fits
_UNANSWERED = (_NOT_SUCCEEDED, t.run.c.state.in_(t.UNANSWERED_STATES), t.run.c.answered_at.is_(None))
_STATEMENTS: dict[str, Statement] = {}


def insert_run(connection: Connection, now_sql: str, new: NewRun) -> str:
    """Insert the row in the caller's transaction and return its id.

    A key that was used before returns the earlier run's id; with another job it raises `Conflict`.
    """
    statement = _STATEMENTS.get(now_sql)
    if statement is None:
        statement = _STATEMENTS[now_sql] = Statement(INSERT_RUN.format(now=now_sql), connection.dialect.name)
    row = statement.first(connection, list_values(new))
    if row is not None:
        return str(row.id)
    earlier = _find_earlier(connection, new)
    refuse_other_job(new, earlier.id, earlier.job_sha)
    return str(earlier.id)


def list_values(new: NewRun) -> dict[str, Any]:
    """The values of `INSERT_RUN`, by name."""
    return vars(new) | {
        "state": "scheduled" if new.delay > 0 else "queued",
        "rings": 0 if new.delay > 0 else 1,  # whoever asks for a run of now rings right after the commit
        "delay": seconds_to_micros(max(new.delay, 0.0)),
        "deadline": None if new.deadline is None else seconds_to_micros(new.deadline),
        "expires": None if new.expires is None else seconds_to_micros(new.expires),
        "ring_again": seconds_to_micros(max(new.delay, 0.0) + new.ring_again),
    }


def refuse_other_job(new: NewRun, earlier_id: str, earlier_sha: str) -> None:
    """Raise `Conflict` where the run that has the key was asked for with another job."""
    if earlier_sha != new.job_sha:
        raise Conflict(
            f"The key {new.idempotency_key} of {new.task} belongs to run {earlier_id} with another job.",
            remedy="Take another key, or ask for the same job.",
        )


def _find_earlier(connection: Connection, new: NewRun) -> RunRow:
    """This very run, where an earlier commit went through unheard of; else the run that has its key."""
    columns = select(t.run.c.id, t.run.c.job_sha)
    itself = connection.execute(columns.where(t.run.c.id == new.id)).first()
    if itself is not None:
        return itself
    key = (t.run.c.task == new.task) & (t.run.c.idempotency_key == new.idempotency_key)
    return connection.execute(columns.where(key)).one()


def find_run(connection: Connection, task: str, key: str) -> str | None:
    """The id of the run of that task that was asked for under that idempotency key."""
    query = select(t.run.c.id).where(t.run.c.task == task, t.run.c.idempotency_key == key)
    return connection.execute(query).scalar_one_or_none()


def find_open_run(connection: Connection, task: str, job: str, *, besides: str) -> str | None:
    """The oldest run of that task with just that job, `besides` aside, that is not over.

    Over is what succeeded, was cancelled, or failed and was answered.
    """
    c = t.run.c
    is_open = (_NOT_SUCCEEDED, c.state != "cancelled", c.answered_at.is_(None))
    query = select(c.id).where(*is_open, c.task == task, c.job == job, c.id != besides)
    return connection.execute(query.order_by(c.id).limit(1)).scalar_one_or_none()


def read_run(connection: Connection, run_id: str) -> RunRow:
    """One run by its id, or by a beginning of it that fits only one. Raises `UnknownName`."""
    rows = connection.execute(
        select(t.run).where(t.run.c.id.startswith(run_id, autoescape=True)).limit(2)
    ).all()
    exact = [row for row in rows if row.id == run_id]
    if exact:
        return exact[0]
    if len(rows) != 1 or not run_id:
        known = "more than one run starts so" if rows else "no run starts so"
        raise UnknownName(f"Run {run_id!r}: {known}.", remedy="`backline runs list` shows them.")
    return rows[0]


def read_state(connection: Connection, run_id: str) -> RunRow | None:
    """State, answer and error of one run; None where there is no such run."""
    columns = (t.run.c.state, t.run.c.answer, t.run.c.error_kind, t.run.c.error_text, t.run.c.progress)
    return connection.execute(select(*columns).where(t.run.c.id == run_id)).first()


def has_working_neighbour(connection: Connection, run_id: str, moment: int) -> bool:
    """Whether another run of the same queue is in the hands of a worker whose lease has not run out."""
    c, mine = t.run.c, t.run.alias()
    queue = select(mine.c.queue).where(mine.c.id == run_id).scalar_subquery()
    query = select(c.id).where(c.queue == queue, c.state == "running", c.lease_until > moment).limit(1)
    return connection.execute(query).first() is not None


def list_runs(
    connection: Connection,
    *,
    states: Sequence[str] = (),
    task: str | None = None,
    unanswered: bool = False,
    oldest_first: bool = False,
    before: str | None = None,
    limit: int = 50,
) -> list[RunRow]:
    """In the order of the ids; `unanswered` keeps failures that nobody has answered yet, `before` older ids."""
    query = select(t.run).order_by(t.run.c.id if oldest_first else t.run.c.id.desc()).limit(limit)
    if states:
        query = query.where(t.run.c.state.in_(states))
    if task:
        query = query.where(t.run.c.task == task)
    if before:
        query = query.where(t.run.c.id < before)
    if unanswered:
        query = query.where(*_UNANSWERED)
    elif states and "succeeded" not in states:
        query = query.where(_NOT_SUCCEEDED)
    return list(connection.execute(query).all())


def count_unanswered(connection: Connection) -> int:
    """How many failures nobody has answered yet."""
    return int(connection.execute(select(func.count()).select_from(t.run).where(*_UNANSWERED)).scalar_one())


def read_longest_wait(connection: Connection, now_sql: str) -> int | None:
    """Microseconds since the oldest run that is due was due; None where none is."""
    query = text(f"SELECT ({now_sql}) - min(due_at) FROM backline_run WHERE state = 'queued'")
    waited: int | None = connection.execute(query).scalar_one()
    return waited


def list_attempts(connection: Connection, run_id: str) -> list[RunRow]:
    """Attempts of one run, oldest first."""
    query = select(t.attempt).where(t.attempt.c.run_id == run_id).order_by(t.attempt.c.fence)
    return list(connection.execute(query).all())


def request_cancel(connection: Connection, now_sql: str, run_id: str) -> str:
    """Cancel a waiting run at once, ask a running one to stop. Returns the state after it."""
    waiting = text(
        f"UPDATE backline_run SET state = 'cancelled', finished_at = {now_sql}, fence = fence + 1, "
        f"cancel_requested_at = {now_sql} WHERE id = :id AND state IN {t.quote_states(t.WAITING_STATES)} "
        "RETURNING state"
    )
    if connection.execute(waiting, {"id": run_id}).first():
        return "cancelled"
    running = text(
        f"UPDATE backline_run SET cancel_requested_at = {now_sql} WHERE id = :id AND state = 'running' "
        "RETURNING state"
    )
    if connection.execute(running, {"id": run_id}).first():
        return "running"
    state = read_run(connection, run_id).state
    raise BadInput(f"Run {run_id} is {state}; only a run that is not finished can be cancelled.")


def end_running(connection: Connection, now_sql: str, run_id: str) -> bool:
    """Cancel a running run although somebody holds it: what that worker still does for it is dropped.

    One with a concurrency key keeps its place, else another would work beside what still works: it is only marked,
    and whoever holds it ends it at the next renewal. False where it is still running then, or was not.
    """
    mark = f"UPDATE backline_run SET error_kind = '{t.FORCED}' WHERE id = :id AND state = 'running' AND concurrency_key IS NOT NULL"
    connection.execute(text(mark), {"id": run_id})
    statement = text(
        f"UPDATE backline_run SET state = 'cancelled', finished_at = {now_sql}, fence = fence + 1, lease_until = NULL, "
        f"cancel_requested_at = coalesce(cancel_requested_at, {now_sql}), error_kind = 'cancelled', error_text = :words "
        "WHERE id = :id AND state = 'running' AND concurrency_key IS NULL "
        "RETURNING id AS run_id, fence - 1 AS fence, attempt AS number, worker, "
        f"coalesce(claimed_at, started_at, {now_sql}) AS started_at, trace_id"
    )
    words = "The run was cancelled, and ended by force."
    ended = connection.execute(statement, {"id": run_id, "words": words}).mappings().first()
    if ended is None:
        return False
    how = {"outcome": "cancelled", "error_kind": "cancelled", "error_text": words}
    insert_attempt(connection, now_sql, {**ended, **how})
    return True


def call_waiting(connection: Connection, now_sql: str, concurrency_key: str) -> None:
    """Let the next sweep ring for whoever waits for the place of this key: it is free."""
    call = f"UPDATE backline_run SET ring_at = {now_sql} WHERE state = 'queued' AND concurrency_key = :key"
    connection.execute(text(call), {"key": concurrency_key})


def retry_run(connection: Connection, now_sql: str, run_id: str) -> None:
    """Put a failed, dead, cancelled, expired or waiting run back into its queue, with fresh counters."""
    statement = text(
        "UPDATE backline_run SET state = 'queued', faults = 0, bugs = 0, lost = 0, fence = fence + 1, "
        f"due_at = {now_sql}, ring_at = {now_sql}, rings = 1, deadline_at = NULL, expires_at = NULL, "
        "cancel_requested_at = NULL, answered_at = NULL, answered_by = NULL, answered_why = NULL, "
        "finished_at = NULL, error_kind = NULL, error_text = NULL "
        f"WHERE id = :id AND state IN {t.quote_states(t.RETRIABLE_STATES)} RETURNING id"
    )
    if connection.execute(statement, {"id": run_id}).first() is None:
        state = read_run(connection, run_id).state
        raise BadInput(f"Run {run_id} is {state}; there is nothing to retry.")


def bring_forward(connection: Connection, now_sql: str, run_id: str, kinds: Sequence[str]) -> bool:
    """Queue a run that is due later because its last attempt ended in one of these ways; False where it is not so.

    Nobody is rung for it before it was due: whoever calls this carries it.
    """
    statement = text(
        f"UPDATE backline_run SET state = 'queued', due_at = {now_sql} "
        f"WHERE id = :id AND state = 'scheduled' AND error_kind IN {t.quote_states(kinds)} RETURNING id"
    )
    return connection.execute(statement, {"id": run_id}).first() is not None


def answer_run(connection: Connection, now_sql: str, run_id: str, who: str, why: str) -> None:
    """A person says why a failure needs no more work; it leaves the list of the unanswered."""
    statement = text(
        f"UPDATE backline_run SET answered_at = {now_sql}, answered_by = :who, answered_why = :why "
        f"WHERE id = :id AND state IN {t.quote_states(t.UNANSWERED_STATES)} RETURNING id"
    )
    if connection.execute(statement, {"id": run_id, "who": who, "why": why}).first() is None:
        state = read_run(connection, run_id).state
        raise BadInput(f"Run {run_id} is {state}; only a failure can be answered.")


def write_progress(connection: Connection, run_id: str, fence: int, progress: str) -> None:
    """Keep the last progress of a running run, where the fence is still ours."""
    connection.execute(
        t.run.update().where(t.run.c.id == run_id, t.run.c.fence == fence).values(progress=progress)
    )
