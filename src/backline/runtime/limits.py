"""How fast a provider may be asked, for all workers together: its policy, and who may ask now.

    SPOTIFY = Policy("spotify", rate=5, burst=20, reserve=0.25)

    limiter.take("spotify", account)           before a call: returns, or raises TryLater
    raise TryLater(limiter.block("spotify", account, answer.headers.get("Retry-After")))

Limits live in Redis where the broker is one, else in the database; both by their own clock.
"""

from __future__ import annotations

import logging
import math
import random
import re
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from sqlalchemy import Connection

from backline.errors import TryLater
from backline.runtime.pause import pause
from backline.runtime.retry import first_line
from backline.runtime.task import BadTask
from backline.storage.clock import seconds_to_micros, to_micros
from backline.storage.limits import FORGOTTEN, Bucket, LimitKey

log = logging.getLogger("backline.limits")
IN_PLACE = 1.0  # seconds that a call may wait where it stands; a longer wait is a due time in the row
LEAST_BLOCK = 1.0  # seconds
UNSAID = 30.0  # seconds of patience where the other side does not say how long, or not legibly
QUIET = 1.0  # seconds for which a Redis that is away is not asked again
_NAME = re.compile(r"^[a-z][a-z0-9_]*$")


@dataclass(frozen=True)
class Policy:
    """How fast a provider lets itself be asked: `rate` calls a second, `burst` at once after a rest.

    `reserve` is the part of the burst (0 to below 1) that only runs which somebody waits for may use;
    `longest_block` in seconds bounds what the provider may ask for. Declare it at the top of a task's file.
    """

    provider: str
    rate: float
    burst: int = 1
    reserve: float = 0.0
    longest_block: float = 172_800.0

    def __post_init__(self) -> None:
        fine = _NAME.match(self.provider) and 0 < self.rate < math.inf and self.burst >= 1
        if not fine or not 0 <= self.reserve < 1 or self.longest_block < LEAST_BLOCK:
            raise BadTask(f"This policy cannot be kept: {self}.")
        if self.reserve and self.burst * (1 - self.reserve) < 1:
            raise BadTask(
                f"The policy of {self.provider} reserves its whole burst: batch runs would never go."
            )

    @property
    def interval(self) -> float:
        """Microseconds between two calls at the full rate."""
        return 1_000_000 / self.rate

    def measure(self, cost: int, *, interactive: bool) -> tuple[int, int]:
        """What a call costs, and the room there is for it, in microseconds. Raises `BadTask` where it never fits."""
        if not 1 <= cost <= self.burst:
            words = (
                f"A call of cost {cost} never fits into the burst of {self.provider}, which is {self.burst}."
            )
            raise BadTask(words)
        needed = max(1, round(self.interval * cost))
        share = 1.0 if interactive else 1 - self.reserve
        return needed, max(needed, round(self.interval * self.burst * share))

    def count_tokens(self, bucket: Bucket) -> int:
        """How many calls of cost 1 an interactive run could make at once."""
        return 0 if bucket.blocked_for else max(0, int(self.burst - bucket.fills_in / self.interval + 1e-9))


class Durable(Protocol):
    """The limits of the database (storage/limits.py)."""

    def take(self, key: LimitKey, cost: int, room: int) -> int: ...
    def block(self, key: LimitKey, wait: int, until: int, cap: int) -> int: ...
    def find_block(self, key: LimitKey) -> int: ...
    def list_buckets(self) -> list[Bucket]: ...
    def clear(self, connection: Connection, key: LimitKey) -> bool: ...


class Quick(Protocol):
    """The limits of Redis (storage/redis_limits.py). Whatever is wrong with it raises `ConnectionError`."""

    def take(self, key: LimitKey, cost: int, room: int) -> int: ...
    def block(self, key: LimitKey, wait: int) -> None: ...
    def restore(self, blocks: Iterable[Bucket]) -> None: ...
    def list_buckets(self) -> list[Bucket]: ...
    def clear(self, key: LimitKey) -> bool: ...


