"""Whose run it is: the watch over a claimed run, and the keeper that renews every lease of a process."""

from __future__ import annotations

import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from backline.errors import Cancelled, LeaseLost, Stopping, TimeLimit
from backline.runtime.stop import StopOrder
from backline.storage.database import Database
from backline.storage.leases import Leases
from backline.storage.runs import write_progress

log = logging.getLogger("backline.claim")


class Watch:
    """What a running task may ask of its run: is it still mine, was it cancelled, how far am I.

    Long tasks call `checkpoint()` between pieces of work and `progress()` to be seen.
    """

    def __init__(
        self,
        database: Database,
        run_id: str,
        fence: int,
        *,
        attempt: int,
        asked_by: str,
        soft: float,
        hard: float,
        stop: StopOrder,
    ) -> None:
        self.run_id = run_id
        self.fence = fence
        self.attempt = attempt
        self.asked_by = asked_by
        self.soft = soft
        self.hard = hard
        self.began = time.monotonic()
        self.cancel_requested = False
        self.lost = False
        self.withdrawn = False  # cancelled by force: nobody waits for what is done here
        self.leased = True  # False: its transaction holds the row, so there is no lease to renew
        self.ended = False
        self._stop = stop
        self._database = database
        self._told = 0.0

    def checkpoint(self) -> None:
        """Raise `Cancelled`, `LeaseLost`, `Stopping` or `TimeLimit` where the task should end now."""
        self.confirm()
        if self._stop.concerns(self.soft - self.elapsed):
            raise Stopping

    def confirm(self) -> None:
        """The same without `Stopping`: what is done by now still counts when the worker is to stop."""
        if self.lost:
            raise LeaseLost
        if self.cancel_requested:
            raise Cancelled
        if self.elapsed > self.soft:
            raise TimeLimit(f"Not done after {self.soft:g} s.")

    def progress(self, done: float, total: float | None = None, words: str = "") -> None:
        """Say how far the run is; written at most once a second. Also a checkpoint."""
        self.checkpoint()
        now = time.monotonic()
        if now - self._told < 1.0:
            return
        self._told = now
        text = json.dumps({"done": done, "total": total, "words": words})
        with self._database.write() as connection:
            write_progress(connection, self.run_id, self.fence, text)

    @property
    def elapsed(self) -> float:
        """Seconds since this attempt began."""
        return time.monotonic() - self.began


class Keeper:
    """One thread per process that renews the leases of watched runs by the database's clock."""

    def __init__(self, database: Database, leases: Leases, lease_seconds: float) -> None:
        self._database = database
        self._leases = leases
        self._pause = lease_seconds / 3
        self._watches: dict[str, tuple[Watch, Callable[[Watch], None]]] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._wake = threading.Event()

    def add(self, watch: Watch, end_by_force: Callable[[Watch], None]) -> None:
        """Begin to renew the run's lease.

        `end_by_force` is called once where the hard limit passes, or the run is cancelled by force.
        """
        if self._pid != os.getpid():
            self._lock, self._wake, self._watches = threading.Lock(), threading.Event(), {}
            self._thread, self._pid = None, os.getpid()
        with self._lock:
            self._watches[watch.run_id] = (watch, end_by_force)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._keep, name="backline-keeper", daemon=True)
                self._thread.start()

    def remove(self, watch: Watch) -> None:
        """Stop renewing: this attempt is over."""
        watch.ended = True
        with self._lock:
            self._watches.pop(watch.run_id, None)

    def _keep(self) -> None:
        renewed = time.monotonic()
        while True:
            self._wake.wait(min(self._pause, 0.5))
            with self._lock:
                watched = list(self._watches.values())
            for watch, end_by_force in watched:
                if (watch.withdrawn or watch.elapsed > watch.hard) and self._take(watch):
                    end_by_force(watch)
            if time.monotonic() - renewed >= self._pause:
                renewed = time.monotonic()
                self._renew([watch for watch, _ in watched if watch.leased and not watch.ended])

    def _take(self, watch: Watch) -> bool:
        """Whether it was still watched; not any more from now on."""
        with self._lock:
            return self._watches.pop(watch.run_id, None) is not None

    def _renew(self, watches: list[Watch]) -> None:
        for watch in watches:
            try:
                with self._database.write() as connection:
                    ours, cancel = self._leases.renew(connection, watch.run_id, watch.fence)
                    gone = (cancel or not ours) and self._leases.is_withdrawn(
                        connection, watch.run_id, watch.fence
                    )
            except Exception as error:  # the database is away: the lease may run out, the fence then decides
                log.warning("run %s: the lease could not be renewed: %s", watch.run_id, error)
                continue
            watch.cancel_requested = watch.cancel_requested or cancel
            watch.lost = watch.lost or not ours
            watch.withdrawn = gone


class SoftLimit:
    """Raises `TimeLimit`, or another error, inside the block after so many seconds.

    Only where this is a process's main thread. A limit outside of the block counts on after it.
    """

    def __init__(self, seconds: float, error: Callable[[str], Exception] = TimeLimit) -> None:
        self._seconds = seconds
        self._error = error
        self._began, self._outer = 0.0, 0.0
        self._armed = threading.current_thread() is threading.main_thread()
        self._former: Any = None

    def __enter__(self) -> None:
        if self._armed:
            self._former = signal.signal(signal.SIGALRM, self._ring)
            self._began = time.monotonic()
            self._outer, _ = signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def __exit__(self, *_: object) -> None:
        if self._armed:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._former)
            if self._outer:
                left = self._outer - (time.monotonic() - self._began)
                signal.setitimer(signal.ITIMER_REAL, max(left, 0.001))

    def _ring(self, _number: int, _frame: Any) -> None:
        raise self._error(f"Not done after {self._seconds:g} s.")


@contextmanager
def hold_soft_limit() -> Iterator[None]:
    """No `TimeLimit` inside the block; a limit that was armed counts on after it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        yield
    finally:
        if left:
            signal.setitimer(signal.ITIMER_REAL, left)
