"""The audit's chores in a process: sealing once a second beside the sweeps, anchoring every few minutes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from backline.runtime.audit import Secrets
from backline.storage.anchors import note_failed, note_kept, take_turn
from backline.storage.database import Database
from backline.storage.seals import is_anything_pending, read_head, seal_batch
from backline.storage.seals_chain import Head

log = logging.getLogger("backline.seal")
BATCHES = 5  # in one turn, so that sweeps are not kept waiting
RETRY = 60.0  # seconds after which a target that failed is tried again
LOOK = 5.0  # seconds between two looks at what is due
PATIENCE = 20.0  # seconds that the end of a process waits for an anchor


class Sealer:
    """Seals what waits. Any number may run; one of them works at a time."""

    def __init__(self, database: Database, seconds: float = 1.0) -> None:
        self._database = database
        self._seconds = seconds

    def turn(self) -> int:
        """Seal what is at least `seconds` old, in a few batches; how many rows."""
        return self._seal(self._seconds, BATCHES)

    def seal_all(self) -> int:
        """Seal everything that can be sealed now, however young; how many rows."""
        return self._seal(0.0, 1 << 30)

    def _seal(self, least_age: float, batches: int) -> int:
        done = 0
        for _ in range(batches):
            if not self._is_worth_a_lock():
                break
            with self._database.write() as connection:
                count = seal_batch(connection, least_age=least_age)
            done += count
            if count == 0:
                break
        return done

    def _is_worth_a_lock(self) -> bool:
        """SQLite has one writer: its lock is taken only where something waits."""
        if not self._database.is_sqlite:
            return True
        with self._database.read() as connection:
            return is_anything_pending(connection)


class Place(Protocol):
    """A target outside the database; see anchors/."""

    @property
    def name(self) -> str:
        """As it stands in the settings."""

    def keep(self, anchor: Any) -> str:
        """Keep one anchor; where it is."""


class Anchorer:
    """Signs the head and hands it to every target, in a thread of its own: a target may be slow.

    For processes that do not fork. `sign` is None where this machine has no key: then it does nothing.
    """

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        sign: Callable[[Head], Any] | None,
        targets: Sequence[Place],
        seconds: float,
        secrets: Secrets,
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._sign = sign
        self._targets = targets
        self._seconds = seconds
        self._secrets = secrets
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Anchor what is due until `stop()`."""
        if self._sign is not None and self._targets and self._seconds > 0:
            self._thread = threading.Thread(target=self._loop, name="backline-anchorer", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Seal and anchor once more, where there is something new, and end."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=PATIENCE)

    def anchor(self, *, every: float = 0.0, anyway: bool = False) -> dict[str, str | None]:
        """Serve the targets that are due; for each the error of this try, None where it is kept."""
        assert self._sign is not None
        with self._database.read() as connection:
            head = read_head(connection)
        done: dict[str, str | None] = {}
        if head is None:
            return done
        for target in self._targets:
            retry = min(RETRY, every)
            with self._database.write() as connection:
                turn = take_turn(connection, target.name, head, every=every, retry=retry, anyway=anyway)
            if turn:
                done[target.name] = self._serve(target, head)
        return done

    def _serve(self, target: Place, head: Head) -> str | None:
        assert self._sign is not None
        try:
            place = target.keep(self._sign(head))
        except Exception as error:  # a folder, a network, an authority: whatever it is, work goes on
            words = self._secrets.strike(f"{type(error).__name__}: {error}")[:500]
            log.warning("anchor target %s failed, trying again: %s", target.name, words)
            with self._database.write() as connection:
                note_failed(connection, target.name, words)
            return words
        log.info("anchored epoch %d, seal %d in %s", head.epoch, head.seq, place)
        with self._database.write() as connection:
            note_kept(connection, target.name, head)
        return None

    def _loop(self) -> None:
        due = time.monotonic()
        while not self._stop.wait(max(0.0, min(LOOK, due - time.monotonic()))):
            due = time.monotonic() + LOOK
            self._try(lambda: self.anchor(every=self._seconds))
        self._try(lambda: (self._sealer.seal_all(), self.anchor()))

    def _try(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as error:  # the database is away: the next look tries again
            log.warning("anchoring: trying again: %s", error)
