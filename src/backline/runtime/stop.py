"""The order to stop, seen by every process of a worker: short work may finish, long work hands back.

It is a moment in memory that is shared with every process forked from the one that made it. A signal
would do as well, but its handler may run in the middle of anything.
"""

from __future__ import annotations

import mmap
import struct
import time

_MOMENT = struct.Struct("d")  # by the monotonic clock, which all processes of a machine share; 0: not given


class StopOrder:
    """Given once, never taken back. `grace` in seconds: what this worker has left from then on."""

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._memory = mmap.mmap(-1, _MOMENT.size)

    def give(self) -> None:
        """From now on no further run begins, and each in hand is to end in time."""
        if not self.is_given:
            _MOMENT.pack_into(self._memory, 0, time.monotonic())

    @property
    def is_given(self) -> bool:
        """Whether this worker is to stop."""
        return self._read() > 0

    def concerns(self, may_take: float) -> bool:
        """Whether a run that may take so many more seconds is to hand back now.

        At once where that is longer than the rest of the grace; else when half of the grace is over, so
        that there is time left to write down what was kept.
        """
        given = self._read()
        if not given:
            return False
        gone = time.monotonic() - given
        return gone >= self._grace / 2 or may_take > self._grace - gone

    def _read(self) -> float:
        moment: float = _MOMENT.unpack_from(self._memory)[0]
        return moment
