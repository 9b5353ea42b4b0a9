"""How a moment is told, to people and to programs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)


def show_moment(micros: int) -> str:
    """Microseconds since 1970 UTC as ISO 8601 with Z, to the second."""
    return (_FIRST + timedelta(microseconds=micros)).strftime("%Y-%m-%dT%H:%M:%SZ")
