"""Rows as JSON: what the API answers and what `--json` of the commands prints, so that both say the same."""

from __future__ import annotations

import json
from typing import Any

from backline.moments import show_moment
from backline.runtime.audit import Secrets
from backline.storage.runs import RunRow

_TIMES = ("created_at", "due_at", "started_at", "finished_at", "deadline_at", "expires_at", "answered_at")
_PLAIN = (
    *("id", "task", "version", "queue", "priority", "state", "attempt", "worker", "asked_by", "trace_id"),
    *("parent_id", "idempotency_key", "schedule_id", "error_kind", "code_version"),
    *("answered_by", "answered_why"),
)


def describe_run(row: RunRow, secrets: Secrets) -> dict[str, Any]:
    """A run's row: times in ISO 8601 UTC, `seconds` from start to end, job and answer as objects.

    What looks like a secret is struck out of the job.
    """
    facts: dict[str, Any] = {name: getattr(row, name) for name in _PLAIN}
    facts |= {name: show_micros(getattr(row, name)) for name in _TIMES}
    facts["slot"] = show_micros(row.slot)
    facts["seconds"] = count_seconds(row.started_at, row.finished_at)
    facts["error"] = row.error_text
    facts["progress"] = json.loads(row.progress) if row.progress else None
    facts["job"] = secrets.strike_tree(read_tree(row.job))
    facts["answer"] = read_tree(row.answer) if row.answer else None
    return facts


def describe_attempt(row: RunRow) -> dict[str, Any]:
    """An attempt."""
    return {
        "number": row.number,
        "outcome": row.outcome,
        "worker": row.worker,
        "started_at": show_micros(row.started_at),
        "seconds": count_seconds(row.started_at, row.ended_at),
        "error_kind": row.error_kind,
        "error": row.error_text,
    }


def describe_intent(row: Any, secrets: Secrets) -> dict[str, Any]:
    """A call to the outside world; what looks like a secret is struck out of its outcome."""
    return {
        "name": row.name,
        "state": row.state,
        "tries": row.tries,
        "at_most_once": bool(row.at_most_once),
        "made_at": show_micros(row.made_at),
        "ended_at": show_micros(row.ended_at),
        "request": read_tree(row.request),
        "outcome": None if row.outcome is None else secrets.strike_tree(read_tree(row.outcome)),
        "words": row.words,
    }


def describe_audit(row: RunRow) -> dict[str, Any]:
    """An audit row: time in ISO 8601 UTC, digests as SHA-256 hex; a body that is no JSON is null.

    On SQLite anything may stand in a column; it is told as far as it can be.
    """
    texts = ("actor", "action", "object", "run_id", "before_sha", "after_sha")
    return {
        "id": row.id,
        "at": show_moment(row.at),
        **{name: _show_text(getattr(row, name)) for name in texts},
        "fence": row.fence if isinstance(row.fence, int) else None,
        "body": _read_body(row.body),
    }


def _show_text(value: object) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else repr(value)
    return text.encode(errors="backslashreplace").decode()


def _read_body(body: object) -> Any:
    """What was written, whoever wrote it: `backline audit verify` names a body that nobody of ours wrote."""
    try:
        told = json.loads(body) if isinstance(body, str) else None
        json.dumps(told, ensure_ascii=False, allow_nan=False).encode()  # what no answer could carry
    except (ValueError, RecursionError):
        return None
    return told


def describe_artist(row: Any) -> dict[str, Any]:
    """An artist's row."""
    return {
        "id": row.id,
        "name": row.name,
        "confirmed": bool(row.confirmed),
        "provenance": row.provenance,
        "created_at": show_micros(row.created_at),
        "created_by": row.created_by,
    }


def describe_schedule(row: RunRow) -> dict[str, Any]:
    """A schedule as JSON for people and programs."""
    return {
        "id": row.id,
        "task": row.task,
        "version": row.version,
        "job": json.loads(row.job),
        "cron": row.cron,
        "zone": row.zone,
        "catch_up": row.catch_up,
        "enabled": bool(row.enabled),
        "next_slot": show_micros(row.next_slot),
        "created_by": row.created_by,
    }


def read_tree(text: str) -> Any:
    """JSON, or the text itself where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def show_micros(micros: int | None) -> str | None:
    """Microseconds since 1970 UTC as ISO 8601, to the second."""
    return None if micros is None else show_moment(micros)


def count_seconds(first: int | None, last: int | None) -> float | None:
    """Seconds between two moments in microseconds, to the millisecond."""
    return None if first is None or last is None else round((last - first) / 1_000_000, 3)
