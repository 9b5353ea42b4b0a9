"""The chore of every process that lets expired content of platforms leave, whether or not anybody asks for it."""

from __future__ import annotations

import random
import time

from backline.storage.database import Database
from backline.storage.expired import remove_expired
from backline.storage.retention import Author

PAUSE = 3600.0  # seconds between two looks of one process
ACTOR = "backline"


class Expiry:
    """Looks about once an hour, so that nothing stays for a day beyond its time. Any number may run."""

    def __init__(self, database: Database, pause: float = PAUSE) -> None:
        self._database = database
        self._pause = pause
        self._next = 0.0

    def turn(self) -> int:
        """Let leave what has expired, where a look is due; how many rows."""
        if time.monotonic() < self._next:
            return 0
        self._next = time.monotonic() + self._pause * random.uniform(0.7, 1.3)
        return sum(remove_expired(self._database, Author(ACTOR)))
