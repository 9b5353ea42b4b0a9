"""A clock that a test can set: it runs with real time from wherever it was set, or stands still."""

from __future__ import annotations

import calendar
import time
from datetime import UTC, datetime


class Clock:
    """Seconds of Unix time. `mode`: `real`, `frozen` (stands at now) or an ISO date (runs from there)."""

    def __init__(self, mode: str = "real") -> None:
        self.mode = mode if mode in {"real", "frozen"} else "set"
        self._frozen = time.time() if mode == "frozen" else None
        self._offset = 0.0
        if self.mode == "set":
            self.set_to(read_moment(mode))

    def now(self) -> float:
        """What this world takes for the present."""
        return (time.time() if self._frozen is None else self._frozen) + self._offset

    def advance(self, seconds: float) -> float:
        """Let `seconds` pass at once; the new present."""
        self._offset += seconds
        return self.now()

    def set_to(self, moment: float) -> float:
        """Make `moment` the present."""
        return self.advance(moment - self.now())

    def freeze(self) -> None:
        """Stand still from now on."""
        self.mode, self._frozen, self._offset = "frozen", self.now(), 0.0

    def run(self) -> None:
        """Run on from where it stands."""
        present = self.now()
        self.mode, self._frozen, self._offset = "set", None, 0.0
        self.set_to(present)


def read_moment(text: str) -> float:
    """Unix seconds of an ISO moment; without zone it is UTC. Raises `ValueError`."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def tell_moment(moment: float, digits: int = 0) -> str:
    """`2026-11-22T10:00:00Z`, with three decimals where `digits` is 3."""
    # Rounded first: 1.9996 s must become 2.000 and not 1.1000.
    whole = round(moment, digits)
    text = datetime.fromtimestamp(whole, UTC).isoformat(timespec="milliseconds" if digits else "seconds")
    return text.replace("+00:00", "Z")


def add_months(moment: float, months: int) -> float:
    """The same day and time `months` later, or the last day of that month."""
    day = datetime.fromtimestamp(moment, UTC)
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return day.replace(year=year, month=month + 1, day=min(day.day, last)).timestamp()
