"""What goes wrong in a course, drawn from its number: faults of the platform, of the line, of processes, and quotas."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from tests.journeys.spotify_wire import FAMILIES, HICCUPS, KILLS

# So many a look at most: the eighth passing fault of a run is its end, and so is its third loss.
MOST_HICCUPS, MOST_KILLS, MOST_PAUSES = 5, 2, 4
BROKEN = ("5xx", "cut", "reset", "html", "text", "token", *HICCUPS)
PAUSES: tuple[dict[str, Any], ...] = (
    {"kind": "429", "retry_after": 2},
    {"kind": "429", "retry_after": 79_200},
    {"kind": "429", "retry_after": None, "seconds": 40},
    {"kind": "quota", "retry_after": 30_000},
    {"kind": "quota", "retry_after": None, "seconds": 70_000},
)


class Trouble:
    """`daily`: our own budgets; `hidden`: those of the platform; `window`: its most requests in 30 s.

    `reach`: within how many requests from the beginning of a look something happens.
    """

    def __init__(self, number: int, profile: str, reach: int) -> None:
        self._rng = rng = random.Random(f"trouble {number}")
        self.reach = reach
        small = rng.random() < 0.4
        self.daily = {family: rng.randint(25, 60) if small else 400 for family in FAMILIES.values()}
        self.hidden = {}
        if profile != "extended" and rng.random() < 0.4:
            self.hidden = {family: rng.randint(8, 40) for family in FAMILIES}
        self.window = rng.choice((None, None, 20, 60))
        self.latency = rng.choice((0.05, 0.4, 1.2))
        self._kills = 0
        self._hiccups: Sequence[str] = ()

    def draw_faults(self) -> list[dict[str, Any]]:
        """Faults of the sandbox for the next look; those of the line come with `draw_wire`."""
        rng = self._rng
        self._kills = rng.randint(0, MOST_KILLS)
        kinds = rng.choices(BROKEN, k=rng.randint(0, MOST_HICCUPS))
        self._hiccups = [one for one in kinds if one in HICCUPS]
        faults = [_break(kind, rng, self.reach) for kind in kinds if kind not in HICCUPS]
        faults += [
            rng.choice(PAUSES) | {"skip": rng.randint(0, self.reach)}
            for _ in range(rng.randint(0, MOST_PAUSES))
        ]
        rng.shuffle(faults)
        return faults

    def draw_wire(self) -> dict[int, str]:
        """What happens to which request."""
        rng = self._rng
        kinds = [*self._hiccups, *["slow"] * rng.randint(0, 2)]
        for _ in range(self._kills):
            if rng.random() < 0.6:
                kinds.append(rng.choice(KILLS))
                self._kills -= 1
        return {rng.randint(0, self.reach): kind for kind in kinds}

    def draw_commit(self) -> tuple[int | None, bool]:
        """At which commit the next process is killed, if it is, and whether just after it."""
        if self._kills <= 0:
            return None, False
        self._kills -= 1
        return self._rng.randint(1, 10 * self.reach), self._rng.random() < 0.5


def _break(kind: str, rng: random.Random, reach: int) -> dict[str, Any]:
    if kind == "token":
        return {"kind": rng.choice(("5xx", "cut", "reset")), "match": "/api/token", "skip": 0}
    return {"kind": kind, "skip": rng.randint(0, reach)}
