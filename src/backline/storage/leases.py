"""Queries that move a run: pick, claim, renew, settle, hand back. Every move is guarded by the fence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from backline.storage.attempts import ATTEMPT_VALUES, INSERT_ATTEMPT, insert_attempt
from backline.storage.audits import AUDIT_VALUES, INSERT_AUDIT, AuditEntry, insert_audit
from backline.storage.clock import seconds_to_micros
from backline.storage.run_tables import FORCED
from backline.storage.statement import Statement

RunRow = Any  # a picked run: columns as attributes
LOOKS = 20  # at a queue, past runs whose concurrency key is being taken by others

_PICK = """
SELECT id, task, version, queue, priority, job, job_sha, attempt, faults, bugs, fence, rings, deadline_at, expires_at,
    started_at, cancel_requested_at, concurrency_key, concurrency_limit, trace_id, asked_by, idempotency_key, parent_id,
    canvas, {now} AS now_at
FROM backline_run AS r
WHERE {what} AND state = 'queued' {seen} AND (concurrency_key IS NULL OR concurrency_limit > (
    SELECT count(*) FROM backline_run AS o
    WHERE o.state = 'running' AND o.concurrency_key IS NOT NULL AND o.concurrency_key = r.concurrency_key))
ORDER BY priority, due_at LIMIT 1 {lock}
"""
_MORE = "SELECT id FROM backline_run WHERE queue = :queue AND state = 'queued' LIMIT 1"
_CLAIM = """
UPDATE backline_run SET state = 'running', attempt = attempt + 1, fence = fence + 1, worker = :worker,
    lease_until = {now} + :lease, claimed_at = {now}, started_at = coalesce(started_at, {now}), progress = NULL
