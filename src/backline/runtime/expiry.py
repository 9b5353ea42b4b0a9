"""The chore of every process that lets expired content of platforms leave, whether or not anybody asks for it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

PAUSE = 3600.0  # seconds between two looks of one process


class Expiry:
    """Looks about once an hour, so that nothing stays for a day beyond its time. Any number may run.

    `remove` lets leave what has expired, and says how many rows that were.
    """

    def __init__(self, remove: Callable[[], int], pause: float = PAUSE) -> None:
        self._remove = remove
        self._pause = pause
        self._next = 0.0

    def turn(self) -> int:
        """Remove, where a look is due; how many rows."""
        if time.monotonic() < self._next:
            return 0
        self._next = time.monotonic() + self._pause * random.uniform(0.7, 1.3)
        return self._remove()
