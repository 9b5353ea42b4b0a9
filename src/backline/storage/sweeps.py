"""Queries of the re-driver: what is due, whose lease ran out, what must be rung again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, TextClause, text

from backline.storage.attempts import insert_attempt
from backline.storage.audits import AuditEntry, insert_audit
from backline.storage.canvases import insert_tell
from backline.storage.clock import seconds_to_micros

LOST_IS_POISON = 3
# A lease, or a wait for the next bell, that ends later than any can last was begun before the clock was set
# back: nobody waits for that. `runtime.lease_seconds` is at most an hour, a blocked run waits at most a quarter
# of one, a queued one 24 times `runtime.ring_again_seconds`; in microseconds:
_LONGEST = 2 * 3_600_000_000
_LOST = f"(lease_until < {{now}} OR lease_until > {{now}} + {_LONGEST})"
_MAY_RING = "(ring_at <= {now} OR ring_at > {now} + {longest})"

# `state <> 'succeeded'` beside other states: without it SQLite does not see that the index of open runs fits.
_IS_ANYTHING_DUE = """
SELECT EXISTS (SELECT 1 FROM backline_run WHERE state = 'scheduled' AND due_at <= {now})
    OR EXISTS (SELECT 1 FROM backline_run WHERE state = 'running' AND {lost})
    OR EXISTS (SELECT 1 FROM backline_run WHERE state = 'queued' AND {may_ring})
    OR EXISTS (SELECT 1 FROM backline_run WHERE state <> 'succeeded' AND state IN ('queued', 'scheduled')
        AND (expires_at <= {now} AND started_at IS NULL OR deadline_at <= {now}))
"""
_PROMOTE = """
UPDATE backline_run SET state = 'queued', ring_at = {now} WHERE id IN (
    SELECT id FROM backline_run WHERE state = 'scheduled' AND due_at <= {now} ORDER BY due_at LIMIT 500 {lock})
"""
_LATE = """
UPDATE backline_run SET state = :state, error_kind = :kind, error_text = :text, finished_at = {now},
    fence = fence + 1 WHERE id IN (
    SELECT id FROM backline_run WHERE state <> 'succeeded' AND state IN ('queued', 'scheduled') AND ({late})
    LIMIT 500 {lock})
RETURNING id, task, fence
"""
_FIND_LOST = """
SELECT id, task, attempt, fence, lost, worker, claimed_at, lease_until, trace_id, cancel_requested_at,
    concurrency_key
FROM backline_run WHERE state = 'running' AND {lost} ORDER BY lease_until LIMIT 500 {lock}
"""
_TAKE_LOST = """
UPDATE backline_run SET state = :state, lost = lost + 1, fence = fence + 1, lease_until = NULL, ring_at = {now},
    error_kind = :kind, error_text = :text, finished_at = CASE WHEN :final THEN {now} ELSE NULL END
WHERE id = :id AND fence = :fence AND state = 'running' RETURNING fence
"""
_CALL_WAITING = """
UPDATE backline_run SET ring_at = {now} WHERE id IN (
    SELECT id FROM backline_run WHERE state = 'queued' AND concurrency_key = :key AND ring_at > {now}
    ORDER BY priority, due_at LIMIT 500 {lock})
"""
_COUNT_QUEUED = "SELECT queue, count(*) FROM backline_run WHERE state = 'queued' GROUP BY queue"
_RING = """
UPDATE backline_run SET rings = rings + 1, ring_at = {now} + CAST(:wait AS BIGINT) * CASE rings
    WHEN 0 THEN 1 WHEN 1 THEN 2 WHEN 2 THEN 4 WHEN 3 THEN 8 WHEN 4 THEN 16 ELSE 24 END
WHERE id IN (SELECT id FROM backline_run WHERE state = 'queued' AND queue = :queue AND {may_ring}
    ORDER BY ring_at LIMIT :most {lock}) RETURNING id
"""
_UNRING = (
    "UPDATE backline_run SET rings = rings - 1, ring_at = {now} + :wait WHERE id = :id AND state = 'queued'"
)
_SUSPECT = """
UPDATE backline_run SET rings = 2 WHERE id IN (
    SELECT id FROM backline_run WHERE state = 'queued' AND queue = :queue AND rings <= 1
    ORDER BY priority, due_at LIMIT 64 {lock})
"""
_FIND_UNBLOCKABLE = """
SELECT id FROM backline_run WHERE state <> 'succeeded' AND state = 'blocked' AND answered_at IS NULL
    AND {may_ring}
    AND (error_kind IN ('unknown_version', 'unknown_task') OR code_version <> :code_version) AND ({known}) LIMIT 500
"""
_UNBLOCK = """
UPDATE backline_run SET state = 'queued', ring_at = {now}, fence = fence + 1 WHERE id IN (
    SELECT id FROM backline_run WHERE id = :id AND state = 'blocked' {lock})
