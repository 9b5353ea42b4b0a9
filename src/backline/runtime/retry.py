"""Error in; a state and a due time, or "give up", out."""

from __future__ import annotations

import errno
import math
import random
import socket
import traceback
from dataclasses import dataclass, replace

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from backline import errors

MAX_FAULTS = 8
MAX_BUGS = 2
FIRST_WAIT, LONGEST_WAIT = 2.0, 900.0
LONGEST_PATIENCE = 366 * 86400.0
_PASSING_SQLSTATES = ("08", "25P03", "40", "53", "55P03", "57P", "58")
_DISK_FULL = "53100"  # PostgreSQL, Appendix A. Error Codes
_FULL_SQLITE = "disk is full"
_PASSING_SQLITE = ("locked", "busy", "disk i/o error", _FULL_SQLITE, "unable to open database file")
_PASSING_NAMES = {
    # by name, so that no HTTP or broker library is needed here
    "httpx": {"TransportError"},
    "httpcore": {"NetworkError", "TimeoutException", "ProtocolError"},
    "redis": {"ConnectionError", "TimeoutError"},
    "kombu": {"OperationalError"},
    "requests": {"ConnectionError", "Timeout", "ChunkedEncodingError"},
    "urllib3": {"TimeoutError", "ProtocolError", "NewConnectionError"},
}
_PASSING_ERRNOS = {
    errno.ENETDOWN,
    errno.ENETUNREACH,
    errno.ENETRESET,
    errno.EHOSTDOWN,
    errno.EHOSTUNREACH,
    errno.ETIMEDOUT,
    errno.ENOSPC,  # somebody makes room
    errno.EDQUOT,
}


@dataclass(frozen=True)
class Verdict:
    """What is to become of a run whose attempt failed. `delay` in seconds; None means no further attempt."""

    state: str
    kind: str
    delay: float | None = None
    counts_attempt: bool = True
    fault: bool = False
    bug: bool = False


class Judged(errors.BacklineError):
    """An error whose verdict is spoken already; what went wrong is its cause."""

    def __init__(self, verdict: Verdict, cause: BaseException) -> None:
        self.verdict = verdict
        self.cause = cause
        super().__init__(first_line(cause))


def judge(error: BaseException, *, faults: int, bugs: int) -> Verdict:
    """The verdict on an error, given how many passing faults and bugs this run has seen before it."""
    if isinstance(error, Judged):
        delay = error.verdict.delay
        return replace(error.verdict, delay=None if delay is None else _bound(delay))
    if isinstance(error, errors.BadInput):
        return Verdict("failed", "bad_input")
    if isinstance(error, errors.NotAllowed):
        return Verdict("failed", "not_allowed")
    if isinstance(error, errors.NeedsHuman):
        return Verdict("needs_attention", "needs_human")
    if isinstance(error, errors.TryLater):
        return Verdict("scheduled", "try_later", delay=_bound(error.seconds), counts_attempt=False)
    if isinstance(error, errors.Cancelled):
        return Verdict("cancelled", "cancelled")
    if isinstance(error, errors.Stopping):
        return Verdict("queued", "handed_back", delay=0.0, counts_attempt=False)
    if isinstance(error, errors.BrokenContract):
        return Verdict("blocked", "contract")
    if is_passing(error):
        if faults + 1 >= MAX_FAULTS:
            return Verdict("dead", "transient", fault=True)
        return Verdict("scheduled", "transient", delay=back_off(faults), fault=True)
    kind = "time_limit" if isinstance(error, errors.TimeLimit) else "bug"
    if bugs + 1 > MAX_BUGS:
        return Verdict("dead", kind, bug=True)
    return Verdict("scheduled", kind, delay=back_off(bugs), bug=True)


def _bound(seconds: float) -> float:
    """What the other side asks for, where it makes sense: not below 0, not beyond a year."""
    return LONGEST_WAIT if math.isnan(seconds) else min(max(seconds, 0.0), LONGEST_PATIENCE)


def back_off(tries: int) -> float:
    """Full-jitter exponential wait in seconds: anything up to 2 · 2^tries, at most 15 minutes.

    Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """
    return random.uniform(0.05, min(LONGEST_WAIT, FIRST_WAIT * 2**tries))


def is_passing(error: BaseException) -> bool:
    """Whether an error is a passing fault of the database or the network, so that trying again may help."""
    if isinstance(error, DBAPIError):
        return _is_passing_database(error)
    if isinstance(error, (ConnectionError, TimeoutError, PoolTimeout, socket.gaierror)):
        return True
    if isinstance(error, OSError) and error.errno in _PASSING_ERRNOS:
        return True
    for kind in type(error).__mro__:
        if kind.__name__ in _PASSING_NAMES.get(kind.__module__.partition(".")[0], ()):
            return True
    return False


def is_without_room(error: BaseException) -> bool:
    """Whether the database's disk is full: that passes, but only when a person makes room."""
    if not isinstance(error, DBAPIError):
        return False
    return getattr(error.orig, "sqlstate", None) == _DISK_FULL or _FULL_SQLITE in str(error.orig)


def _is_passing_database(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state:
        return str(state).startswith(_PASSING_SQLSTATES)
    words = str(error.orig).lower()
    if "sqlite" in type(error.orig).__module__:
        return isinstance(error, OperationalError) and any(part in words for part in _PASSING_SQLITE)
    return isinstance(error, (OperationalError, InterfaceError))


def describe_error(error: BaseException, limit: int = 4000) -> str:
    """One text for the row: what went wrong and where. Secrets are struck out by the caller."""
    if isinstance(error, Judged):
        return describe_error(error.cause, limit)
    if isinstance(error, errors.BacklineError) and not isinstance(
        error, (errors.TimeLimit, errors.BrokenContract)
    ):
        return _make_storable(str(error))[:limit]
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    places = " < ".join(
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames[::-1]
    )
    text = _make_storable(f"{type(error).__name__}: {_say(error)}")
    return (text[: limit - len(places) - 6] + (f" (at {places})" if places else ""))[:limit]


def _say(error: BaseException) -> str:
    """The error's own words; an error may fail even at those."""
    try:
        return str(error)
    except Exception as failed:
        return f"(its text cannot be made: {type(failed).__name__})"


def _make_storable(text: str) -> str:
    """Without what no database takes as text: NUL, and the halves of surrogate pairs in odd file names."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()


def first_line(error: BaseException) -> str:
    """The kind and the first line of an error, for a log that says it in passing."""
    lines = _say(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else ''}"
