"""The ids of runs: in the order in which they were asked for."""

from __future__ import annotations

import os
import time


def new_run_id() -> str:
    """A UUID of version 7: its order is the order of submission, to 244 ns (RFC 9562 §6.2, method 3)."""
    millis, nanos = divmod(time.time_ns(), 1_000_000)
    fraction = nanos * 4096 // 1_000_000  # the 12 bits after the version
    chance = int.from_bytes(os.urandom(8), "big") & ~(0x3 << 62) | 0x2 << 62
    text = f"{millis << 80 | 0x7 << 76 | fraction << 64 | chance:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
