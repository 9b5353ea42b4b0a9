"""Microseconds, in Python and in SQL."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from backline.storage.clock import from_micros, read_now, seconds_to_micros, to_micros
from backline.storage.database import Database


@given(st.integers(-(2**50), 2**52))
def test_there_and_back(micros: int) -> None:
    assert to_micros(from_micros(micros)) == micros


def test_a_zone_is_only_another_name_for_the_moment() -> None:
    moment = datetime(2026, 3, 29, 3, 0, tzinfo=timezone(timedelta(hours=2)))
    assert to_micros(moment) == to_micros(datetime(2026, 3, 29, 1, 0, tzinfo=UTC)) == 1_774_746_000_000_000


def test_seconds_are_rounded_to_whole_microseconds() -> None:
    assert [seconds_to_micros(value) for value in (0, 1.5, 0.1 + 0.2, 1e-7)] == [0, 1_500_000, 300_000, 0]


def test_the_database_s_clock_goes_forward_within_a_transaction(database: Database) -> None:
    with database.write() as connection:
        first = read_now(connection)
        began = time.monotonic()
        while read_now(connection) == first:
            assert time.monotonic() - began < 5
        assert isinstance(first, int)
