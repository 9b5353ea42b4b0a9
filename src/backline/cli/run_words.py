"""A run as people and programs read it: one JSON object, or lines on a screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from backline.cli.answer_words import show_answer
from backline.cli.screen import Screen
from backline.errors import BacklineError, BadInput, NeedsHuman, NotAllowed, TryLater
from backline.runtime.audit import Secrets
from backline.storage.clock import from_micros
from backline.storage.runs import RunRow, list_runs
from backline.web.descriptions import describe_audit, describe_run

_FAILURES: dict[str, type[BacklineError]] = {"bad_input": BadInput, "not_allowed": NotAllowed}


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
    screen: Screen,
    facts: dict[str, Any],
    attempts: Sequence[dict[str, Any]],
    intents: Sequence[dict[str, Any]],
    trail: Sequence[RunRow],
) -> None:
    """One run with its attempts, its calls to the outside world and its audit rows."""
    audit = [describe_audit(row) for row in trail]
    if screen.json_lines:
        screen.dump({**facts, "attempts": list(attempts), "intents": list(intents), "audit": audit})
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
    if intents:
        screen.say(f"\n{screen.label('intents')}")
        screen.show_rows(
            intents, ["name", "state", "tries", "made_at", "outcome", "words"], numbers=["tries"]
        )
    if audit:
        screen.say(f"\n{screen.label('audit')}")
        screen.show_rows(audit, ["at", "actor", "action"])


def explain_end(row: RunRow, run_id: str) -> BacklineError:
    """The error of a run that did not succeed, in its own kind, as if its task had been called here."""
    remedy = f"`backline runs show {run_id}` tells more."
    if row.state == "scheduled":
        words = f"Run {run_id} is put off: {end_sentence(row.error_text or '')} A worker tries it again."
        return TryLater(0, words, remedy=remedy)
    if row.state == "failed" and row.error_kind in _FAILURES:
        return _FAILURES[row.error_kind](row.error_text, remedy=remedy)
    reason = row.error_text or row.error_kind or "no reason given"
    return NeedsHuman(f"Run {run_id} is {row.state}: {end_sentence(reason)}", remedy=remedy)


def end_sentence(text: str) -> str:
    """A text with a full stop: words of a library or a server often have none, and another sentence follows."""
    text = text.rstrip()
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def show_age(seconds: int) -> str:
    """An age in its largest whole unit: 45s, 12min, 5h, 3d."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{max(seconds, 0)}s"
