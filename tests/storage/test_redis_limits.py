"""Limits in Redis: as in the database, by Redis' own clock; a Redis that has lost its memory says so."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from backline.storage.limits import FORGOTTEN, Bucket, LimitKey
from backline.storage.redis_limits import RedisLimits

pytestmark = pytest.mark.services
KEY, OTHER, WHOLE = LimitKey("post", "ann: [*]"), LimitKey("post", "bob"), LimitKey("post")
HOUR = 3_600_000_000


@pytest.fixture
def limits(redis: Any) -> RedisLimits:
    """Limits under a prefix of this test."""
    limits = RedisLimits(redis.url, f"t[{uuid.uuid4().hex}]:")
    limits.restore([])
    return limits


def test_a_redis_that_knows_nothing_grants_nothing_until_it_is_told(redis: Any) -> None:
    limits = RedisLimits(redis.url, f"{uuid.uuid4().hex}:")
    assert limits.take(KEY, 1, 1) == FORGOTTEN
    limits.restore([Bucket(KEY, 0, HOUR)])
    assert HOUR - 60_000_000 < limits.take(KEY, 1, 1) <= HOUR
    assert limits.take(OTHER, 1, 1) == 0


def test_a_bucket_empties_and_says_how_long(limits: RedisLimits) -> None:
    assert [limits.take(KEY, HOUR, 3 * HOUR) for _ in range(3)] == [0, 0, 0]
    assert HOUR - 60_000_000 < limits.take(KEY, HOUR, 3 * HOUR) <= HOUR
    assert limits.take(OTHER, HOUR, 3 * HOUR) == 0
    buckets = {bucket.key: bucket for bucket in limits.list_buckets()}
    assert buckets.keys() == {KEY, OTHER}
    assert 2 * HOUR < buckets[KEY].fills_in <= 3 * HOUR


def test_blocks_only_grow_and_hold_for_whom_they_are_meant(limits: RedisLimits) -> None:
    limits.block(KEY, 60_000_000)
    limits.block(KEY, 1_000_000)
    assert 58_000_000 < limits.take(KEY, 1, 1) <= 60_000_000 and limits.take(OTHER, 1, 1) == 0
    limits.block(WHOLE, 90_000_000)
    assert 88_000_000 < limits.take(OTHER, 1, 1_000_000) <= 90_000_000
    assert limits.clear(WHOLE) and limits.clear(KEY) and not limits.clear(KEY)
    assert limits.take(KEY, 1, 1) == 0


def test_many_at_once_get_what_there_is(limits: RedisLimits) -> None:
    with ThreadPoolExecutor(4) as pool:
        waits = list(pool.map(lambda _: limits.take(KEY, HOUR, 10 * HOUR), range(30)))
    assert waits.count(0) == 10


def test_keys_go_when_they_say_nothing_any_more(limits: RedisLimits) -> None:
    limits.take(KEY, 1_000_000, 1_000_000)
    (name,) = limits._client.scan_iter(limits._prefix.replace("[", "\\[").replace("]", "\\]") + "*")
    assert 0 < limits._client.pttl(name) <= 2000


def test_a_redis_that_is_away_is_a_connection_error() -> None:
    limits = RedisLimits("redis://127.0.0.1:1/0", "")
    with pytest.raises(ConnectionError, match="Redis"):
        limits.take(KEY, 1, 1)


def test_a_redis_that_refuses_is_one_too(redis: Any) -> None:
    limits = RedisLimits(redis.url, f"{uuid.uuid4().hex}:")
    limits._client.rpush(limits._known.replace("s:known", ":{post}:blk:x"), "no number")
    limits.restore([])
    with pytest.raises(ConnectionError):
        limits.take(LimitKey("post", "x"), 1, 1)
