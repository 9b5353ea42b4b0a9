"""How fast a provider may be asked, kept in the database: one row per account, GCRA in one statement.

GCRA: a bucket of `burst` calls that fills again one call each 1/rate seconds is one number, the moment at
which it will be full again. Source: ATM Forum, Traffic Management Specification 4.1 (1999), 4.4.2; times are
the database's. A call of cost c is granted where `max(tat, now) + c/rate - now` is at most `room`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, text

from backline.storage import intent_tables as t
from backline.storage.database import Database

FORGOTTEN = -1  # what a store answers that has lost its memory

# The commit of a grant does not wait for the disk; see docs/decisions/0011.
_TAKE = """
UPDATE backline_limit SET tat = {greatest}(tat, {now}) + :cost
WHERE provider = :provider AND account = :account AND {greatest}(tat, {now}) + :cost - {now} <= :room
    AND blocked_until <= {now} AND NOT EXISTS (
        SELECT 1 FROM backline_limit AS w WHERE w.provider = :provider AND w.account = '' AND w.blocked_until > {now})
RETURNING tat {lazily}
"""
_LOOK = """
SELECT max(CASE WHEN account = :account THEN tat END) AS tat, max(blocked_until) AS blocked_until, {now} AS now_at
FROM backline_limit WHERE provider = :provider AND (account = :account OR account = '')
"""
_BEGIN = "INSERT INTO backline_limit VALUES (:provider, :account, 0, 0) ON CONFLICT DO NOTHING"
_BLOCK = """
INSERT INTO backline_limit (provider, account, tat, blocked_until)
SELECT :provider, :account, 0, {least}({greatest}(n.at + :wait, :until), n.at + :cap)
FROM (SELECT {now} AS at) AS n WHERE true
ON CONFLICT (provider, account) DO UPDATE
SET blocked_until = {greatest}(backline_limit.blocked_until, excluded.blocked_until)
RETURNING blocked_until - {now} AS wait
"""
_CLEAR = (
    "UPDATE backline_limit SET tat = 0, blocked_until = 0 WHERE provider = :provider AND account = :account"
)


@dataclass(frozen=True)
class LimitKey:
    """Whose patience it is: the provider, and the account there; empty means the provider as a whole."""

    provider: str
    account: str = ""


@dataclass(frozen=True)
class Bucket:
    """A limit as it stands, in microseconds from now: until the bucket is full, and until it is not blocked."""

    key: LimitKey
    fills_in: int
    blocked_for: int


class DatabaseLimits:
    """The limits of one database. Every process of it shares them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        sqlite = database.is_sqlite
        self._words = {
            "now": database.now_sql,
            "greatest": "max" if sqlite else "greatest",
            "least": "min" if sqlite else "least",
            "lazily": "" if sqlite else ", set_config('synchronous_commit', 'off', true)",
        }

    def take(self, key: LimitKey, cost: int, room: int) -> int:
        """0 where the call may go out; else microseconds to wait. `cost` and `room` are microseconds."""
        values = {"provider": key.provider, "account": key.account, "cost": cost, "room": room}
        with self._database.write() as connection:
            for _ in range(2):
                if connection.execute(self._text(_TAKE), values).first() is not None:
                    return 0
                row = connection.execute(self._text(_LOOK), values).one()
                if row.tat is not None:
                    return count_wait(row.tat - row.now_at, row.blocked_until - row.now_at, cost, room)
                connection.execute(text(_BEGIN), values)
        return 1

    def block(self, key: LimitKey, wait: int, until: int, cap: int) -> int:
        """Let nobody ask for `wait` µs, or up to the moment `until` (µs since 1970), but no longer than `cap` µs.

        An earlier block that lasts longer stays. Returns for how long it is blocked, in microseconds.
        """
        values = {"provider": key.provider, "account": key.account, "wait": wait, "until": until, "cap": cap}
        with self._database.write() as connection:
            return int(connection.execute(self._text(_BLOCK), values).one().wait)

    def find_block(self, key: LimitKey) -> int:
        """For how many microseconds the account, or its provider as a whole, is still blocked; 0 where it is not."""
        values = {"provider": key.provider, "account": key.account}
        with self._database.read() as connection:
            row = connection.execute(self._text(_LOOK), values).one()
        return max(0, int(row.blocked_until or 0) - int(row.now_at))

    def clear(self, connection: Connection, key: LimitKey) -> bool:
        """Lift the block and fill the bucket, in the caller's transaction. False where there is no such row."""
        return connection.execute(text(_CLEAR), vars(key)).rowcount > 0

    def list_buckets(self) -> list[Bucket]:
        """Every limit that was ever asked for, by name."""
        query = select(t.limit).order_by(t.limit.c.provider, t.limit.c.account)
        with self._database.read() as connection:
            now = self._database.now(connection)
            return list(_read_buckets(connection.execute(query).all(), now))

    def _text(self, sql: str) -> Any:
        return text(sql.format(**self._words))


def count_wait(fills_in: int, blocked_for: int, cost: int, room: int) -> int:
    """Microseconds until a call of that cost may go out, if nobody else is served; at least 1."""
    return max(1, blocked_for, max(fills_in, 0) + cost - room)


def _read_buckets(rows: Iterable[Any], now: int) -> Iterable[Bucket]:
    for row in rows:
        key = LimitKey(row.provider, row.account)
        yield Bucket(key, max(0, row.tat - now), max(0, row.blocked_until - now))
