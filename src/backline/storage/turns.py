"""Turns: one holder at a time of whatever has a name, over all processes. A lease, and no transaction that is held.

A holder that was killed is followed by the next one once its lease has ended. Who holds on for longer than the lease
has lost the turn without being told: what is done under a turn has to end well before.
"""

from __future__ import annotations

import logging
import random
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backline.errors import TryLater
from backline.storage.clock import seconds_to_micros
from backline.storage.database import Database

log = logging.getLogger("backline.turns")
LEASE: Final = 60.0  # seconds
IN_PLACE: Final = 1.0  # seconds for which one waits where one stands
AGAIN: Final = 2.0  # seconds after which it is worth asking again
FIRST_LOOK, LONGEST_LOOK = 0.01, 0.1  # seconds between two looks

_LOOK = "SELECT 1 FROM backline_turn WHERE name = :name AND until > {now}"
_TAKE = """
INSERT INTO backline_turn (name, holder, until) SELECT :name, :holder, {now} + :lease WHERE true
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until WHERE backline_turn.until <= {now}
RETURNING holder
"""
_END = text("DELETE FROM backline_turn WHERE name = :name AND holder = :holder")


class Turns:
    """The turns of one database. `pause` lets seconds pass; `lease` is how long a killed holder keeps the others out."""

    def __init__(self, database: Database, pause: Callable[[float], None], lease: float = LEASE) -> None:
        self._database, self._pause = database, pause
        self._lease = seconds_to_micros(lease)
        self._look = text(_LOOK.format(now=database.now_sql))
        self._take = text(_TAKE.format(now=database.now_sql))

    @contextmanager
    def take(self, name: str) -> Iterator[bool]:
        """Hold the turn within the block; whether somebody else had it first.

        Waits up to a second, in the order of chance. Raises `TryLater` where that is not enough.
        """
        holder = secrets.token_hex(8)
        waited = self._wait(name, holder)
        try:
            yield waited
        finally:
            self._end(name, holder)

    def _end(self, name: str, holder: str) -> None:
        """What was done under the turn is done, even where the database cannot be told now: then the lease ends."""
        try:
            with self._database.write() as connection:
                connection.execute(_END, {"name": name, "holder": holder})
        except DBAPIError as error:
            log.warning("%s stays taken until its lease ends: %s", name, error.orig)

    def _wait(self, name: str, holder: str) -> bool:
        left, look = IN_PLACE, FIRST_LOOK
        while not self._try(name, holder):
            if left <= 0:
                raise TryLater(AGAIN * random.uniform(0.75, 1.25), f"Somebody else is at {name} already.")
            wait = min(left, look * random.uniform(0.5, 1.5))
            self._pause(wait)
            left, look = left - wait, min(LONGEST_LOOK, look * 2)
        return left < IN_PLACE

    def _try(self, name: str, holder: str) -> bool:
        """Look first: whoever waits must not keep the others from writing."""
        with self._database.read() as connection:
            if connection.execute(self._look, {"name": name}).first() is not None:
                return False
        values = {"name": name, "holder": holder, "lease": self._lease}
        with self._database.write() as connection:
            return connection.execute(self._take, values).first() is not None
