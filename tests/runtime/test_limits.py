"""A provider is asked no faster than its policy allows, by all processes together, whatever is away."""

from __future__ import annotations

import math
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from backline.errors import TryLater
from backline.runtime.limits import (
    LEAST_BLOCK,
    UNSAID,
    Limiter,
    LocalShare,
    Policy,
    SharedLimits,
    read_retry_after,
)
from backline.runtime.task import BadTask
from backline.storage.clock import to_micros
from backline.storage.database import Database
from backline.storage.limits import FORGOTTEN, Bucket, DatabaseLimits, LimitKey
from backline.storage.redis_limits import RedisLimits
from tests.conftest import FOLDER, skip_missing
from tests.services.programs import Missing
from tests.services.redis import Redis

KEY = LimitKey("post", "ann")
SLOW = {"post": Policy("post", rate=1 / 3600, burst=4, reserve=0.5, longest_block=600)}


def make_shared(database: Database, **policy: Any) -> SharedLimits:
    """Limits in a database."""
    return SharedLimits({"post": Policy("post", **policy)}, DatabaseLimits(database))


def test_what_is_reserved_goes_to_runs_that_somebody_waits_for(database: Database) -> None:
    shared = SharedLimits(SLOW, DatabaseLimits(database))
    batch, quick = Limiter(shared), Limiter(shared, interactive=True)
    batch.take("post", "ann")
    batch.take("post", "ann")
    with pytest.raises(TryLater, match=r"post \(ann\) may be asked again in"):
        batch.take("post", "ann")
    quick.take("post", "ann", cost=2)
    with pytest.raises(TryLater) as later:
        quick.take("post", "ann")
    assert 3500 < later.value.seconds <= 3600 + 60


def test_a_wait_below_a_second_is_waited_for_and_a_longer_one_is_not(database: Database) -> None:
    limiter = Limiter(make_shared(database, rate=5))
    limiter.take("post")
    began = time.monotonic()
    limiter.take("post")
    assert 0.1 < time.monotonic() - began < 1.5
    limiter.block("post", retry_after=30)
    began = time.monotonic()
    with pytest.raises(TryLater) as later:
        limiter.take("post")
    assert 29 < later.value.seconds <= 33 and time.monotonic() - began < 0.5


def test_a_block_is_seen_by_all_and_bounded_by_the_policy(database: Database) -> None:
    one, two = (Limiter(SharedLimits(SLOW, DatabaseLimits(database))) for _ in range(2))
    assert 9 < one.block("post", "ann", "10") <= 10
    with pytest.raises(TryLater):
        two.take("post", "ann")
    two.take("post", "bob")
    assert 599 < two.block("post", "", 79_892) <= 600, "the provider as a whole"
    with pytest.raises(TryLater):
        one.take("post", "bob")
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    assert 97 < one.block("post", "eve", date) <= 100


def test_a_cost_that_never_fits_and_a_provider_without_policy_are_bugs(database: Database) -> None:
    limiter = Limiter(SharedLimits(SLOW, DatabaseLimits(database)))
    for cost in (0, 5):
        with pytest.raises(BadTask, match="never fits"):
            limiter.take("post", cost=cost)
    with pytest.raises(BadTask, match=r"limits\.mail\.rate"):
        limiter.take("mail")
    Limiter(SharedLimits(SLOW, DatabaseLimits(database))).take(
        "post", cost=4
    )  # batch, with more than its share


@pytest.mark.parametrize(
    "wrong",
    [
        {"rate": 0}, {"rate": -1}, {"rate": math.inf}, {"rate": 1, "burst": 0}, {"rate": 1, "reserve": 1.0},
        {"rate": 1, "reserve": 0.5}, {"rate": 1, "burst": 2, "reserve": 0.6}, {"rate": 1, "longest_block": 0},
        {"rate": 1, "provider": "Post"}, {"rate": 1, "provider": "a:b"},
    ],
)  # fmt: skip
def test_a_policy_that_cannot_be_kept_stops_the_start(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadTask):
        Policy(**{"provider": "post", **wrong})


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7), (7.5, 7.5), (" 7 ", 7), ("0", LEAST_BLOCK), (-3, LEAST_BLOCK), (None, UNSAID), ("", UNSAID),
     ("soon", UNSAID), (math.nan, UNSAID), ("nan", UNSAID), (math.inf, math.inf), ("79892", 79_892)],
)  # fmt: skip
def test_retry_after_in_seconds(value: Any, seconds: float) -> None:
    assert read_retry_after(value) == (seconds, 0)


def test_retry_after_as_a_date() -> None:
    moment = datetime(2030, 1, 6, 8, 49, 37, tzinfo=UTC)
    for text in (
        "Sun, 06 Jan 2030 08:49:37 GMT",
        "Sunday, 06-Jan-30 08:49:37 GMT",
        "Sun Jan  6 08:49:37 2030",
    ):
        assert read_retry_after(text) == (LEAST_BLOCK, to_micros(moment)), text


def test_tokens() -> None:
    policy = Policy("post", rate=2, burst=4)
    assert [policy.count_tokens(Bucket(KEY, fills, 0)) for fills in (0, 1, 500_000, 2_000_000)] == [
        4,
        3,
        3,
        0,
    ]
    assert policy.count_tokens(Bucket(KEY, 0, 5)) == 0


