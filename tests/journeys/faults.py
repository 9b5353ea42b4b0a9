"""Many runs a stack under kill -9, pauses, broker and database loss: each effect must count once.

    python -m tests.journeys.faults [--runs 2000] [--stack embedded|redis|rabbitmq]

Half of the runs are asked for before the worker starts, half during the faults at 60 a second. Exit
code 1 where a run is lost or counted twice, or where a fault was not really delivered.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backline.runtime.retry import is_passing
from tests.journeys.plug_in import journey_tasks
from tests.journeys.processes import is_alive, wait_for
from tests.journeys.stacks import NAMES, Servers, Stack, idle, make_stack, remove
from tests.services.programs import Missing

RATE = 60.0  # runs a second
OPEN = ("scheduled", "queued", "running", "blocked")


@dataclass(frozen=True)
class Plan:
    """How many runs, and how many faults of each kind."""

    runs: int
    children: int = 7
    workers: int = 3
    brokers: int = 1
    databases: int = 1
    pauses: int = 2
    away: float = 10.0  # seconds that SQLite is locked
    more: Mapping[str, int] = field(default_factory=dict)  # kinds that only some storms know

    def list_faults(self, seed: int) -> list[str]:
        """The faults in the order of their delivery; the first and the last are kills of a child."""
        kinds = {
            "worker": self.workers,
            "broker": self.brokers,
            "database": self.databases,
            "pause": self.pauses,
            **self.more,
        }
        middle = [kind for kind, count in kinds.items() for _ in range(count)]
        middle += ["child"] * (self.children - 2)
        random.Random(seed).shuffle(middle)
        return ["child", *middle, "child"]


SHORT = Plan(200, children=3, workers=2, pauses=1, away=4.0)


@dataclass
class Tally:
    """What came of it."""

    stack: str
    wanted: Counter[str]
    delivered: Counter[str] = field(default_factory=Counter)
    submitted: int = 0
    succeeded: int = 0
    lost: int = 0
    doubled: int = 0
    extra: int = 0
    seconds: float = 0.0

    @property
    def clean(self) -> bool:
        """Nothing lost, nothing doubled, every fault delivered."""
        return not self.lost and not self.doubled and self.delivered == self.wanted


class Producer:
    """Asks for runs, and asks again under the same key where the answer did not arrive."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._given = threading.Semaphore(0)
        self._numbers: list[int] = []
        self._thread: threading.Thread | None = None
        self.failed: Exception | None = None
        self.refused = 0  # how often the answer was a passing fault

    def submit(self, number: int, form: str | None = None) -> None:
        """Until the database says yes."""
        task, args, options = describe_run(number, form)
        while True:
            try:
                self._stack.submit(task, *args, key=f"n{number}", **options)
                return
            except Exception as error:
                if not is_passing(error):
                    raise
                self.refused += 1
                idle(0.2)

    def begin(self, numbers: Sequence[int]) -> None:
        """Submit these in a thread, at `RATE`, as they are released."""
        self._numbers = list(numbers)
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def release(self, count: int) -> None:
        """Let so many more go."""
        self._given.release(count) if count > 0 else None

    @property
    def is_done(self) -> bool:
        """Whether the thread has submitted all it was to submit."""
        return self._thread is not None and not self._thread.is_alive()

    def join(self, seconds: float) -> None:
        """Wait until all are submitted. Raises what stopped the thread."""
        assert self._thread is not None
        self.release(len(self._numbers))
        self._thread.join(timeout=seconds)
        if self.failed is not None:
            raise self.failed
        if self._thread.is_alive():
            raise TimeoutError("the producer did not end")

    def _work(self) -> None:
        try:
            for number in self._numbers:
                self._given.acquire()
                began = time.monotonic()
                self.submit(number)
                idle(max(0.0, 1 / RATE - (time.monotonic() - began)))
        except Exception as error:
            self.failed = error


