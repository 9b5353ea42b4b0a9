"""A pause lasts as long as it says."""

from __future__ import annotations

import time

from backline.runtime.pause import pause


def test_it_lasts() -> None:
    began = time.monotonic()
    pause(0.05)
    assert time.monotonic() - began >= 0.05
