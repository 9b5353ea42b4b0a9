"""An hour with all on: memory and open files of every process must stay flat, and each effect count once.

    python -m tests.journeys.soak [--minutes 60] [--stack redis]

Worker, scheduler (re-driver, sealer, inbox) and web; runs at a steady rate, an import now and then, and the
youngest child killed or the broker lost now and then. Each process is measured every few seconds; the first third
of its life is warming up, and of the rest the slope is told as a straight line (least squares), of open files that of
the slower half. Exit code 1 beyond the bounds, which hold for those that live for at least half an hour.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from backline.runtime.retry import is_passing
from tests.journeys.plug_in import journey_tasks
from tests.journeys.processes import wait_for
from tests.journeys.stacks import NAMES, Servers, Stack, idle, make_stack, remove
from tests.services.programs import Missing

SAMPLES = Path(__file__).parents[2] / "src/backline/samples/reports"
RATE = 10.0  # runs a second
LOOK = 5.0  # seconds between two measurements
MOST_MB = 12.0  # an hour
MOST_FILES = 4.0  # an hour
LEAST = 12  # measurements of one process, below which a slope says nothing
LIFE = 1750.0  # seconds that a process must have lived for its slope to be judged


@dataclass
class Course:
    """What one process was seen to hold: seconds, MB and files, over time."""

    at: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    files: list[int] = field(default_factory=list)

    @property
    def life(self) -> float:
        """Seconds from the first to the last measurement."""
        return self.at[-1] - self.at[0] if self.at else 0.0

    def slopes(self) -> tuple[float, float] | None:
        """MB and files an hour, after the first third; None where there is too little of it."""
        first = len(self.at) // 3
        if len(self.at) - first < LEAST:
            return None
        hours = [at / 3600 for at in self.at[first:]]
        return fit(hours, self.megabytes[first:]), self._count_leaked(first, hours)

    def _count_leaked(self, first: int, hours: Sequence[float]) -> float:
        """Files an hour by the slower half: a pool that opens its connections when first needed is one step, no leak."""
        files, middle = self.files[first:], len(hours) // 2
        return min(fit(hours[:middle], files[:middle]), fit(hours[middle:], files[middle:]))


def fit(across: Sequence[float], values: Sequence[float]) -> float:
    """The slope of the straight line that is nearest to these points, by least squares."""
    middle, mean = sum(across) / len(across), sum(values) / len(values)
    spread = sum((x - middle) ** 2 for x in across)
    return sum((x - middle) * (y - mean) for x, y in zip(across, values, strict=True)) / spread


class Soak:
    """One stack for so many seconds."""

    def __init__(self, stack: Stack, seconds: float, seed: int = 1) -> None:
        self._stack = stack
        self._seconds = seconds
        self._chance = random.Random(seed)
        self.courses: dict[str, Course] = defaultdict(Course)
        self.done: Counter[str] = Counter()
        self._asked = 0

    def run(self) -> None:
        """Ask, hurt, measure; then wait until all has ended."""
        crew = self._stack.crew
        crew.worker()
        crew.scheduler()
        crew.start("web", "backline", "web")
        wait_for("the worker", lambda: " ready." in crew.log(), 60)
        began = time.monotonic()
        turns = {self._measure: LOOK, self._bring_in: 30.0, self._kill_child: 120.0, self._lose_broker: 300.0}
        due = dict(turns)
        while (now := time.monotonic() - began) < self._seconds:
            self._ask(now)
            for turn, pause in turns.items():
                if now >= due[turn]:
                    due[turn] = now + pause
                    turn(now)
            crew.look()
            idle(0.02)
        with suppress(TimeoutError):
            wait_for(
                "every run to end", lambda: self._stack.count("queued", "running", "scheduled") == 0, 120
            )

    def _ask(self, now: float) -> None:
        while self._asked < now * RATE:
            number, kind = self._asked, self._chance.random()
            args: tuple[int, ...] = (number,) if kind < 0.6 else (number, 50)
            task = journey_tasks.mark if kind < 0.6 else journey_tasks.work
            try:
                self._stack.submit(task, *args, key=f"n{number}")
            except Exception as error:
                if not is_passing(error):
                    raise
                return
            self._asked += 1

    def _measure(self, now: float) -> None:
        for name in ("worker", "scheduler", "web"):
            children = self._stack.crew.children(name) if name == "worker" else []
            for process in [psutil.Process(self._stack.crew.pid(name)), *children]:
                with suppress(psutil.Error):
                    course = self.courses[f"{name} {process.pid}"]
                    course.megabytes.append(process.memory_info().rss / 1e6)
                    course.files.append(process.num_fds())
                    course.at.append(now)

    def _bring_in(self, now: float) -> None:
        inbox = self._stack.settings.inbox
        inbox.mkdir(parents=True, exist_ok=True)
        report = self._chance.choice(sorted(SAMPLES.glob("*.csv")))
        shutil.copyfile(report, inbox / f"{int(now)} {report.name}")
        self.done["file"] += 1

    def _kill_child(self, _now: float) -> None:
        children = self._stack.crew.children()
        if children:
            os.kill(max(children, key=lambda child: child.create_time()).pid, signal.SIGKILL)
            self.done["child"] += 1

    def _lose_broker(self, _now: float) -> None:
        self._stack.hurt_broker()
        self._stack.heal_broker()
        self.done["broker"] += 1

    def find_faults(self) -> list[str]:
        """What is lost, doubled, or grows."""
        effects = Counter(row.number for row in self._stack.query("SELECT number FROM journey_effect"))
        lost = sum(effects[number] == 0 for number in range(self._asked))
        doubled = sum(count > 1 for count in effects.values())
        found = [f"{lost} lost"] if lost else []
        found += [f"{doubled} doubled"] if doubled else []
        for name, course in self.courses.items():
            slopes = course.slopes() if course.life >= LIFE else None
            if slopes is not None and slopes[0] > MOST_MB:
                found.append(f"{name} grows by {slopes[0]:.1f} MB an hour")
            if slopes is not None and slopes[1] > MOST_FILES:
                found.append(f"{name} opens {slopes[1]:.1f} files more an hour")
        return found

    def describe(self) -> str:
        """The table: one line for each process that lived long enough."""
        lines = [f"{'process':<20}{'seconds':>9}{'MB':>9}{'MB/hour':>10}{'files':>8}{'files/hour':>12}"]
        for name, course in sorted(self.courses.items()):
            slopes = course.slopes()
            if slopes is not None:
                lines.append(
                    f"{name:<20}{course.life:>9.0f}{course.megabytes[-1]:>9.1f}"
                    f"{slopes[0]:>10.1f}{course.files[-1]:>8}{slopes[1]:>12.1f}"
                )
        did = ", ".join(f"{count} × {kind}" for kind, count in sorted(self.done.items()))
        return "\n".join([*lines, f"{self._asked} runs; {did}"])


def main(arguments: Sequence[str] | None = None) -> int:
    """One stack; the bounds hold from half an hour on, below that the slope is only told."""
    parser = argparse.ArgumentParser(prog="make soak ARGS=", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--stack", choices=NAMES, default="redis")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="backline-soak-"))
    folder.chmod(0o755)  # an unprivileged server must reach its own folder in it
    servers, found = Servers(folder), ["it did not get so far"]
    try:
        stack = make_stack(given.stack, folder / "stack", servers)
        try:
            soak = Soak(stack, given.minutes * 60)
            soak.run()
            found = soak.find_faults()
            print(soak.describe(), *found, sep="\n", flush=True)
        finally:
            stack.close()
    except Missing as missing:
        print(f"{given.stack} left out: {missing} is not installed (`make services` brings it in)")
    finally:
        servers.stop()
        print(f"the logs are in {folder}") if found else remove(folder)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
