"""A lock whose holder is killed is free again, and so is the pipe of a pool."""

from __future__ import annotations

import multiprocessing
import os
import signal
from functools import partial
from typing import Any

import pytest

from backline.pool import HolderLock, SafePool

FORK: Any = multiprocessing.get_context("fork")


def hold(lock: HolderLock, ready: Any) -> None:
    lock.acquire()
    ready.set()
    signal.pause()


def test_a_lock_is_free_when_its_holder_is_killed() -> None:
    lock, ready = HolderLock(), FORK.Event()
    holder = FORK.Process(target=hold, args=(lock, ready), daemon=True)
    holder.start()
    assert ready.wait(20)
    waiter = FORK.Process(target=partial(take, lock), daemon=True)
    waiter.start()
    waiter.join(0.3)
    assert waiter.exitcode is None  # it is held
    os.kill(holder.pid, signal.SIGKILL)
    waiter.join(20)
    assert waiter.exitcode == 0


def take(lock: HolderLock) -> None:
    with lock:
        pass


@pytest.mark.timeout(60)
def test_a_pool_works_on_after_its_idle_children_are_killed() -> None:
    pool = SafePool(2)
    try:
        for _ in range(4):
            for worker in list(pool._pool):
                os.kill(worker.pid, signal.SIGKILL)
                worker.join(10)
            assert pool.apply_async(os.getpid).get(timeout=15) > 0
    finally:
        pool.terminate()
        pool.join()