def describe_run(number: int, form: str | None = None) -> tuple[Any, tuple[int, ...], dict[str, int]]:
    """Half short, most others long, some in steps; victims are long enough to be met, and go first."""
    if form == "deaf":
        return journey_tasks.deaf, (number, 1200), {"priority": 0}
    if form == "victim":
        return journey_tasks.work, (number, 600), {"priority": 0}
    if number % 2:
        return journey_tasks.mark, (number,), {}
    if number % 10 == 0:
        return journey_tasks.walk, (number, 60, 2), {}
    return journey_tasks.work, (number, 20 + number % 60), {}


class Storm:
    """One stack, one plan."""

    def __init__(self, stack: Stack, plan: Plan, seed: int = 1) -> None:
        self.stack = stack
        self._plan = plan
        self._faults = plan.list_faults(seed)
        self._producer = Producer(stack)
        self.tally = Tally(stack.name, Counter(self._faults))
        self._asked = plan.runs  # and what a fault asks for beyond them
        self._victims = list(range(plan.runs - 2 * len(self._faults), plan.runs))

    def run(self) -> Tally:
        """Submit, hurt, wait, count."""
        began = time.monotonic()
        half = self._plan.runs // 2
        self._begin(range(half))
        wait_for("the first effect", lambda: self.stack.count("succeeded") > 0, 60)
        self._producer.begin(range(half, self._victims[0]))
        chunk = (self._victims[0] - half) // len(self._faults)
        for fault in self._faults:
            self._producer.release(chunk)
            self._deliver(fault)
            self.stack.crew.look()
        self._producer.join(120)
        for number in self._victims:  # that no fault had a use for
            self._producer.submit(number)
        self._await_end()
        self.tally.seconds = time.monotonic() - began
        return self._count()

    def _begin(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self._producer.submit(number)
        self.stack.crew.worker()
        self.stack.crew.scheduler()

    def _deliver(self, fault: str) -> None:
        with suppress(TimeoutError):
            if getattr(self, f"_hurt_{fault}")():
                self.tally.delivered[fault] += 1

    def _hurt_child(self) -> bool:
        """In turn the holder of a claimed run, and whatever child is there."""
        if self.tally.delivered["child"] % 2 == 0:
            pid = self._find_holder()
        else:
            self._find_holder()
            pid = random.choice(self._list_children())
        os.kill(pid, signal.SIGKILL)
        wait_for("the child to be dead", lambda: not is_alive(pid), 5)
        return True

    def _hurt_worker(self) -> bool:
        """In turn with its children, and alone."""
        self._find_holder()
        pid = self.stack.crew.pid()
        if self.tally.delivered["worker"] % 2 == 0:
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)
        wait_for("the worker to be dead", lambda: not is_alive(pid), 5)
        return True

    def _hurt_broker(self) -> bool:
        self._find_holder()
        self.stack.hurt_broker()
        idle(0.5)
        self.stack.heal_broker()
        return True

    def _hurt_database(self) -> bool:
        self._find_holder()
        with self.stack.without_database(self._plan.away):
            idle(1.0)
        return True

    def _hurt_pause(self) -> bool:
        """A child is stopped in mid-task until its run is somebody else's, and then goes on."""
        number = self._victims.pop()
        self._producer.submit(number, "deaf")
        sql = "SELECT worker, fence, state FROM backline_run WHERE idempotency_key = :key"
        row = wait_for("the paused run's claim", lambda: self._look_at(sql, number, "running"), 30)
        pid = int(row.worker.rpartition("/")[2])
        os.kill(pid, signal.SIGSTOP)
        try:
            wait_for("its lease to be lost", lambda: self._is_moved(sql, number, row.fence), 20)
        finally:
            os.kill(pid, signal.SIGCONT)
        return True

    def _look_at(self, sql: str, number: int, state: str) -> Any:
        self.stack.crew.look()
        row = self.stack.one(sql, key=f"n{number}")
        return row if row is not None and row.state == state else None

    def _is_moved(self, sql: str, number: int, fence: int) -> bool:
        self.stack.crew.look()
        return bool(self.stack.one(sql, key=f"n{number}").fence != fence)

    def _find_holder(self) -> int:
        """A living child that holds a run; one more is asked for, so that there is one.

        Three losses are poison by design; so that only the product's faults show, no run is hurt twice:
        what was lost before ends first.
        """
        lost = "SELECT 1 FROM backline_run WHERE lost > 0 AND state IN ('queued', 'running')"
        wait_for("what was lost to end", lambda: self.stack.crew.look() or not self.stack.query(lost), 40)
        self._producer.submit(self._victims.pop(), "victim")

        def look() -> int:
            children = self._list_children()
            rows = self.stack.query("SELECT worker FROM backline_run WHERE state = 'running'")
            pids = [int(row.worker.rpartition("/")[2]) for row in rows]
            return next((pid for pid in pids if pid in children), 0)

        return wait_for("a claimed run", look, 30)

    def _take_more(self, count: int) -> range:
        """Numbers of runs beyond the plan, for a fault that asks for many."""
        self._asked += count
        return range(self._asked - count, self._asked)

    def _list_children(self) -> list[int]:
        def look() -> list[int]:
            self.stack.crew.look()
            crew = self.stack.crew
            return [child.pid for name in crew.workers for child in crew.children(name)]

        return wait_for("a worker child", look, 30)

    def _await_end(self) -> None:
        def is_over() -> bool:
            self.stack.crew.look()
            return self.stack.count(*OPEN) == 0

        with suppress(TimeoutError):  # what is open then counts as lost
            wait_for("every run to end", is_over, 60 + self._plan.runs / 20)

    def _count(self) -> Tally:
        effects = Counter(row.number for row in self.stack.query("SELECT number FROM journey_effect"))
        rows = self.stack.query("SELECT state, idempotency_key FROM backline_run")
        done = {int(row.idempotency_key[1:]) for row in rows if row.state == "succeeded"}
        tally = self.tally
        tally.submitted = len(rows)
        tally.succeeded = len(done)
        tally.lost = sum(number not in done or effects[number] == 0 for number in range(self._asked))
        tally.doubled = sum(count > 1 for count in effects.values())
        tally.extra = self.stack.one("SELECT count(*) AS n FROM backline_attempt").n - len(rows)
        return tally


