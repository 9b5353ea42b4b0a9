"""Faults on demand: which of the next requests go wrong, how, and whether before or after they did what they do."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any

KINDS = (
    "429", "quota", "5xx", "cut", "html", "text", "empty", "slow", "stall", "reset", "premium", "not_listed",
    "forbidden", "bad_token", "snapshot_lag", "invalid_grant", "world",
)  # fmt: skip
STATUSES = (500, 502, 503, 504)
AUTH_KINDS = {"invalid_grant"}


@dataclass
class Fault:
    """`match`: a glob of the path, with a method before it or not. `skip` requests pass, then `times` go wrong.

    `retry_after`: seconds of the header; None leaves it out. `seconds`: how long an answer takes, a pause holds (where
    there is no header) or a snapshot lags. `status` None draws one of 500 to 504. `after`: the effect happens, its
    answer is lost. `edits`: what happens to the world just before (kind `world`).
    """

    kind: str
    match: str = "/v1/*"
    times: int = 1
    skip: int = 0
    retry_after: float | None = None
    seconds: float | None = None
    status: int | None = None
    after: bool = False
    edits: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        if self.kind in AUTH_KINDS and self.match == "/v1/*":
            self.match = "/api/token"


@dataclass
class Schedule:
    """Faults by chance, repeatable by `seed`: `rate` of the matching requests get one of `kinds`."""

    seed: int | str
    rate: float
    kinds: list[str]
    match: str = "/v1/*"
    retry_after: float | None = 2
    seconds: float | None = 0.05
    after: float = 0.5

    def __post_init__(self) -> None:
        if wrong := set(self.kinds) - set(KINDS):
            raise ValueError(f"kinds must be of {', '.join(KINDS)}; not {', '.join(sorted(wrong))}")
        self._random = random.Random(f"faults {self.seed}")

    def draw(self) -> Fault | None:
        """The fault of the next request, or None. A request draws the same numbers whether one comes or not."""
        chance, which, late, status = (self._random.random() for _ in range(4))
        if chance >= self.rate or not self.kinds:
            return None
        kind = self.kinds[int(which * len(self.kinds))]
        return Fault(
            kind, self.match, retry_after=self.retry_after, seconds=self.seconds, after=late < self.after,
            status=STATUSES[int(status * 4)],
        )  # fmt: skip


class Faults:
    """What is still to go wrong."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []
        self.schedule: Schedule | None = None
        self.delivered = 0

    def add(self, wanted: list[dict[str, Any]] | dict[str, Any]) -> None:
        """Faults, or one schedule. Raises `ValueError` and `TypeError` for what is none; then none is added."""
        if isinstance(wanted, dict) and "schedule" in wanted:
            self.schedule = Schedule(**wanted["schedule"]) if wanted["schedule"] else None
            return
        self.waiting += [Fault(**one) for one in ([wanted] if isinstance(wanted, dict) else wanted)]

    def clear(self) -> None:
        """Nothing more goes wrong."""
        self.waiting.clear()
        self.schedule = None

    def take(self, method: str, path: str) -> Fault | None:
        """The fault of this request: the first that matches and is due, else one of the schedule."""
        for fault in self.waiting:
            if not _matches(fault.match, method, path):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            if fault.times < 1:
                self.waiting.remove(fault)
            self.delivered += 1
            return fault
        drawn = (
            self.schedule.draw() if self.schedule and _matches(self.schedule.match, method, path) else None
        )
        self.delivered += drawn is not None
        return drawn

    def tell(self) -> dict[str, Any]:
        """What waits, and how many were delivered."""
        schedule = asdict(self.schedule) if self.schedule else None
        waiting = [asdict(fault) for fault in self.waiting]
        return {"waiting": waiting, "schedule": schedule, "delivered": self.delivered}


def _matches(pattern: str, method: str, path: str) -> bool:
    verb, _, glob = pattern.rpartition(" ")
    return (not verb or verb.upper() == method) and fnmatchcase(path, glob)