"""


class LateEnd(NamedTuple):
    """How a run ends that is due no more: state, kind and text of its error."""

    state: str
    kind: str
    text: str


EXPIRED = LateEnd("expired", "expired", "Not started in time; its result would have come too late.")
PAST_DEADLINE = LateEnd("needs_attention", "deadline", "Not finished by its deadline.")


@dataclass(frozen=True)
class LostRun:
    """A run whose lease ran out, and the state it was moved to."""

    id: str
    task: str
    state: str


class Sweeps:
    """The sweeping statements of one database. Several processes may sweep at once."""

    def __init__(self, dialect: str, now_sql: str, ring_again_seconds: float) -> None:
        self._now = now_sql
        self._lock = "FOR UPDATE SKIP LOCKED" if dialect == "postgresql" else ""
        self._wait = seconds_to_micros(ring_again_seconds)
        self._may_ring = _MAY_RING.format(now=now_sql, longest=max(_LONGEST, 25 * self._wait))

    def is_anything_due(self, connection: Connection) -> bool:
        """A cheap look before a write lock is taken."""
        return bool(connection.execute(self._text(_IS_ANYTHING_DUE)).scalar_one())

    def promote_due(self, connection: Connection) -> int:
        """Runs whose due time has come become queued."""
        return connection.execute(self._text(_PROMOTE)).rowcount

    def end_late(self, connection: Connection) -> int:
        """Runs that are pointless by now expire; runs past their deadline need attention."""
        ends = (
            (f"expires_at <= {self._now} AND started_at IS NULL", EXPIRED),
            (f"deadline_at <= {self._now}", PAST_DEADLINE),
        )
        count = 0
        for late, end in ends:
            statement = text(_LATE.format(now=self._now, lock=self._lock, late=late))
            for row in connection.execute(statement, end._asdict()).all():
                entry = AuditEntry("re-driver", f"run.{end.state}", f"run:{row.id}", "{}", row.id, row.fence)
                insert_audit(connection, self._now, entry)
                insert_tell(connection, self._now, row.id)
                count += 1
        return count

    def take_lost(self, connection: Connection) -> list[LostRun]:
        """Runs whose lease ran out go back to their queue; the third loss is poison.

        One that ends here leaves its concurrency key's place: those that wait for it are rung for at once.
        """
        taken: list[LostRun] = []
        for row in connection.execute(self._text(_FIND_LOST)).all():
            state, final = "queued", False
            words = f"Worker {row.worker} fell silent and its lease ran out."
            if row.cancel_requested_at is not None:
                state, final = "cancelled", True
            elif row.lost + 1 >= LOST_IS_POISON:
                state, final = "dead", True
                words += (
                    f" That was loss {row.lost + 1}: the run may be what kills its worker (memory, crash)."
                )
            values = {
                "id": row.id, "run_id": row.id, "fence": row.fence, "state": state, "final": final, "text": words,
                "kind": "poison" if state == "dead" else "lease_lost", "number": row.attempt,
                "outcome": "lost", "error_kind": "lease_lost", "error_text": words,
                "worker": row.worker, "started_at": row.claimed_at or row.lease_until, "trace_id": row.trace_id,
            }  # fmt: skip
            if connection.execute(self._text(_TAKE_LOST), values).first() is None:
                continue
            insert_attempt(connection, self._now, values)
            if (
                final and row.concurrency_key is not None
            ):  # its place is free, and whoever waits was told to be patient
                connection.execute(self._text(_CALL_WAITING), {"key": row.concurrency_key})
            entry = AuditEntry("re-driver", f"run.lost.{state}", f"run:{row.id}", "{}", row.id, row.fence)
            insert_audit(connection, self._now, entry)
            if final:
                insert_tell(connection, self._now, row.id)
            taken.append(LostRun(row.id, row.task, state))
        return taken

    def count_queued(self, connection: Connection) -> dict[str, int]:
        """Queued runs per queue."""
        return {queue: int(count) for queue, count in connection.execute(text(_COUNT_QUEUED))}

    def mark_rung(self, connection: Connection, queue: str, most: int) -> Sequence[str]:
        """Choose at most `most` runs to ring for, longest unrung first; each waits longer before the next."""
        values = {"queue": queue, "most": most, "wait": self._wait}
        return [str(row[0]) for row in connection.execute(self._text(_RING), values)]

    def suspect_first(self, connection: Connection, queue: str) -> int:
        """A worker died: the runs it may have held lose the one-commit form, so that a crash is counted.

        Which one it held nobody knows; runs are taken in order of urgency, so it is among the first.
        """
        return connection.execute(self._text(_SUSPECT), {"queue": queue}).rowcount

    def unmark_rung(self, connection: Connection, ids: Sequence[str]) -> None:
        """The broker did not take these bells: they are tried again soon."""
        values = [{"id": run_id, "wait": seconds_to_micros(2.0)} for run_id in ids]
        if values:
            connection.execute(self._text(_UNRING), values)

    def find_unblockable(
        self, connection: Connection, versions: Mapping[str, int], code_version: str
    ) -> Sequence[str]:
        """Blocked runs that this code can read, or that failed their contract under other code.

        Those that a person has answered stay as they are; one that was blocked again and again waits longer.
        """
        if not versions:
            return []
        known = " OR ".join(
            f"task = :task_{number} AND version <= :version_{number}" for number in range(len(versions))
        )
        values: dict[str, object] = {"code_version": code_version}
        for number, (task, version) in enumerate(versions.items()):
            values |= {f"task_{number}": task, f"version_{number}": version}
        statement = text(_FIND_UNBLOCKABLE.format(may_ring=self._may_ring, known=known))
        return [str(run_id) for run_id in connection.execute(statement, values).scalars()]

    def unblock(self, connection: Connection, ids: Sequence[str]) -> int:
        """Put these blocked runs back into their queue."""
        return sum(connection.execute(self._text(_UNBLOCK), {"id": run_id}).rowcount for run_id in ids)

    def _text(self, sql: str) -> TextClause:
        lost = _LOST.format(now=self._now)
        return text(sql.format(now=self._now, lock=self._lock, lost=lost, may_ring=self._may_ring))
