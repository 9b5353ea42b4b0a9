"""What a bell sets going: one due run of a queue after the other, for a slice of time."""

from __future__ import annotations

import logging
import threading
import time

from backline.runtime.context import Outcome, Runtime
from backline.runtime.retry import first_line, is_passing
from backline.runtime.run import answer_bell

log = logging.getLogger("backline.run")
AWAY = 1.0  # seconds until a bell is rung again where the database was away


def drain_queue(runtime: Runtime, queue: str, seconds: float = 0.5) -> int:
    """Answer a bell: carry due runs until none is left or the slice of time is over. Returns how many.

    A slice that ends before the queue does rings for whoever goes on, so that other queues get their turn.
    A process that was idle and finds a second run calls for one more pair of hands. While there is a
    backlog a bell thus begets one bell, and each process that was woken adds one: they do not multiply.
    """
    began, count, was_idle = time.monotonic(), 0, runtime.idle
    runtime.idle = False
    while _answer_patiently(runtime, queue) is not None:
        count += 1
        if time.monotonic() - began > seconds:
            runtime.ring(queue)
            return count
        if count == 2 and was_idle:
            runtime.ring(queue)
    runtime.idle = True
    return count


def _answer_patiently(runtime: Runtime, queue: str) -> Outcome | None:
    """One run; a dead connection of the pool is replaced, and a database that is away is rung for again."""
    try:
        return runtime.database.try_twice(lambda: answer_bell(runtime, queue))
    except Exception as error:
        if not is_passing(error):
            raise
        log.warning(
            "queue %s: the database is away or busy, its bell rings again: %s", queue, first_line(error)
        )
        threading.Event().wait(AWAY)
        runtime.ring(queue)
        return None
