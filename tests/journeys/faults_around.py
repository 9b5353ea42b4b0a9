"""The storm while what is around the programs goes wrong: the disk full, the clock stepped, old code beside new.

    python -m tests.journeys.faults_around [--runs 400] [--form disk|clock|rolling] [--stack embedded|redis|rabbitmq]

What this machine does not permit, or has no program for, is left out and said.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from tests.journeys.faults import HEAD, Plan, Producer, Storm, weather
from tests.journeys.processes import wait_for
from tests.journeys.stacks import NAMES, Servers, Stack, idle, make_stack, remove
from tests.journeys.trees import NoHistory, Tree, make_trees
from tests.services.faketime import DAY, WrongClock
from tests.services.netns import NotPermitted
from tests.services.postgresql import PostgreSQL
from tests.services.programs import Missing
from tests.services.tmpfs import SmallDisk

DISK = {"embedded": 24, "rabbitmq": 256}  # MB; a PostgreSQL that nobody uses takes 60
OLD = 6  # old workers: two may be lost to other faults than their replacement
ASKED = 20  # runs at once, by whoever asks beside the storm's own producer
# Seconds ahead of this machine's clock; on SQLite what a clock ahead has put off waits for the last one.
STEPS = (5, DAY, -40, 3600, -DAY, -3600, 20, 2 * DAY)
Make = Callable[[str, Path, int, int], AbstractContextManager[Storm]]
ADD_WAL = "SELECT pg_logical_emit_message(false, 'storm', repeat('x', 4000000))"


class DiskStorm(Storm):
    """The database's disk is full for a while, at times longer than a lease."""

    def __init__(self, stack: Stack, disk: SmallDisk, plan: Plan, seed: int) -> None:
        super().__init__(stack, plan, seed)
        self._disk = disk
        self._chance = random.Random(seed)

    def _hurt_disk(self) -> bool:
        self._find_holder()
        with self._without_room():
            self._hold(self._chance.uniform(0.5, 6.0))
        return True

    def _hurt_disk_worker(self) -> bool:
        """And a worker dies meanwhile, and is started again as often as it gives up."""
        self._find_holder()
        with self._without_room():
            self._hold(self._chance.uniform(0.0, 1.0))
            os.killpg(self.stack.crew.pid(), signal.SIGKILL)
            self._hold(self._chance.uniform(0.5, 6.0))
        return True

    def _hurt_wal(self) -> bool:
        """PostgreSQL stops where its WAL has no room; with room it is started again, as an operator would."""
        server = self.stack.server
        assert server is not None
        self._find_holder()
        with self._without_room():
            wait_for("PostgreSQL to stop", lambda: self._press(server), 60)
        return True

    @contextmanager
    def _without_room(self) -> Iterator[None]:
        """Full at least until somebody who asks for a run has been refused."""
        askers: list[Producer] = []
        if self.stack.server is None:  # what room the log has is used again and again
            with closing(sqlite3.connect(str(self.stack.database.url.database), timeout=5)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._disk.fill()
        try:
            wait_for("a refusal", lambda: self._is_refused(askers), 30)
            yield
        finally:
            self._disk.empty()
            server = self.stack.server
            if server is not None and not server.running:
                server.start()
                self.stack.database.close()
            for asker in askers:
                asker.join(60)

    def _is_refused(self, askers: list[Producer]) -> bool:
        """Ask until the room is used up that pages have which are there."""
        if all(asker.is_done for asker in askers):
            askers.append(Producer(self.stack))
            askers[-1].begin(self._take_more(ASKED))
            askers[-1].release(ASKED)
        self._hold(0.1)
        return askers[-1].refused > 0

    def _hold(self, seconds: float) -> None:
        """Take what is given back, too."""
        for _ in range(round(seconds / 0.1)):
            self._disk.fill()
            self.stack.crew.look()
            idle(0.1)

    def _press(self, server: PostgreSQL) -> bool:
        self._hold(0.1)
        with suppress(psycopg.Error), psycopg.connect(server.url.replace("+psycopg", "")) as connection:
            connection.execute(ADD_WAL)
        return not server.running


class ClockStorm(Storm):
    """The clock of worker and scheduler is stepped. On PostgreSQL each has its own, wrong by another time;
    SQLite has none but the machine's, so there whoever asks for runs has it too."""

    def __init__(self, stack: Stack, plan: Plan, seed: int) -> None:
        super().__init__(stack, plan, seed)
        self._steps = list(STEPS)
        clocks = [WrongClock(stack.folder / name) for name in ("worker.clock", "scheduler.clock")]
        self._clocks = clocks if stack.server is not None else clocks[:1]
        stack.crew.extend(clocks[0].env)
        file = self._clocks[-1].env["FAKETIME_TIMESTAMP_FILE"]
        stack.crew.before["scheduler"] = ["/usr/bin/env", f"FAKETIME_TIMESTAMP_FILE={file}"]
        self._database = stack.desk.house().database
        self._right = self._database.now_sql

    def _hurt_clock(self) -> bool:
        self._find_holder()
        seconds = self._steps.pop(0)
        for clock, factor in zip(self._clocks, (1, -1), strict=False):
            clock.step(factor * seconds)
        if self.stack.server is None:
            self._database.now_sql = f"({self._right} + {seconds} * 1000000)"
        idle(1.0)
        return True


class RollingStorm(Storm):
    """Old workers end one by one and new ones begin; what is started after the first new one is new."""

    def __init__(self, stack: Stack, trees: tuple[Tree, Tree], kept: bool, plan: Plan, seed: int) -> None:
        super().__init__(stack, plan, seed)
        self._trees, self._kept = trees, kept
        self._old: dict[str, int] = {}  # by name, the process that runs the old code

    def _begin(self, numbers: Sequence[int]) -> None:
        """Where the old code is of another commit this process is new, and asks when the schema is."""
        crew, (old, _), first = self.stack.crew, self._trees, 0
        names = ["worker", *(f"old {number}" for number in range(1, OLD))]
        crew.before = dict.fromkeys((*names, "scheduler"), old.become())
        self._old = {name: crew.worker(name, concurrency=1).pid for name in names}
        crew.scheduler()
        if self._kept:
            first = len(numbers) // 2
            old.submit(dict(self.stack.env), 0, first)
            wait_for("the old code's work", lambda: self.stack.count("succeeded") > 0, 60)
            self._start("new")
        for number in numbers[first:]:
            self._producer.submit(number)

    def _hurt_replace(self) -> bool:
        """In turn: a new worker begins and then an old one ends, and the other way round. The new code asks, too."""
        self._find_holder()
        name = next(iter(self._list_old()), None)
        if name is None:
            return False
        if self.tally.delivered["replace"] % 2 == 0:
            self._start(f"beside {name}")
            code = self.stack.crew.stop(name)
        else:
            code = self.stack.crew.stop(name)
            self._start(name)
        numbers = self._take_more(ASKED)
        self._trees[1].submit(dict(self.stack.env), numbers.start, numbers.stop)
        return code == 0

    def _await_end(self) -> None:
        """What an old worker blocks, as too new for it, waits a little longer each time: the last ones end."""
        for name in self._list_old():
            self.stack.crew.stop(name)
        super()._await_end()

    def _list_old(self) -> list[str]:
        """Those that still run: one that was killed, or whose child was, has ended and is new by now."""
        crew = self.stack.crew
        return sorted(name for name in crew.workers if crew.pid(name) == self._old.get(name))

    def _start(self, name: str) -> None:
        crew = self.stack.crew
        crew.before = dict.fromkeys((*crew.before, name), self._trees[1].become())
        said = len(crew.log(name))
        crew.worker(name, concurrency=1)
        wait_for("the new worker", lambda: " ready." in crew.log(name)[said:], 60)


class DiskServers(Servers):
    """PostgreSQL on the small disk, the broker beside it."""

    def __init__(self, folder: Path, disk: Path) -> None:
        super().__init__(folder)
        self._disk = disk

    def _make(self, kind: type[Any]) -> Any:
        return kind(self._disk if kind is PostgreSQL else self._folder)


@contextmanager
def make_disk_storm(name: str, folder: Path, runs: int, seed: int) -> Iterator[Storm]:
    """The embedded stack wholly on a small disk; of another one PostgreSQL."""
    embedded = name == "embedded"
    place = folder / "disk"
    place.mkdir()
    disk = SmallDisk(place, DISK[name])
    try:
        with _make_stack(name, place if embedded else folder, DiskServers(folder, place)) as stack:
            more = {"disk": 5, "disk_worker": 3} if embedded else {"disk": 4, "disk_worker": 2, "wal": 3}
            yield DiskStorm(stack, disk, Plan(runs, **FEW, more=more), seed)
    finally:
        disk.end()


@contextmanager
def make_clock_storm(name: str, folder: Path, runs: int, seed: int) -> Iterator[Storm]:
    """Each step once."""
    with _make_stack(name, folder, Servers(folder)) as stack:
        yield ClockStorm(stack, Plan(runs, **FEW, more={"clock": len(STEPS)}), seed)


@contextmanager
def make_rolling_storm(name: str, folder: Path, runs: int, seed: int) -> Iterator[Storm]:
    """On Redis the old code is an old commit; elsewhere the new one has a migration more than this."""
    trees = make_trees(folder, kept=name == "redis")
    with _make_stack(name, folder, Servers(folder), revision=trees[0].revision) as stack:
        plan = Plan(runs, children=2, workers=1, databases=0, pauses=1, more={"replace": OLD - 2})
        yield RollingStorm(stack, trees, name == "redis", plan, seed)


# What these storms have besides.
FEW: dict[str, Any] = {"children": 4, "workers": 2, "databases": 0, "pauses": 1}
FORMS = {
    "disk": (make_disk_storm, ("embedded", "rabbitmq")),
    "clock": (make_clock_storm, ("embedded", "redis")),
    "rolling": (make_rolling_storm, ("embedded", "redis")),
}


@contextmanager
def _make_stack(name: str, folder: Path, servers: Servers, **options: Any) -> Iterator[Stack]:
    try:
        stack = make_stack(name, folder / "stack", servers, **options)
        try:
            yield stack
        finally:
            stack.close()
    finally:
        servers.stop()


def main(arguments: Sequence[str] | None = None) -> int:
    """Every form on the stacks that it has."""
    parser = argparse.ArgumentParser(prog="python -m tests.journeys.faults_around", description=__doc__)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--form", choices=FORMS)
    parser.add_argument("--stack", choices=NAMES)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print(HEAD, flush=True)
    bad = False
    for form, (make, names) in FORMS.items():
        for name in names:
            if given.form in (None, form) and given.stack in (None, name):
                bad = not _weather(f"{name} {form}", make, name, given.runs, given.seed) or bad
    return int(bad)


def _weather(title: str, make: Make, name: str, runs: int, seed: int) -> bool:
    folder = Path(tempfile.mkdtemp(prefix="backline-around-"))
    folder.chmod(0o755)  # an unprivileged server must reach its own folder in it
    clean = False
    try:
        with make(name, folder, runs, seed) as storm:
            storm.tally.stack = title
            clean = weather(storm, folder / "kept")
            if not clean:  # what lies on a small disk goes with it
                shutil.copytree(storm.stack.folder, folder / "kept")
        return clean
    except (Missing, NotPermitted, NoHistory) as reason:
        print(f"{title:<17} left out: {reason}", flush=True)
        clean = True
        return True
    finally:
        if clean:
            remove(folder)


if __name__ == "__main__":
    sys.exit(main())
