"""When each anchor target was last served: so that many processes serve it once, and doctor can tell."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from backline.storage.clock import now_sql, seconds_to_micros
from backline.storage.seals_chain import Head

# Whoever moves tried_at has the turn. A new target is due at once, a failed one after `retry`, else after `every`.
_TAKE = """
INSERT INTO backline_seal_anchor AS a (target, tried_at) VALUES (:target, {now})
ON CONFLICT (target) DO UPDATE SET tried_at = {now}
WHERE a.tried_at <= {now} - CASE WHEN a.error IS NULL THEN CAST(:every AS BIGINT) ELSE CAST(:retry AS BIGINT) END
    AND (a.error IS NOT NULL OR a.epoch IS NULL OR a.epoch <> :epoch OR a.seq <> :seq OR :anyway)
RETURNING target
"""
_KEPT = """
UPDATE backline_seal_anchor SET epoch = :epoch, seq = :seq, anchored_at = {now}, error = NULL WHERE target = :target
"""
_FAILED = text("UPDATE backline_seal_anchor SET error = :error WHERE target = :target")
_AGES = """
SELECT target, epoch, seq, error, ({now}) - anchored_at AS age FROM backline_seal_anchor ORDER BY target
"""


@dataclass(frozen=True)
class Served:
    """How a target stands: age in seconds of its newest anchor (None: none yet), and why the last try failed."""

    target: str
    epoch: int | None
    seq: int | None
    age: float | None
    error: str | None


def take_turn(
    connection: Connection, target: str, head: Head, *, every: float, retry: float, anyway: bool = False
) -> bool:
    """Whether this process is to anchor the head there now; spans in seconds. For a writing transaction.

    False where the target has this head already, unless `anyway`.
    """
    query = text(_TAKE.format(now=now_sql(connection.dialect.name)))
    values = {
        "target": target, "epoch": head.epoch, "seq": head.seq, "anyway": anyway,
        "every": seconds_to_micros(every), "retry": seconds_to_micros(retry),
    }  # fmt: skip
    return connection.execute(query, values).first() is not None


def note_kept(connection: Connection, target: str, head: Head) -> None:
    """The target has this head."""
    query = text(_KEPT.format(now=now_sql(connection.dialect.name)))
    connection.execute(query, {"target": target, "epoch": head.epoch, "seq": head.seq})


def note_failed(connection: Connection, target: str, error: str) -> None:
    """The try failed; the next one comes soon."""
    connection.execute(_FAILED, {"target": target, "error": error})


def list_served(connection: Connection) -> list[Served]:
    """Every target that was ever tried."""
    rows = connection.execute(text(_AGES.format(now=now_sql(connection.dialect.name))))
    return [
        Served(row.target, row.epoch, row.seq, None if row.age is None else row.age / 1_000_000, row.error)
        for row in rows
    ]
