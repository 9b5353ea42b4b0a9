"""What a bell sets going: one due run of a queue after the other, for a slice of time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from backline.runtime.context import Outcome, Runtime
from backline.runtime.pause import pause
from backline.runtime.retry import first_line, is_passing
from backline.runtime.run import answer_bell, claim_at_once

log = logging.getLogger("backline.run")
AWAY = 1.0  # seconds until a bell is rung again where the database was away


def drain_queue(runtime: Runtime, queue: str, seconds: float = 0.5) -> int:
    """Answer a bell: carry due runs until none is left or the slice of time is over. Returns how many.

    A bell begets at most one bell, as soon as it is known that more is due: before a claimed run, which
    may be long, at the second of short ones, or at the end of the slice. So one hand after the other is
    called for, as many as there are, and other queues get their turn; bells do not multiply. A worker that
    is to stop begins no further run, and the bell goes to another one.
    """
    began, count, call = time.monotonic(), 0, _Call(runtime, queue)
    while not runtime.stop.is_given and _answer_patiently(runtime, queue, call) is not None:
        count += 1
        if time.monotonic() - began > seconds:
            call.once()
            return count
        if count == 2:
            call.once()
    if runtime.stop.is_given:
        call.once()
    return count


@dataclass
class _Call:
    """The one bell that a bell may beget."""

    runtime: Runtime
    queue: str
    done: bool = False
    claims: bool = False  # the last run here was claimed, so the next one probably is too

    def once(self) -> None:
        """Ring, where this was not done yet."""
        if not self.done:
            self.done = True
            self.runtime.ring(self.queue)


def _answer_patiently(runtime: Runtime, queue: str, call: _Call) -> Outcome | None:
    """One run; a dead connection of the pool is replaced, and a database that is away is rung for again."""
    try:
        outcome = runtime.database.try_twice(lambda: _answer(runtime, queue, call))
    except Exception as error:
        if not is_passing(error):
            raise
        ring_later(runtime.ring, queue, error)
        return None
    call.claims = outcome is not None and outcome.claimed
    return outcome


def _answer(runtime: Runtime, queue: str, call: _Call) -> Outcome | None:
    more = None if call.done else call.once
    taken = claim_at_once(runtime, queue, more) if call.claims else None
    return taken or answer_bell(runtime, queue, more)


def ring_later(ring: Callable[[str], bool], queue: str, error: Exception) -> None:
    """A bell that could not be answered, because the database is away or busy, is not lost: it rings again."""
    log.warning("queue %s: nothing can be done there, its bell rings again: %s", queue, first_line(error))
    pause(AWAY)
    ring(queue)
