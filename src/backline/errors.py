"""What can go wrong, and whether trying again helps.

    BacklineError
    ├── BadInput       the request or the file is wrong: never retried, the message says what to mend
    │   ├── UnknownName    no such artist, run, task, import …
    │   └── Conflict       the same key was used before with another content
    ├── NotAllowed     a wall, a scope or a person's rule forbids it: never retried
    ├── TryLater       the other side asks for patience: due again later, costs no attempt
    ├── NeedsHuman     only a person can go on: waits until someone answers
    ├── Cancelled      a person took the run back
    ├── LeaseLost      another worker owns the run now: everything this one did is dropped
    ├── Stopping       this worker was told to stop: the run is handed back, no attempt spent
    └── TimeLimit      the run took longer than its task allows

Anything else that escapes a task is either a passing fault of the database or the network
(runtime/retry.py knows them) or a bug.
"""

from __future__ import annotations

from typing import Any


class BacklineError(Exception):
    """Something went wrong in Backline."""

    def __init__(self, message: str | None = None, *, remedy: str | None = None, **facts: Any) -> None:
        self.message = message or _read_docstring(type(self))
        self.remedy = remedy
        self.facts = facts
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}" if self.remedy else self.message


def _read_docstring(kind: type) -> str:
    """The first line of the nearest docstring: an error's default message."""
    words = next(ancestor.__doc__ for ancestor in kind.__mro__ if ancestor.__doc__)
    return words.strip().splitlines()[0]


class BadInput(BacklineError):
    """The input cannot be used as it is."""


class UnknownName(BadInput):
    """Nothing of that name is known here."""


class Conflict(BadInput):
    """The same key was used before with another content."""


class NotAllowed(BacklineError):
    """This is not allowed."""


class TryLater(BacklineError):
    """The other side asks to be left alone for a while."""

    def __init__(self, seconds: float, message: str | None = None, **facts: Any) -> None:
        self.seconds = float(seconds)
        super().__init__(message, **facts)


class NeedsHuman(BacklineError):
    """A person must look at this before it can go on."""


class Cancelled(BacklineError):
    """The run was cancelled."""


class LeaseLost(BacklineError):
    """The lease of this run is lost; another worker may own it."""


class Stopping(BacklineError):
    """This worker was told to stop; the run is handed back."""


class TimeLimit(BacklineError):
    """The run took longer than its task allows."""
