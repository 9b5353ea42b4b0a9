"""How a moment is told, to people and to programs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)


def show_moment(micros: object) -> str:
    """Microseconds since 1970 UTC as ISO 8601 with Z, to the second; as it is where it is no moment."""
    try:
        span = timedelta(microseconds=micros)  # type: ignore[arg-type] # that is the question
        return (_FIRST + span).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (TypeError, ValueError, OverflowError):
        return repr(micros)
