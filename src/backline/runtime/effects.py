"""What a task wants written: gathered while it works, applied in the run's last transaction."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from backline.errors import NeedsHuman
from backline.runtime.task import Job, Task

Effect = Callable[[Connection], None]
_NO_PRIVILEGE = "42501"  # PostgreSQL, Appendix A. Error Codes
_OBJECT = re.compile(r"\b(table|sequence|schema) (\S+)")
_GRANTS = {
    "table": "SELECT, INSERT, UPDATE, DELETE ON",
    "sequence": "USAGE ON SEQUENCE",
    "schema": "USAGE ON SCHEMA",
}


class Effects:
    """Gathers writes. They commit together with the answer, or not at all."""

    def __init__(self) -> None:
        self._effects: list[Effect] = []

    def add(self, effect: Effect) -> None:
        """Queue one write; it is called with the finish transaction's connection, in order."""
        self._effects.append(effect)

    def apply(self, connection: Connection, role: str | None = None) -> None:
        """Run every gathered write. Raises `NeedsHuman` where `role`, or who connects, may not write there."""
        for effect in self._effects:
            try:
                effect(connection)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) != _NO_PRIVILEGE:
                    raise
                raise _ask_for_grant(str(error.orig), role or "the user of database.url") from error


def _ask_for_grant(words: str, role: str) -> NeedsHuman:
    """What is missing, and the line that the owner of the table is to run."""
    found = _OBJECT.search(words)
    kind, name = found.groups() if found else ("table", "the table")
    return NeedsHuman(
        f"An effect may not write: {words.splitlines()[0]}.",
        remedy=f"As its owner: GRANT {_GRANTS[kind]} {name} TO {role}; then `backline runs retry`.",
    )


@dataclass(frozen=True)
class FollowUp:
    """A run to be submitted with the finish of this one: a task and its job, or a name and the job's values."""

    task: Task[Any, Any] | str
    job: Job | Mapping[str, Any]
    key: str | None = None
    delay: float = 0.0


@dataclass
class FollowUps:
    """Runs that start when this one has succeeded; rows of the same commit."""

    wanted: list[FollowUp] = field(default_factory=list)

    def ask(
        self, name: str, values: Mapping[str, Any], *, key: str | None = None, delay: float = 0.0
    ) -> None:
        """Ask for a run of the task of that name: no task imports another. `values` are its job as JSON."""
        self.wanted.append(FollowUp(name, values, key, delay))

    def add(self, task: Task[Any, Any], job: Job, *, key: str | None = None, delay: float = 0.0) -> None:
        """Ask for a run of `task`, at the earliest `delay` seconds after this finish."""
        self.wanted.append(FollowUp(task, job, key, delay))


@dataclass
class AuditTrail:
    """What this run did to which object; rows of the same commit."""

    entries: list[tuple[str, str, str | None, str | None, Mapping[str, Any]]] = field(default_factory=list)

    def add(
        self, action: str, object: str, *, before: str | None = None, after: str | None = None, **body: Any
    ) -> None:
        """Record `action` on `object`, with digests of its state before and after."""
        self.entries.append((action, object, before, after, body))
