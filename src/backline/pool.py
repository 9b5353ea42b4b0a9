"""The pool of a worker without an event loop, made safe: a lock ends with the process that held it.

Where the broker has no socket (files), Celery's pool lets all its children read from one pipe under one
semaphore. An idle child waits inside it. Kill that child, and nobody takes the semaphore any more: the
worker lives on, takes new children and hears nothing (billiard 4.3). A lock of the kernel on an open file is
given back when its holder dies.
"""

from __future__ import annotations

import fcntl
import tempfile
from typing import Any

from billiard.pool import Pool


class HolderLock:
    """A lock among processes, inherited by a fork. Threads of one process do not exclude each other."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - open for as long as the lock is there

    def acquire(self) -> bool:
        """Wait until it is ours."""
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        return True

    def release(self) -> None:
        """Give it back."""
        fcntl.lockf(self._file, fcntl.LOCK_UN)

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


class SafePool(Pool):  # type: ignore[misc]  # billiard ships no types
    """Celery's pool of processes that share a pipe, with locks that no dead child can keep."""

    def _setup_queues(self) -> None:
        super()._setup_queues()
        for queue in (self._inqueue, self._outqueue):
            guarded: Any = queue
            guarded._rlock, guarded._wlock = HolderLock(), HolderLock()  # noqa: SLF001 - billiard offers no other way
