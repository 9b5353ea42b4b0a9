"""A wait that nobody can cut short. Whoever can be woken waits on an event that somebody sets."""

from __future__ import annotations

import threading


def pause(seconds: float) -> None:
    """Let so many seconds pass. Each file that does has its reason in tests/house/names.py."""
    threading.Event().wait(seconds)
