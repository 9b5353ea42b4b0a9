"""Limits in the database: GCRA by its clock, blocks that only grow, and no lost update between many."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from backline.storage.database import Database
from backline.storage.limits import Bucket, DatabaseLimits, LimitKey, count_wait

KEY, OTHER, WHOLE = LimitKey("post", "ann"), LimitKey("post", "bob"), LimitKey("post")
HOUR = 3_600_000_000


def test_a_bucket_empties_and_says_how_long(database: Database) -> None:
    limits = DatabaseLimits(database)
    assert [limits.take(KEY, HOUR, 3 * HOUR) for _ in range(3)] == [0, 0, 0]
    wait = limits.take(KEY, HOUR, 3 * HOUR)
    assert HOUR - 60_000_000 < wait <= HOUR
    assert limits.take(OTHER, HOUR, 3 * HOUR) == 0, "another account has a bucket of its own"
    buckets = {bucket.key: bucket for bucket in limits.list_buckets()}
    assert buckets.keys() == {KEY, OTHER}
    assert 2 * HOUR < buckets[KEY].fills_in <= 3 * HOUR and buckets[KEY].blocked_for == 0


def test_it_fills_by_the_clock_of_the_database(database: Database) -> None:
    limits = DatabaseLimits(database)
    assert limits.take(KEY, HOUR, HOUR) == 0
    assert limits.take(KEY, HOUR, HOUR) > 0
    with database.write() as connection:
        connection.execute(text("UPDATE backline_limit SET tat = tat - :by"), {"by": HOUR})
    assert limits.take(KEY, HOUR, HOUR) == 0


def test_a_block_is_the_longest_one_asked_for_and_no_longer_than_the_cap(database: Database) -> None:
    limits = DatabaseLimits(database)
    lasts = limits.block(KEY, 60_000_000, 0, HOUR)
    assert 59_000_000 < lasts <= 60_000_000
    assert limits.block(KEY, 1_000_000, 0, HOUR) > 58_000_000
    assert 0 <= HOUR - limits.block(KEY, 2 * HOUR, 0, HOUR) < 1_000_000
    assert HOUR - 60_000_000 < limits.take(KEY, 1, 1) <= HOUR and limits.take(OTHER, 1, 1) == 0
    with database.read() as connection:
        now = database.now(connection)
    moment = limits.block(OTHER, 1_000_000, now + 90_000_000, HOUR)
    assert 88_000_000 < moment <= 90_000_000
    assert limits.find_block(OTHER) > 87_000_000 and limits.find_block(LimitKey("none")) == 0


def test_a_block_of_the_provider_holds_for_every_account(database: Database) -> None:
    limits = DatabaseLimits(database)
    assert limits.take(KEY, 1, 1_000_000) == 0
    limits.block(WHOLE, 60_000_000, 0, HOUR)
    for key in (KEY, OTHER, WHOLE):
        assert 50_000_000 < limits.take(key, 1, 1_000_000) <= 60_000_000
        assert limits.find_block(key) > 50_000_000
    assert limits.take(LimitKey("mail"), 1, 1_000_000) == 0


def test_clear_lifts_it(database: Database) -> None:
    limits = DatabaseLimits(database)
    limits.block(KEY, HOUR, 0, HOUR)
    with database.write() as connection:
        assert limits.clear(connection, KEY) and not limits.clear(connection, OTHER)
    assert limits.take(KEY, HOUR, HOUR) == 0


def test_many_at_once_get_what_there_is(database: Database) -> None:
    limits = DatabaseLimits(database)
    with ThreadPoolExecutor(4) as pool:
        waits = list(pool.map(lambda _: limits.take(KEY, HOUR, 10 * HOUR), range(30)))
    assert waits.count(0) == 10


@pytest.mark.parametrize(
    ("fills_in", "blocked_for", "cost", "room", "wait"),
    [(0, 0, 5, 5, 1), (5, 0, 5, 5, 5), (-9, 0, 5, 5, 1), (5, 7, 5, 5, 7), (9, 7, 5, 5, 9)],
)
def test_the_wait(fills_in: int, blocked_for: int, cost: int, room: int, wait: int) -> None:
    assert count_wait(fills_in, blocked_for, cost, room) == wait
    assert Bucket(KEY, 0, 0) == Bucket(LimitKey("post", "ann"), 0, 0)
