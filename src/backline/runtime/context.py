"""What carries runs in a process, what one attempt works with, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from backline.runtime.audit import Secrets
from backline.runtime.claim import Keeper, Watch
from backline.runtime.effects import AuditTrail, Effects, FollowUps
from backline.runtime.intents import Intents
from backline.runtime.limits import Limiter
from backline.runtime.steps import Steps
from backline.runtime.stop import StopOrder
from backline.runtime.task import BATCH, BadTask, Job, Task
from backline.storage.database import Database
from backline.storage.leases import Leases

Provider = Callable[["RunContext"], Any]
RUNTIME_NEEDS = (Effects, FollowUps, AuditTrail, Steps, Intents, Watch)
NOT_AT_ONCE = {Steps, Intents, Watch, Limiter}  # what writes or waits outside the one commit of a short task
LOST = "lost"  # the outcome of an attempt whose run belongs to somebody else by now


@dataclass
class RunContext:
    """What one attempt works with."""

    watch: Watch
    steps: Steps
    intents: Intents
    priority: int = BATCH
    effects: Effects = field(default_factory=Effects)
    follow_ups: FollowUps = field(default_factory=FollowUps)
    job: Job | None = None
    trail: AuditTrail = field(default_factory=AuditTrail)


@dataclass
class Runtime:
    """Everything a process needs to carry runs. Made in wiring.py."""

    database: Database
    leases: Leases
    tasks: Mapping[str, Task[Any, Any]]
    providers: Mapping[type, Provider]
    secrets: Secrets
    worker: str
    code_version: str
    lease_seconds: float
    ring_again: float
    ring: Callable[[str], bool]
    stop: StopOrder
    may_kill: bool = False  # a worker child may end itself at a hard time limit

    def __post_init__(self) -> None:
        self.keeper = Keeper(self.database, self.leases, self.lease_seconds)
        for task in self.tasks.values():
            for parameter, kind in task.needs.items():
                if kind not in self.providers and kind not in RUNTIME_NEEDS:
                    raise BadTask(f"Task {task.name}: nothing provides {kind.__name__} for {parameter}.")
            if task.short and NOT_AT_ONCE & set(task.needs.values()):
                words = "cannot keep steps, watch its lease or call the outside world"
                raise BadTask(f"Task {task.name} is short: it {words}.")


@dataclass(frozen=True)
class Outcome:
    """Where a run stands after an attempt."""

    run_id: str
    state: str
    error: str | None = None
    claimed: bool = False  # it was carried in the two-commit form
