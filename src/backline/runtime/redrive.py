"""The loop that forgets nothing: due rows, lost leases, late runs, lost bells. It waits for nobody."""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from backline.runtime.task import Task, list_versions
from backline.storage.database import Database
from backline.storage.sweeps import Sweeps

log = logging.getLogger("backline.redrive")
HANDS = 16


class Bells(Protocol):
    """The broker as the re-driver sees it."""

    def ring(self, queue: str) -> bool:
        """Say "look in this queue"; False where the broker did not take it."""

    def count_waiting(self, queue: str) -> int:
        """Messages waiting in the queue. May raise: a broker that cannot be asked counts as empty."""


@dataclass(frozen=True)
class Sweep:
    """What one sweep did."""

    promoted: int = 0
    late: int = 0
    lost: int = 0
    unblocked: int = 0
    rung: int = 0


class ForkGuard:
    """Held while a sweep talks to the database, so that no fork copies a library's locked state."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        os.register_at_fork(
            before=self._lock.acquire, after_in_parent=self._lock.release, after_in_child=self._renew
        )

    def _renew(self) -> None:
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


FORK_GUARD = ForkGuard()


class Redriver:
    """Sweeps one database and rings for what is due. Any number of them may run at once."""

    def __init__(
        self,
        database: Database,
        sweeps: Sweeps,
        bells: Bells,
        tasks: Mapping[str, Task[Any, Any]],
        code_version: str,
        sweep_seconds: float,
        lease_seconds: float,
        chores: Sequence[Callable[[], object]] = (),
    ) -> None:
        self._database = database
        self._sweeps = sweeps
        self._bells = bells
        self._tasks = tasks  # more may be enlisted
        self._code_version = code_version
        self._pause = sweep_seconds
        self._lease = lease_seconds
        self._chores = chores  # what else every process does after a sweep
        self._patient_until = 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Sweep in a thread of this process until `stop()`."""
        self._thread = threading.Thread(target=self._loop, name="backline-redriver", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the sweep in hand."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def sweep(self) -> Sweep:
        """One look at everything; each part commits for itself."""
        with self._database.read() as connection:
            blocked = self._sweeps.find_unblockable(
                connection, list_versions(self._tasks), self._code_version
            )
            if not blocked and not self._sweeps.is_anything_due(connection):
                return Sweep()
        with self._database.write() as connection:
            promoted = self._sweeps.promote_due(connection)
            late = self._sweeps.end_late(connection)
            lost = [] if time.monotonic() < self._patient_until else self._sweeps.take_lost(connection)
            unblocked = self._sweeps.unblock(connection, blocked)
        for run in lost:
            log.warning("run %s of %s lost its lease: %s", run.id, run.task, run.state)
        return Sweep(promoted, late, len(lost), unblocked, self._ring_due())

    def _ring_due(self) -> int:
        """Ring until *queued runs* messages wait in a queue, and no more than `HANDS`: each serves many."""
        with self._database.read() as connection:
            queued = self._sweeps.count_queued(connection)
        rung = 0
        for queue, count in queued.items():
            missing = min(count, HANDS) - self._count_waiting(queue)
            if missing <= 0:
                continue
            with self._database.write() as connection:
                ids = self._sweeps.mark_rung(connection, queue, missing)
            for _ in ids:
                if not self._bells.ring(queue):
                    with self._database.write() as connection:
                        self._sweeps.unmark_rung(connection, ids)
                    break
                rung += 1
        return rung

    def _count_waiting(self, queue: str) -> int:
        try:
            return self._bells.count_waiting(queue)
        except Exception as error:  # unreachable, no such queue, emptied: all of them count as empty
            log.debug("cannot ask the broker about %s, counted as empty: %s", queue, error)
            return 0

    def _loop(self) -> None:
        while not self._stop.wait(self._pause * random.uniform(0.7, 1.3)):
            try:
                with FORK_GUARD:
                    self.sweep()
            except Exception as error:  # the database is away or locked: the next sweep tries again
                # Nobody could renew a lease meanwhile; whoever holds one gets the time to do it now.
                self._patient_until = time.monotonic() + self._lease
                log.warning("sweep failed, trying again: %s", error)
            for chore in self._chores:
                self._do(chore)

    def _do(self, chore: Callable[[], object]) -> None:
        try:
            with FORK_GUARD:
                chore()
        except Exception as error:  # it must not keep runs waiting
            log.warning("%s failed, trying again: %s", getattr(chore, "__qualname__", "a chore"), error)
