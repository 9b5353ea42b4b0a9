"""Every process looks for expired content about once an hour."""

from __future__ import annotations

from backline.runtime.expiry import Expiry


def test_a_look_is_due_once_an_hour() -> None:
    found = [4, 7, 1]
    hourly, eager = Expiry(lambda: found.pop(0)), Expiry(lambda: found.pop(0), pause=0)
    assert (hourly.turn(), hourly.turn(), hourly.turn()) == (4, 0, 0)
    assert (eager.turn(), eager.turn()) == (7, 1)
