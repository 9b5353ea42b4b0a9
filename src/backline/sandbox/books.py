"""What one developer account has spent, and for how long it has been told to pause."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field

DAY = 86_400.0


@dataclass
class Limits:
    """Budgets a day and family, and the most requests in a rolling window; None has no end.

    `extend`: seconds by which a request inside a pause makes it longer. `header`: whether 429 says how long;
    None: some do and some do not.
    """

    budgets: dict[str, int | None]
    most: int | None
    seconds: float = 30.0
    extend: float = 0.0
    header: bool | None = None


@dataclass
class Pause:
    """An order to wait until `until`. `told`: real time at which an answer with the order had been sent."""

    until: float
    kind: str
    header: bool
    told: float | None = None


@dataclass
class Ruling:
    """What becomes of a request: `pause` None is let in. `first`: this request brought the order about."""

    pause: Pause | None = None
    first: bool = False
    inside: float | None = None
    left: float = 0.0


@dataclass
class Book:
    """The book of one account. Pauses are by family; `*` holds for all."""

    rng: random.Random
    arrivals: deque[float] = field(default_factory=deque)
    counted: deque[float] = field(default_factory=deque)
    spent: dict[str, int] = field(default_factory=dict)
    pauses: dict[str, Pause] = field(default_factory=dict)
    day: int = 0
    over_budget: int = 0
    most_in_window: int = 0

    def admit(self, family: str, now: float, real: float, limits: Limits) -> Ruling:
        """Let a request in and count it, or say which pause it runs into."""
        self._see(now, limits)
        for name in ("*", family):
            pause = self.pauses.get(name)
            if pause:
                pause.until += limits.extend
                inside = None if pause.told is None else real - pause.told
                return Ruling(pause, inside=inside, left=pause.until - now)
        if limits.most is not None and len(self.counted) >= limits.most:
            return self.order("*", "rate", 1 + int(self.rng.random() * 11), now, limits)
        budget = limits.budgets.get(family)
        if budget is not None and self.spent.get(family, 0) >= budget:
            self.over_budget += 1
            return self.order(family, "quota", 20_000 + int(self.rng.random() * 66_401), now, limits)
        self.spent[family] = self.spent.get(family, 0) + 1
        self.counted.append(now)
        return Ruling()

    def order(self, name: str, kind: str, seconds: float, now: float, limits: Limits) -> Ruling:
        """Order a pause for a family, or `*`."""
        header = limits.header if limits.header is not None else kind == "rate" or self.rng.random() < 0.5
        self.pauses[name] = pause = Pause(now + seconds, kind, header)
        return Ruling(pause, first=True, left=seconds)

    def _see(self, now: float, limits: Limits) -> None:
        """Forget what is over, and measure the window."""
        for name, pause in list(self.pauses.items()):
            if pause.until <= now:
                del self.pauses[name]
                if pause.kind == "quota":
                    self.spent[name] = 0
        if (day := int(now // DAY)) != self.day:
            self.day = day
            self.spent = {name: count for name, count in self.spent.items() if name in self.pauses}
        for moments in (self.arrivals, self.counted):
            while moments and moments[0] <= now - limits.seconds:
                moments.popleft()
        self.arrivals.append(now)
        self.most_in_window = max(self.most_in_window, len(self.arrivals))
