"""A run as people and programs read it: one JSON object, or lines on a screen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from backline.cli.answer_words import show_answer
from backline.cli.audit import describe_row
from backline.cli.screen import Screen, show_moment
from backline.errors import BacklineError, BadInput, NeedsHuman, NotAllowed, TryLater
from backline.runtime.audit import Secrets
from backline.storage.clock import from_micros
from backline.storage.runs import RunRow, list_runs

_TIMES = ("created_at", "due_at", "started_at", "finished_at", "deadline_at", "expires_at", "answered_at")
_PLAIN = (
    *("id", "task", "version", "queue", "priority", "state", "attempt", "worker", "asked_by", "trace_id"),
    *("parent_id", "idempotency_key", "schedule_id", "error_kind", "code_version"),
    *("answered_by", "answered_why"),
)
_FAILURES: dict[str, type[BacklineError]] = {"bad_input": BadInput, "not_allowed": NotAllowed}


def describe_run(row: RunRow, secrets: Secrets) -> dict[str, Any]:
    """A run's row as JSON: times in ISO 8601 UTC, `seconds` from start to end, job and answer as objects.

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
    """An attempt as JSON."""
    return {
        "number": row.number,
        "outcome": row.outcome,
        "worker": row.worker,
        "started_at": show_micros(row.started_at),
        "seconds": count_seconds(row.started_at, row.ended_at),
        "error_kind": row.error_kind,
        "error": row.error_text,
    }


def list_unanswered(
    connection: Connection, screen: Screen, secrets: Secrets, limit: int
) -> list[dict[str, Any]]:
    """Failures that nobody has answered, oldest first, each with what to do about it."""
    rows = list_runs(connection, unanswered=True, oldest_first=True, limit=limit)
    found = []
    for row in rows:
        age = int((datetime.now(UTC) - from_micros(row.created_at)).total_seconds())
        words = screen.label(f"todo_{row.state}", run=row.id)
        found.append({**describe_run(row, secrets), "age": show_age(age), "to_do": words})
    return found


def show_run(
    screen: Screen, facts: dict[str, Any], attempts: Sequence[dict[str, Any]], trail: Sequence[RunRow]
) -> None:
    """One run with its attempts and audit rows."""
    audit = [describe_row(row) for row in trail]
    if screen.json_lines:
        screen.dump({**facts, "attempts": list(attempts), "audit": audit})
        return
    apart = ("job", "answer")
    screen.show_facts({key: value for key, value in facts.items() if value is not None and key not in apart})
    for part in apart:
        if facts[part] is not None:
            screen.say(f"\n{screen.label(part)}")
            show_answer(screen, facts[part])
    if attempts:
        screen.say(f"\n{screen.label('attempts')}")
        screen.show_rows(attempts, ["number", "outcome", "seconds", "worker", "error"])
    if audit:
        screen.say(f"\n{screen.label('audit')}")
        screen.show_rows(audit, ["at", "actor", "action"])


def explain_end(row: RunRow, run_id: str) -> BacklineError:
    """The error of a run that did not succeed, in its own kind, as if its task had been called here."""
    remedy = f"`backline runs show {run_id}` tells more."
    if row.state == "scheduled":
        words = f"Run {run_id} is put off: {row.error_text} A worker tries it again."
        return TryLater(0, words, remedy=remedy)
    if row.state == "failed" and row.error_kind in _FAILURES:
        return _FAILURES[row.error_kind](row.error_text, remedy=remedy)
    reason = row.error_text or row.error_kind or "no reason given"
    return NeedsHuman(f"Run {run_id} is {row.state}: {reason}", remedy=remedy)


def read_tree(text: str) -> Any:
    """JSON, or the text itself where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def show_micros(micros: int | None) -> str | None:
    """Microseconds since 1970 UTC as ISO 8601."""
    return None if micros is None else show_moment(from_micros(micros))


def count_seconds(first: int | None, last: int | None) -> float | None:
    """Seconds between two moments in microseconds, to the millisecond."""
    return None if first is None or last is None else round((last - first) / 1_000_000, 3)


def show_age(seconds: int) -> str:
    """An age in its largest whole unit: 45s, 12min, 5h, 3d."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{max(seconds, 0)}s"
