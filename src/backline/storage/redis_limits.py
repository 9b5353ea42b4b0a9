"""How fast a provider may be asked, kept in Redis: the arithmetic of limits.py as scripts, by Redis' own clock.

For each account two keys: `tat`, when its bucket is full again, and `blk`, until when it is blocked. Redis may
be emptied or killed and then knows no block; a key that is lost with them (`known`) tells.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from backline.storage.limits import FORGOTTEN, Bucket, LimitKey

R = TypeVar("R")
PATIENCE = 1.0  # seconds for a connection or an answer

_NOW = "local t = redis.call('TIME') local now = t[1] * 1000000 + t[2] "
_READ = "local function read(key) return tonumber(redis.call('GET', key) or '0') end "
_WRITE = (
    "local function write(key, at) "
    "redis.call('SET', key, string.format('%.0f', at), 'PX', math.ceil((at - now) / 1000) + 1000) end "
)
_TAKE = (
    _NOW + _READ + _WRITE + "local cost, room = tonumber(ARGV[1]), tonumber(ARGV[2]) "
    f"if redis.call('EXISTS', KEYS[4]) == 0 then return {FORGOTTEN} end "
    "local tat = math.max(read(KEYS[1]), now) "
    "local wait = math.max(read(KEYS[2]) - now, read(KEYS[3]) - now, tat + cost - room - now) "
    "if wait > 0 then return math.max(1, wait) end "
    "write(KEYS[1], tat + cost) return 0"
)
_BLOCK = _NOW + _READ + _WRITE + "write(KEYS[1], math.max(read(KEYS[1]), now + tonumber(ARGV[1]))) return 1"
_LOOK = _NOW + _READ + "return {math.max(0, read(KEYS[1]) - now), math.max(0, read(KEYS[2]) - now)}"


class RedisLimits:
    """The limits of one Redis and key prefix. Whatever is wrong with it raises `ConnectionError`."""

    def __init__(self, url: str, prefix: str) -> None:
        self._client: Any = redis.Redis.from_url(
            url,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 1),  # a connection that died in the pool costs one more try
        )
        self._prefix = f"{prefix}limit:"
        self._known = f"{prefix}limits:known"
        self._take = self._client.register_script(_TAKE)
        self._block = self._client.register_script(_BLOCK)
        self._look = self._client.register_script(_LOOK)

    def take(self, key: LimitKey, cost: int, room: int) -> int:
        """0 where the call may go out; else µs to wait, or `FORGOTTEN`. `cost` and `room` are microseconds."""
        whole = LimitKey(key.provider)
        keys = [self._key(key, "tat"), self._key(key, "blk"), self._key(whole, "blk"), self._known]
        return int(self._ask(lambda: self._take(keys=keys, args=[cost, room])))

    def block(self, key: LimitKey, wait: int) -> None:
        """Let nobody ask for so many microseconds; an earlier block that lasts longer stays."""
        self._ask(lambda: self._block(keys=[self._key(key, "blk")], args=[wait]))

    def restore(self, blocks: Iterable[Bucket]) -> None:
        """Block what the database knows as blocked; from then on this Redis counts as knowing it."""
        for bucket in blocks:
            self.block(bucket.key, bucket.blocked_for)
        self._ask(lambda: self._client.set(self._known, "1"))

    def clear(self, key: LimitKey) -> bool:
        """Lift the block and fill the bucket. False where there was neither."""
        return bool(self._ask(lambda: self._client.delete(self._key(key, "tat"), self._key(key, "blk"))))

    def list_buckets(self) -> list[Bucket]:
        """Every limit that is not at rest, by name."""
        found = re.compile(re.escape(self._prefix) + r"\{(\w+)\}:(?:tat|blk):(.*)", re.DOTALL)
        glob = re.sub(r"([*?\[\]\\])", r"\\\1", self._prefix) + "*"
        names = self._ask(lambda: [name.decode() for name in self._client.scan_iter(glob, count=1000)])
        matches = (found.fullmatch(name) for name in names)
        keys = {LimitKey(match[1], match[2]) for match in matches if match}
        return [self._read(key) for key in sorted(keys, key=lambda key: (key.provider, key.account))]

    def _read(self, key: LimitKey) -> Bucket:
        names = [self._key(key, "tat"), self._key(key, "blk")]
        fills_in, blocked_for = self._ask(lambda: self._look(keys=names))
        return Bucket(key, int(fills_in), int(blocked_for))

    def _key(self, key: LimitKey, kind: str) -> str:
        return f"{self._prefix}{{{key.provider}}}:{kind}:{key.account}"

    def _ask(self, work: Callable[[], R]) -> R:
        try:
            return work()
        except RedisError as error:  # a full or a read-only one too: nothing is granted then
            raise ConnectionError(f"Redis: {error}") from error