def describe(tally: Tally) -> str:
    """One line of the table."""
    faults = " ".join(f"{kind} {tally.delivered[kind]}/{tally.wanted[kind]}" for kind in sorted(tally.wanted))
    return (
        f"{tally.stack:<17}{tally.submitted:>10}{tally.succeeded:>10}{tally.lost:>6}{tally.doubled:>9}"
        f"{tally.extra:>16}{tally.seconds:>9.1f}  {faults}"
    )


HEAD = (
    f"{'stack':<17}{'submitted':>10}{'succeeded':>10}{'lost':>6}{'doubled':>9}{'extra attempts':>16}"
    f"{'seconds':>9}  faults delivered"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Every stack that this machine has the programs for."""
    parser = argparse.ArgumentParser(prog="make faults ARGS=", description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--stack", choices=NAMES)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="backline-faults-"))
    folder.chmod(0o755)  # an unprivileged server must reach its own folder in it
    servers, bad = Servers(folder), False
    print(HEAD, flush=True)
    try:
        for name in [given.stack] if given.stack else NAMES:
            try:
                stack = make_stack(name, folder / f"stack-{name}", servers)
            except Missing as missing:
                print(f"{name:<17} left out: {missing} is not installed (`make services` brings it in)")
                bad = bad or bool(given.stack) or os.environ.get("CI") == "true"
                continue
            try:
                bad = not weather(Storm(stack, Plan(given.runs), given.seed), stack.folder) or bad
            finally:
                stack.close()
    finally:
        servers.stop()
        if not bad:
            remove(folder)
    return int(bad)


def weather(storm: Storm, logs: Path) -> bool:
    """Run it and say what came of it, and where the logs are if it is not clean. False then."""
    tally = storm.run()
    print(describe(tally), flush=True)
    if not tally.clean:
        print(f"the logs are in {logs}", flush=True)
    return tally.clean


if __name__ == "__main__":
    sys.exit(main())