WHERE id = :id AND state = 'queued' AND fence = :fence RETURNING fence {more}
"""
_AND_MORE = """, EXISTS (SELECT 1 FROM backline_run WHERE queue = :queue AND state = 'queued' AND id <> :id) AS more,
    set_config('synchronous_commit', 'off', true)"""  # the finish waits for the disk; see docs/decisions/0009
_TAKE = """
WITH picked AS (
    SELECT id FROM backline_run
    WHERE queue = :queue AND state = 'queued' AND (concurrency_key IS NULL OR concurrency_limit > (
        SELECT count(*) FROM backline_run AS o WHERE o.state = 'running' AND o.concurrency_key = backline_run.concurrency_key))
    ORDER BY priority, due_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
UPDATE backline_run AS r SET state = 'running', attempt = r.attempt + 1, fence = r.fence + 1, worker = :worker,
    lease_until = {now} + :lease, claimed_at = {now}, started_at = coalesce(r.started_at, {now}), progress = NULL
FROM picked
WHERE r.id = picked.id AND r.task || '/' || r.version = ANY(CAST(:known AS TEXT[])) AND r.concurrency_key IS NULL
    AND r.cancel_requested_at IS NULL AND (r.deadline_at IS NULL OR r.deadline_at > {now})
    AND (r.expires_at IS NULL OR r.expires_at > {now} OR r.started_at IS NOT NULL)
RETURNING r.id, r.task, r.version, r.queue, r.priority, r.job, r.job_sha, r.attempt - 1 AS attempt, r.faults, r.bugs,
    r.fence - 1 AS fence, r.rings, r.deadline_at, r.expires_at, r.started_at, r.cancel_requested_at, r.concurrency_key,
    r.concurrency_limit, r.trace_id, r.asked_by, r.idempotency_key, r.parent_id, r.canvas, {now} AS now_at,
    EXISTS (SELECT 1 FROM backline_run AS m WHERE m.queue = :queue AND m.state = 'queued' AND m.id <> r.id) AS more,
    set_config('synchronous_commit', 'off', true)
"""
_RENEW = """
UPDATE backline_run SET lease_until = {now} + :lease WHERE id = :id AND fence = :fence AND state = 'running'
RETURNING cancel_requested_at
"""
_WITHDRAWN = f"""
SELECT 1 FROM backline_run WHERE id = :id AND (fence = :fence + 1 AND state = 'cancelled'
    OR fence = :fence AND state = 'running' AND error_kind = '{FORCED}' AND cancel_requested_at IS NOT NULL)
"""
_SETTLE = """
UPDATE backline_run SET state = :state, attempt = :attempt, faults = :faults, bugs = :bugs, fence = fence + 1,
    lease_until = NULL, worker = :worker, started_at = coalesce(started_at, :started_at),
    due_at = CASE WHEN :delay < 0 THEN due_at ELSE {now} + :delay END,
    ring_at = CASE WHEN :delay < 0 THEN ring_at ELSE {now} + :delay END,
    answer = :answer, error_kind = :error_kind, error_text = :error_text,
    code_version = :code_version, answered_at = NULL,
    finished_at = CASE WHEN :final THEN {now} ELSE NULL END
WHERE id = :id AND fence = :fence AND state = :from_state
    AND (cancel_requested_at IS NULL OR :state = 'cancelled') RETURNING id
"""
_LATE_RUN = "UPDATE backline_run SET finished_at = {now} WHERE id = :id"
_LATE_ATTEMPT = """
UPDATE backline_attempt SET ended_at = {now}
WHERE run_id = :id AND fence = (SELECT max(fence) FROM backline_attempt WHERE run_id = :id)
"""
_HAND_BACK = """
UPDATE backline_run SET state = 'queued', attempt = attempt - 1, fence = fence + 1, lease_until = NULL,
    ring_at = {now} WHERE state = 'running' AND worker LIKE :worker ESCAPE '!'
RETURNING id AS run_id, fence - 1 AS fence, attempt + 1 AS number, worker, claimed_at AS started_at, trace_id
"""

_TRY_KEY = text("SELECT pg_try_advisory_xact_lock(hashtext(:key))")
_COUNT_KEY = text("SELECT count(*) FROM backline_run WHERE state = 'running' AND concurrency_key = :key")
_WAITING = text("SELECT DISTINCT queue FROM backline_run WHERE state = 'queued' AND concurrency_key = :key")


@dataclass(frozen=True)
class Claimed:
    """A run that is ours: the fence of this claim, and whether others are due in its queue."""

    fence: int
    more: bool


@dataclass(frozen=True)
class Settlement:
    """How an attempt ended: the state to move to and everything that is written with it."""

    state: str
    outcome: str
    attempt: int
    number: int
    faults: int = 0
    bugs: int = 0
    delay: float | None = None
    final: bool = True
    answer: str | None = None
    error_kind: str | None = None
    error_text: str | None = None


class Leases:
    """The moves of one database, with the statements made once."""

    def __init__(self, dialect: str, now_sql: str, lease_seconds: float) -> None:
        self._now = now_sql
        self._lease = seconds_to_micros(lease_seconds)
        self._one_statement = dialect == "postgresql"
        lock = "FOR UPDATE OF r SKIP LOCKED" if self._one_statement else ""
        seen = "AND r.id <> ALL(CAST(:seen AS TEXT[]))" if self._one_statement else ""
        pick = _PICK.format(now=now_sql, what="queue = :queue", seen=seen, lock=lock)
        self._pick = Statement(pick, dialect)
        self._pick_one = Statement(_PICK.format(now=now_sql, what="id = :id", seen="", lock=lock), dialect)
        self._more = Statement(_MORE, dialect)
        more_too = _AND_MORE if self._one_statement else ""
        self._claim = Statement(_CLAIM.format(now=now_sql, more=more_too), dialect)
        self._take = Statement(_TAKE.format(now=now_sql), dialect)
        self._withdrawn = Statement(_WITHDRAWN, dialect)
        self._renew = Statement(_RENEW.format(now=now_sql), dialect)
        self._settle = Statement(_SETTLE.format(now=now_sql), dialect)
        self._settle_at_once = Statement(self._make_settle_at_once(), dialect)
        self._late_run = text(_LATE_RUN.format(now=now_sql))
        self._late_attempt = text(_LATE_ATTEMPT.format(now=now_sql))
        self._hand_back = text(_HAND_BACK.format(now=now_sql))

    def pick(self, connection: Connection, queue: str) -> RunRow | None:
        """The most urgent due run of the queue, locked for this transaction; None where nothing waits."""
        seen: list[str] = []
        while len(seen) < LOOKS:
            row = self._pick.first(connection, {"queue": queue, "seen": seen})
            if row is None or self._is_key_free(connection, row):
                return row
            seen.append(row.id)
        return None

    def pick_one(self, connection: Connection, run_id: str) -> RunRow | None:
        """The named run, if it is queued and nobody holds it."""
        row = self._pick_one.first(connection, {"id": run_id})
        return row if row is None or self._is_key_free(connection, row) else None

    def claim(self, connection: Connection, row: RunRow, worker: str) -> Claimed | None:
        """Take the lease; None where somebody was faster. On PostgreSQL its commit does not wait for the disk."""
        values = {
            "id": row.id,
            "fence": row.fence,
            "queue": row.queue,
            "worker": worker,
            "lease": self._lease,
        }
        claimed = self._claim.first(connection, values)
        if claimed is None:
            return None
        if self._one_statement:
            return Claimed(claimed.fence, claimed.more)
        return Claimed(claimed.fence, self._more.first(connection, {"queue": row.queue}) is not None)

    def take(
        self, connection: Connection, queue: str, known: Sequence[str], worker: str
    ) -> tuple[RunRow, Claimed] | None:
        """Pick and claim in one statement, on PostgreSQL and a connection that commits by itself.

        None where nothing waits, and where the most urgent run is not as plain as that: of a task and version
        (`name/version`) that is not among `known`, with a concurrency key, cancelled, late. Then `pick` tells.
        """
        if not self._one_statement or not known:
            return None
        values = {"queue": queue, "known": list(known), "worker": worker, "lease": self._lease}
        row = self._take.first(connection, values)
        return None if row is None else (row, Claimed(row.fence + 1, row.more))

    def renew(self, connection: Connection, run_id: str, fence: int) -> tuple[bool, bool]:
        """Whether the lease is still ours, and whether somebody asked to cancel."""
        values = {"id": run_id, "fence": fence, "lease": self._lease}
        row = self._renew.first(connection, values)
        return (row is not None, row is not None and row.cancel_requested_at is not None)

    def is_withdrawn(self, connection: Connection, run_id: str, fence: int) -> bool:
        """Whether the run was cancelled, by force, while we held it: the lease is lost, or ours to end at once."""
        return self._withdrawn.first(connection, {"id": run_id, "fence": fence}) is not None

    def settle(
        self,
        connection: Connection,
        row: RunRow,
        fence: int,
        *,
        from_state: str,
        worker: str,
        started_at: int,
        code_version: str,
        end: Settlement,
        audit: AuditEntry,
    ) -> bool:
        """State, answer, attempt and audit row at once; False where the fence is stale or a cancel came first."""
        values = {
            "id": row.id, "run_id": row.id, "fence": fence, "from_state": from_state, "worker": worker, "started_at": started_at,
            "state": end.state, "attempt": end.attempt, "faults": end.faults, "bugs": end.bugs,
            "delay": -1 if end.delay is None else seconds_to_micros(end.delay), "final": end.final,
            "answer": end.answer, "error_kind": end.error_kind, "error_text": end.error_text,
            "code_version": code_version, "number": end.number, "outcome": end.outcome,
            "trace_id": row.trace_id, "actor": audit.actor, "action": audit.action, "object": audit.object,
            "before_sha": audit.before_sha, "after_sha": audit.after_sha, "body": audit.body,
        }  # fmt: skip
        if self._one_statement:
            return self._settle_at_once.first(connection, values) is not None
        if self._settle.first(connection, values) is None:
            return False
        insert_attempt(connection, self._now, values)
        insert_audit(connection, self._now, audit)
        return True

    def end_later(self, connection: Connection, run_id: str) -> None:
        """Tell the end of a settled run and its attempt anew: writing what it did took a while."""
        connection.execute(self._late_run, {"id": run_id})
        connection.execute(self._late_attempt, {"id": run_id})

    def hand_back(self, connection: Connection, worker_prefix: str) -> Sequence[str]:
        """Give back every run that this worker holds, without counting the attempt. Returns their ids."""
        escaped = worker_prefix.replace("!", "!!").replace("%", "!%").replace("_", "!_")
        rows = connection.execute(self._hand_back, {"worker": escaped + "%"}).mappings().all()
        for row in rows:
            values = {"outcome": "handed_back", "error_kind": "handed_back", "error_text": None}
            insert_attempt(connection, self._now, {**row, **values})
            body = '{"error_kind":"handed_back"}'
            run_id = row["run_id"]
            entry = AuditEntry(row["worker"], "run.queued", f"run:{run_id}", body, run_id, row["fence"])
            insert_audit(connection, self._now, entry)
        return [str(row["run_id"]) for row in rows]

    def _is_key_free(self, connection: Connection, row: RunRow) -> bool:
        """On PostgreSQL two claims could count the same free place: whoever has the key's lock counts.

        Nobody waits for that lock, since two that wait for each other's would be a deadlock.
        """
        if row.concurrency_key is None or not self._one_statement:
            return True
        key = {"key": row.concurrency_key}
        if not connection.execute(_TRY_KEY, key).scalar_one():
            return False
        return bool(connection.execute(_COUNT_KEY, key).scalar_one() < row.concurrency_limit)

    def list_waiting(self, connection: Connection, concurrency_key: str) -> list[str]:
        """Queues in which runs of this key are due: the place that one has left is theirs."""
        return [str(queue) for queue in connection.execute(_WAITING, {"key": concurrency_key}).scalars()]

    def _make_settle_at_once(self) -> str:
        sql = (
            f"WITH done AS ({_SETTLE}), tried AS ({INSERT_ATTEMPT}SELECT {ATTEMPT_VALUES} FROM done), "
            f"told AS ({INSERT_AUDIT}SELECT {AUDIT_VALUES} FROM done) SELECT id FROM done"
        )
        return sql.format(now=self._now)