class Fake:
    """Redis by hand: answers in turn, an exception is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.restored: list[list[Bucket]] = []
        self.blocked: list[tuple[LimitKey, int]] = []

    def take(self, key: LimitKey, cost: int, room: int) -> int:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return int(answer)

    def block(self, key: LimitKey, wait: int) -> None:
        self.blocked.append((key, wait))

    def restore(self, blocks: Iterable[Bucket]) -> None:
        self.restored.append(list(blocks))


def test_a_redis_that_lost_its_memory_is_told_the_blocks_first(database: Database) -> None:
    durable = DatabaseLimits(database)
    durable.block(LimitKey("post", "bob"), 60_000_000, 0, 600_000_000)
    quick: Any = Fake(FORGOTTEN, 0)
    assert SharedLimits(SLOW, durable, quick).take(KEY, 1, interactive=False) == 0
    ((blocked,),) = quick.restored
    assert blocked.key == LimitKey("post", "bob") and blocked.blocked_for > 50_000_000


def test_while_redis_is_away_a_process_has_its_share_and_no_more(database: Database) -> None:
    quick: Any = Fake(ConnectionError("gone"))
    shared = SharedLimits(
        {"post": Policy("post", rate=40, burst=8)}, DatabaseLimits(database), quick, shares=4
    )
    taken, until = 0, time.monotonic() + 0.9  # within the quiet second Redis is not asked
    while time.monotonic() < until:
        taken += shared.take(KEY, 1, interactive=False) == 0
    assert 3 <= taken <= 10, "10 a second of the 40, and no burst"
    assert quick.answers == []
    shared.block(LimitKey("post"), 30, 0)
    assert shared.take(KEY, 1, interactive=True) > 28, "blocks hold then too"


def test_the_share_begins_with_a_wait() -> None:
    for _ in range(20):
        wait = LocalShare(8).take(KEY, 1.0)
        assert 0.3 < wait <= 8.0


@pytest.fixture
def private_redis() -> Iterator[Redis]:
    """A Redis that this test may kill."""
    folder, missing = Path(os.environ[FOLDER]) / f"limits-{os.getpid()}", ""
    folder.mkdir()
    try:
        server = Redis(folder)
    except Missing as error:
        missing = str(error)
    if missing:
        skip_missing(missing)
    server.start()
    yield server
    server.stop()


@pytest.mark.services
def test_redis_killed_and_back(private_redis: Redis, make_database_url: Callable[[str], str]) -> None:
    database = Database(make_database_url("sqlite"))
    policies = {"post": Policy("post", rate=40, burst=2)}
    shared = SharedLimits(policies, DatabaseLimits(database), RedisLimits(private_redis.url, "x:"), shares=4)
    limiter = Limiter(shared)
    limiter.block("post", "eve", 60)
    began = time.monotonic()
    for _ in range(12):
        limiter.take("post", "ann")
    assert time.monotonic() - began < 0.9, "the whole rate"
    private_redis.kill()
    taken, until = 0, time.monotonic() + 1.5
    while time.monotonic() < until:
        limiter.take("post", "ann")
        taken += 1
    assert 3 <= taken <= 16, "a quarter of the rate: 10 a second"
    limiter.block("post", "bob", 60)
    private_redis.start()
    until = time.monotonic() + 10
    while shared._away and time.monotonic() < until:
        limiter.take("post", "ann")
    assert not shared._away
    began = time.monotonic()
    for _ in range(12):
        limiter.take("post", "ann")
    assert time.monotonic() - began < 0.9, "the whole rate again"
    other = Limiter(SharedLimits(policies, DatabaseLimits(database), RedisLimits(private_redis.url, "x:")))
    for account in ("eve", "bob"):
        with pytest.raises(TryLater):
            other.take("post", account)
    database.close()


@pytest.mark.services
@pytest.mark.parametrize("store", ["sqlite", "postgresql", "redis"])
def test_four_processes_together_keep_the_rate(
    store: str, make_database_url: Callable[[str], str], request: pytest.FixtureRequest
) -> None:
    rate, burst, seconds, count = 20, 5, 3.0, 4
    url = make_database_url("postgresql" if store == "postgresql" else "sqlite")
    redis = request.getfixturevalue("redis").url if store == "redis" else None
    fork = multiprocessing.get_context("fork")
    stamps: Any = fork.Queue()
    go = fork.Barrier(count)
    policy = Policy("post", rate, burst)
    takers = [
        fork.Process(target=take_for, args=(policy, url, redis, seconds, go, stamps)) for _ in range(count)
    ]
    for taker in takers:
        taker.start()
    took = sorted(stamp for _ in takers for stamp in stamps.get(timeout=60))
    for taker in takers:
        taker.join(10)
    worst = max(sum(start <= other < start + 1 for other in took) for start in took)
    # A process may be held up between a grant and its stamp: of each at most one is late.
    assert worst <= rate + burst + count
    assert len(took) <= rate * (took[-1] - took[0]) + burst + count
    assert len(took) >= 0.5 * rate * seconds, "and make use of it"


def take_for(policy: Policy, url: str, redis: str | None, seconds: float, go: Any, stamps: Any) -> None:
    """In a process of its own: ask as fast as one may, then hand in when one was allowed to."""
    quick = None if redis is None else RedisLimits(redis, "takers:")
    limiter = Limiter(SharedLimits({"post": policy}, DatabaseLimits(Database(url)), quick))
    took = []
    go.wait(30)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with suppress(TryLater):
            limiter.take("post", "ann")
            took.append(time.time())
    stamps.put(took)
