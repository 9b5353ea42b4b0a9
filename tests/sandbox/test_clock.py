"""The clock runs, stands still, jumps and knows months."""

from __future__ import annotations

import time

import pytest

from backline.sandbox.clock import Clock, add_months, read_moment, tell_moment


def test_a_real_clock_is_that_of_the_machine_plus_what_was_advanced() -> None:
    clock = Clock()
    assert abs(clock.now() - time.time()) < 1
    clock.advance(3600)
    assert abs(clock.now() - time.time() - 3600) < 1


def test_a_frozen_clock_moves_when_it_is_told() -> None:
    clock = Clock("frozen")
    first = clock.now()
    assert clock.now() == first
    assert clock.advance(30.3) == pytest.approx(first + 30.3)
    assert clock.set_to(0) == 0


def test_a_clock_runs_from_a_date_and_can_be_stopped() -> None:
    clock = Clock("2026-11-22T10:00:00Z")
    assert clock.mode == "set"
    assert clock.now() - read_moment("2026-11-22T10:00") < 1
    clock.freeze()
    stands = clock.now()
    assert clock.now() == stands
    clock.run()
    assert 0 <= clock.now() - stands < 1


def test_a_moment_is_told_and_read() -> None:
    assert tell_moment(read_moment("2026-11-22T10:00:00+01:00")) == "2026-11-22T09:00:00Z"
    assert tell_moment(1.9996, 3) == "1970-01-01T00:00:02.000Z"
    with pytest.raises(ValueError, match="Invalid isoformat"):
        read_moment("soon")


def test_six_months_are_a_matter_of_the_calendar() -> None:
    for start, end in (
        ("2026-01-15", "2026-07-15"),
        ("2026-08-31", "2027-02-28"),
        ("2027-12-01", "2028-06-01"),
    ):
        assert tell_moment(add_months(read_moment(start), 6))[:10] == end
