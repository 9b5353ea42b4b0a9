"""The storm over two hosts: what lies between the worker and its servers is cut, longer than a lease, or slow.

    python -m tests.journeys.faults_hosts [--runs 600] [--stack redis|rabbitmq]

Whoever is cut off is told nothing: TCP neither answers nor resets. The worker is not started again for it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.journeys.faults import HEAD, Plan, Storm, describe
from tests.journeys.hosts import two_hosts
from tests.journeys.processes import wait_for
from tests.journeys.stacks import Stack, idle, remove
from tests.services.netns import LINKS, Hosts, NotPermitted
from tests.services.programs import Missing

RESUMES = 30.0  # seconds after a link is mended until the worker must have claimed something
BOTH = tuple(LINKS)
KINDS = {"redis": ("cut_database", "cut_both"), "rabbitmq": ("cut_broker", "slow")}  # of the short form


def make_short(name: str) -> Plan:
    """What each stack meets once in `make test`."""
    more = dict.fromkeys(KINDS[name], 1)
    return Plan(60, children=2, workers=0, brokers=0, databases=0, pauses=0, more=more)


def make_plan(runs: int) -> Plan:
    """Each kind twice, and both links once for longer than any connection outlives."""
    more = {"cut_database": 2, "cut_broker": 2, "cut_both": 2, "cut_long": 1, "slow": 2}
    return Plan(runs, children=4, workers=1, brokers=1, databases=1, pauses=1, more=more)


class HostStorm(Storm):
    """One stack on two hosts."""

    def __init__(self, stack: Stack, hosts: Hosts, plan: Plan, seed: int = 1) -> None:
        super().__init__(stack, plan, seed)
        self._hosts = hosts
        self.resumed: list[float] = []  # seconds from the mended link to the next claim

    def _hurt_cut_database(self) -> bool:
        return self._cut("database")

    def _hurt_cut_broker(self) -> bool:
        return self._cut("broker", seconds=5.0)

    def _hurt_cut_both(self) -> bool:
        return self._cut(*BOTH)

    def _hurt_cut_long(self) -> bool:
        return self._cut(*BOTH, seconds=40.0)

    def _hurt_slow(self) -> bool:
        """Slow for as long as it takes to bring one run in hand to its end."""
        self._hosts.slow(*BOTH)
        try:
            number = self._victims[-1]
            self._find_holder()
            idle(3.0)
            wait_for("a run over the slow link", lambda: self._look_at(_ROW, number, "succeeded"), 60)
        finally:
            self._hosts.speed(*BOTH)
        return True

    def _cut(self, *names: str, seconds: float = 0.0) -> bool:
        """Cut while a run is in hand, until its lease is lost where that is the database's link."""
        starts, number = self.stack.crew.starts, self._victims[-1]
        self._find_holder()
        row = wait_for("the victim's claim", lambda: self._look_at(_ROW, number, "running"), 30)
        self._hosts.cut(*names)
        try:
            if "database" in names:
                wait_for("the lease to be lost", lambda: self._is_moved(_ROW, number, row.fence), 20)
            idle(seconds)
        finally:
            self._hosts.mend(*names)
        self.resumed.append(self._await_claim())
        return self.stack.crew.starts == starts

    def _await_claim(self) -> float:
        """Seconds until a run that is asked for now is claimed by the worker that was cut off."""
        began, number = time.monotonic(), self._victims.pop()
        self._producer.submit(number, "victim")

        def look() -> Any:
            row = self.stack.one(_ROW, key=f"n{number}")
            return row.state in ("running", "succeeded")

        wait_for("the worker to go on", look, RESUMES)
        return time.monotonic() - began


_ROW = "SELECT worker, fence, state FROM backline_run WHERE idempotency_key = :key"


def main(arguments: Sequence[str] | None = None) -> int:
    """Both stacks that can be on two hosts; what this machine does not permit is left out and said."""
    parser = argparse.ArgumentParser(prog="python -m tests.journeys.faults_hosts", description=__doc__)
    parser.add_argument("--runs", type=int, default=600)
    parser.add_argument("--stack", choices=("embedded", *KINDS))  # as faults.py; what is embedded is one host
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    print(HEAD, flush=True)
    bad = False
    for name in [name for name in KINDS if given.stack in (None, name)]:
        try:
            bad = not _weather(name, make_plan(given.runs), given.seed) or bad
        except (Missing, NotPermitted) as reason:
            print(f"{name:<17} on two hosts left out: {reason}", flush=True)
    return int(bad)


def _weather(name: str, plan: Plan, seed: int) -> bool:
    folder = Path(tempfile.mkdtemp(prefix="backline-hosts-"))
    folder.chmod(0o755)  # an unprivileged server must reach its own folder in it
    clean = False
    try:
        with two_hosts(name, folder) as (stack, hosts):
            storm = HostStorm(stack, hosts, plan, seed)
            tally = storm.run()
        clean = tally.clean
        words = ", ".join(f"{seconds:.1f}" for seconds in storm.resumed)
        print(f"{describe(tally)}; went on after {words} s", flush=True)
        return clean
    finally:
        if clean:
            remove(folder)


if __name__ == "__main__":
    sys.exit(main())
