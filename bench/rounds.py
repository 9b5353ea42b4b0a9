"""One round of one contender: ask for N runs, start its workers, drain, then a paced feed for latency.

Start-up is outside every figure: `warm` runs lie in front of the N, and rate and CPU are taken from the
moment they are done. Every round checks that each run left exactly one effect.
"""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.contenders import Contender
from bench.stacks import Stack
from bench.work import EffectTable
from bench.workers import RoundFailed, Workers, feed, read_tail, run_program

SILENCE = 60.0  # seconds without a new effect after which a round is given up


@dataclass(frozen=True)
class Plan:
    """How many runs a round takes: in front, measured, paced (at `rate` a second); children of a Celery worker."""

    warm: int
    runs: int
    paced: int
    rate: float
    children: int = 2


@dataclass(frozen=True)
class Round:
    """What one round measured. Rates in runs a second, CPU in ms a run, latencies in ms."""

    contender: str
    enqueue_rate: float
    enqueue_cpu: float
    drain_rate: float
    worker_cpu: float
    latencies: list[float]
    effects: int
    expected: int
    doubled: int

    @property
    def is_exact(self) -> bool:
        """Whether every run left one effect and none left two."""
        return self.effects == self.expected and self.doubled == 0

    def as_json(self) -> dict[str, Any]:
        """For the results file."""
        return asdict(self) | {"exact": self.is_exact}


def prepare(contender: Contender, stack: Stack) -> None:
    """Make the contender's tables, once for a stack."""
    run_program(contender, stack.environ, ["prepare"], _log(contender, stack))


def measure_round(contender: Contender, stack: Stack, table: EffectTable, plan: Plan) -> Round:
    """One round. Raises `RoundFailed` where a worker ends or falls silent."""
    log = _log(contender, stack)
    table.clear()
    drained, paced = uuid.uuid4().hex, uuid.uuid4().hex
    spent = feed(contender, stack.environ, log, drained, plan.warm, plan.runs)
    with Workers(contender, stack.environ, log, plan.children) as workers:
        first = _await(table, drained, plan.warm, workers, log)
        before = workers.read_cpu()
        last = _await(table, drained, plan.warm + plan.runs, workers, log)
        worker_cpu = (workers.read_cpu() - before) / max(1, last - first)
        if plan.paced:
            feed(contender, stack.environ, log, paced, 5, plan.paced, plan.rate)
            _await(table, paced, plan.paced + 5, workers, log)
    done = table.read(drained)
    late = table.read(paced)
    seconds = (done[-1][2] - done[plan.warm - 1][2]) / 1e6
    numbers = [number for number, _, _ in done + late]
    return Round(
        contender=contender.key,
        enqueue_rate=plan.runs / spent["seconds"],
        enqueue_cpu=spent["cpu_seconds"] / plan.runs * 1e3,
        drain_rate=(len(done) - plan.warm) / seconds,
        worker_cpu=worker_cpu * 1e3,
        latencies=[(at - asked) / 1e3 for number, asked, at in late if number >= 0],
        effects=len(numbers),
        expected=plan.warm + plan.runs + (plan.paced + 5 if plan.paced else 0),
        doubled=len(done) - len({row[0] for row in done}) + len(late) - len({row[0] for row in late}),
    )


def _await(table: EffectTable, batch: str, count: int, workers: Workers, log: Path) -> int:
    """Wait until a batch has so many effects; how many it has then."""
    pause, seen, moved = threading.Event(), 0, time.monotonic()
    while True:
        found = table.count(batch)
        if found >= count:
            return found
        if found > seen:
            seen, moved = found, time.monotonic()
        workers.check()
        if time.monotonic() - moved > SILENCE:
            raise RoundFailed(f"{seen} of {count} effects, then silence: {read_tail(log)}")
        pause.wait(0.05)


def _log(contender: Contender, stack: Stack) -> Path:
    return stack.state / f"{contender.key}.log"
