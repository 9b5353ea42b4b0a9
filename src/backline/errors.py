"""What can go wrong, and whether trying again helps.

    BacklineError
    ├── BadInput           the request or the file is wrong: never retried, the message says what to mend
    │   ├── UnknownName        no such artist, run, task, import …
    │   ├── Conflict           the same key was used before with another content
    │   ├── Refused            a report that is refused as a whole (reports/format.py)
    │   ├── NeedsMapping       a table whose columns are not known (reports/format.py)
    │   └── LimitTooHigh       a page that this Client ID may not have (spotify/faults.py)
    ├── NotAllowed         a wall, a scope or a person's rule forbids it: never retried
    │   ├── NotOwner           a playlist of somebody else (spotify/faults.py)
    │   ├── RouteGone          a route that this Client ID does not have (spotify/faults.py)
    │   └── Declined           a person was asked for consent and said no (spotify/loopback.py)
    ├── TryLater           the other side asks for patience: due again later, costs no attempt
    │   ├── RateLimited        too many requests in a short time (spotify/faults.py)
    │   └── QuotaSpent         nothing is left of a daily budget (spotify/faults.py)
    ├── NeedsHuman         only a person can go on: waits until someone answers
    │   ├── PremiumLapsed      the owner of an app does not pay any more (spotify/faults.py)
    │   ├── NotListed          a person is not on the list of an app (spotify/faults.py)
    │   ├── ScopeMissing       a person did not agree to this (spotify/faults.py)
    │   ├── Disconnected       a consent ended or was taken back (spotify/faults.py)
    │   ├── WrongApp           a Client ID or its secret is wrong (spotify/faults.py)
    │   └── OutcomeUnknown     a write whose answer was lost: look before asking again (spotify/faults.py)
    ├── Cancelled          a person took the run back
    ├── LeaseLost          another worker owns the run now: everything this one did is dropped
    ├── Stopping           this worker was told to stop: the run is handed back, no attempt spent
    ├── TimeLimit          the run took longer than its task allows
    ├── BrokenContract     a stored job or an answer is not what its model says: waits for other code
    │   └── BrokenSelector     `fields` that name what is not there (spotify/fields.py)
    ├── Judged             the verdict is spoken already, by the rules of a durable task (runtime/retry.py)
    ├── NoRun              code that asks for its run is not part of one (runtime/current.py)
    ├── RunFailed          told to whoever waits for the answer of a run that has none (runtime/handle.py)
    ├── BadTask            a task that cannot be registered: stops the start (runtime/task.py)
    ├── BrokenMember       a plug-in that cannot be loaded: stops the start (discovery.py)
    ├── NewerSchema        newer code has upgraded the database: this process ends (storage/upgrade.py)
    └── Hiccup             a passing fault on the way to the Web API, or its own (spotify/faults.py)

Anything else that escapes a task is either a passing fault of the database or the network
(runtime/retry.py knows them) or a bug.
"""

from __future__ import annotations


class BacklineError(Exception):
    """Something went wrong in Backline."""

    def __init__(self, message: str | None = None, *, remedy: str | None = None) -> None:
        self.message = message or _read_docstring(type(self))
        self.remedy = remedy
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

    def __init__(self, seconds: float, message: str | None = None, *, remedy: str | None = None) -> None:
        self.seconds = float(seconds)
        super().__init__(message, remedy=remedy)


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


class BrokenContract(BacklineError):
    """The task's answer is not what its answer model says, or its stored job cannot be read by this code."""