class SharedLimits:
    """The limits of an installation, as one process sees them.

    A block is a row in the database in any case, and a copy in Redis where there is one. While Redis is
    away this process has its share of the rate: closed to it, never open.
    """

    def __init__(
        self, policies: Mapping[str, Policy], durable: Durable, quick: Quick | None = None, shares: int = 8
    ) -> None:
        """`shares`: among how many processes a rate is divided while Redis is away."""
        self.policies = policies
        self._durable = durable
        self._quick = quick
        self._share = LocalShare(shares)
        self._quiet_until = 0.0
        self._away = False

    def find_policy(self, provider: str) -> Policy:
        """The policy of a provider. Raises `BadTask`."""
        if provider not in self.policies:
            raise BadTask(
                f"Nothing says how fast {provider} may be asked.",
                remedy=f'Declare Policy("{provider}", rate=…) in the task\'s file, or set limits.{provider}.rate.',
            )
        return self.policies[provider]

    def take(self, key: LimitKey, cost: int, *, interactive: bool) -> float:
        """0 where the call may go out now, else the seconds to wait."""
        policy = self.find_policy(key.provider)
        needed, room = policy.measure(cost, interactive=interactive)
        if self._quick is None:
            return self._durable.take(key, needed, room) / 1_000_000
        if time.monotonic() >= self._quiet_until:
            try:
                return self._ask(self._quick, key, needed, room) / 1_000_000
            except ConnectionError as error:
                self._begin_quiet(error)
        blocked = self._durable.find_block(key) / 1_000_000
        return blocked or self._share.take(
            key, needed / 1_000_000 / (1 if interactive else 1 - policy.reserve)
        )

    def block(self, key: LimitKey, seconds: float, until: int) -> float:
        """Let nobody ask for so long, or up to that moment (µs since 1970); the seconds that it lasts."""
        cap = seconds_to_micros(self.find_policy(key.provider).longest_block)
        wait = min(seconds_to_micros(min(max(seconds, LEAST_BLOCK), 1e9)), cap)
        lasts = self._durable.block(key, wait, until, cap)
        if self._quick is not None:
            try:
                self._quick.block(key, lasts)
            except ConnectionError as error:
                self._begin_quiet(error)
        return lasts / 1_000_000

    def list_buckets(self) -> list[Bucket]:
        """Every limit that is kept, by name. Raises `ConnectionError` where Redis has them and is away."""
        merged = {bucket.key: bucket for bucket in self._durable.list_buckets()}
        for bucket in [] if self._quick is None else self._quick.list_buckets():
            known = merged.get(bucket.key, bucket)
            merged[bucket.key] = replace(bucket, blocked_for=max(bucket.blocked_for, known.blocked_for))
        return [merged[key] for key in sorted(merged, key=lambda key: (key.provider, key.account))]

    def clear(self, connection: Connection, key: LimitKey) -> bool:
        """Lift a block and fill the bucket, with the caller's commit. False where nothing is kept under that name.

        Raises `ConnectionError` where Redis has them and is away.
        """
        kept = self._durable.clear(connection, key)
        return (self._quick is not None and self._quick.clear(key)) or kept

    def _ask(self, quick: Quick, key: LimitKey, needed: int, room: int) -> int:
        """Redis first gets the blocks of the database where it has lost its memory, or this process lost sight of it."""
        wait = FORGOTTEN if self._away else quick.take(key, needed, room)
        if wait == FORGOTTEN:
            quick.restore([bucket for bucket in self._durable.list_buckets() if bucket.blocked_for])
            wait = quick.take(key, needed, room)
            if self._away:
                log.warning("Redis is back: the rates are shared again")
            self._away = False
        return wait if wait != FORGOTTEN else 1

    def _begin_quiet(self, error: Exception) -> None:
        self._quiet_until = time.monotonic() + QUIET
        if not self._away:
            self._away = True
            self._share.begin()
            log.warning("Redis is away, this process keeps to its share of each rate: %s", first_line(error))


class LocalShare:
    """The part of a rate that one process may use by itself: one call at a time, and none at once."""

    def __init__(self, shares: int) -> None:
        self._shares = shares
        self._lock = threading.Lock()
        self._free_at: dict[LimitKey, float] = {}

    def begin(self) -> None:
        """A new absence of Redis: nothing is saved up from the last one."""
        with self._lock:
            self._free_at.clear()

    def take(self, key: LimitKey, cost: float) -> float:
        """0 where the call may go out, else the seconds to wait. `cost` in seconds at the whole rate.

        The first call of an absence waits for some part of its time, so that processes do not start together.
        """
        cost *= self._shares
        with self._lock:
            now = time.monotonic()
            free_at = self._free_at.setdefault(key, now + random.uniform(0.05, 1.0) * cost)
            if free_at > now:
                return free_at - now
            self._free_at[key] = now + cost
            return 0.0


class Limiter:
    """What a task asks before it calls a provider, and tells when the provider asks for patience."""

    def __init__(self, shared: SharedLimits, *, interactive: bool = False) -> None:
        """`interactive`: somebody waits for this run, so it may use what is reserved."""
        self._shared = shared
        self._interactive = interactive

    def take(self, provider: str, account: str = "", cost: int = 1) -> None:
        """Return when a call may go out, within a second; else raise `TryLater` with the seconds until it may."""
        key, until = LimitKey(provider, account), time.monotonic() + IN_PLACE
        while (wait := self._shared.take(key, cost, interactive=self._interactive)) > 0:
            if wait > until - time.monotonic():
                words = f"{_name(key)} may be asked again in {wait:.1f} s."
                raise TryLater(wait + random.uniform(0, min(60.0, max(1.0, wait / 10))), words)
            pause(wait)

    def block(self, provider: str, account: str = "", retry_after: float | str | None = None) -> float:
        """The provider asked for patience (429): nobody asks it for `retry_after`, and the seconds that is.

        `retry_after` is the header as it came, or seconds. Without `account` the whole provider is left alone.
        """
        seconds, until = read_retry_after(retry_after)
        return self._shared.block(LimitKey(provider, account), seconds, until)


def read_retry_after(value: float | str | None) -> tuple[float, int]:
    """Seconds to wait, and a moment in µs since 1970 (0: none), of a Retry-After header. Source: RFC 9110, 10.2.3."""
    if isinstance(value, str) and value.strip()[:1].isalpha():
        with suppress(ValueError, OverflowError):
            moment = parsedate_to_datetime(value.strip())
            aware: datetime = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return LEAST_BLOCK, max(0, to_micros(aware))
    with suppress(ValueError, TypeError):
        seconds = float(value)  # type: ignore[arg-type]  # None raises TypeError, and is answered below
        if not math.isnan(seconds):
            return max(seconds, LEAST_BLOCK), 0
    return UNSAID, 0


def _name(key: LimitKey) -> str:
    return f"{key.provider} ({key.account})" if key.account else key.provider
