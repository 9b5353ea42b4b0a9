"""How much a provider may be asked in a day, by family of routes, kept in hours so that the day rolls.

A request counts for the hour that it was made in and the 24 after it: so no 24 hours, wherever they begin, have more
than the allowance. Where a quota was seen to end, that is the allowance for thirty days, if it is the smaller one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, and_, delete, func, select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from backline.storage import spotify_tables as t
from backline.storage.database import Database

HOUR: Final = 3_600_000_000  # µs
HOURS: Final = 24
BELIEVED: Final = 30 * HOURS * HOUR  # µs for which what was learned holds


@dataclass(frozen=True)
class BudgetKey:
    """Whose budget: of which provider, of which account there, for which family of routes."""

    provider: str
    account: str
    family: str


@dataclass(frozen=True)
class Share:
    """What the settings allow: requests in 24 hours, and the part of them that is kept for those who wait."""

    allowance: int
    reserve: float = 0.0

    def limit(self, learned: int | None, *, interactive: bool) -> int:
        """How many may have been asked with this request: at least one."""
        most = self.allowance if learned is None else min(self.allowance, learned)
        return most if interactive else max(1, math.floor(most * (1 - self.reserve)))


@dataclass(frozen=True)
class Room:
    """What became of a request: `wait` in µs, 0 where it was counted; how many were asked, out of how many."""

    wait: int
    spent: int
    limit: int


@dataclass(frozen=True)
class Spending:
    """A budget as it stands: what was asked in 24 hours, how much of that with somebody waiting, what was learned."""

    key: BudgetKey
    spent: int
    interactive: int
    learned: int | None


class Budgets:
    """The budgets of one database. Every process of it shares them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, key: BudgetKey, share: Share, *, interactive: bool) -> Room:
        """Count a request where there is room for it."""
        with self._database.write() as connection:
            learned = self._lock(connection, key)
            now = self._database.now(connection)
            hours = _read_hours(connection, key, now // HOUR)
            spent, limit = sum(hours.values()), share.limit(learned, interactive=interactive)
            if spent >= limit:
                return Room(_count_wait(hours, spent - limit + 1, now), spent, limit)
            _count(connection, key, now // HOUR, interactive=interactive)
            return Room(0, spent + 1, limit)

    def learn(self, key: BudgetKey, least: int) -> int:
        """A quota ended with the last request: what went out in 24 hours before it is what there is, from now on.

        But no less than `least`: where somebody else spends too, what was counted here says little.
        """
        with self._database.write() as connection:
            self._lock(connection, key)
            now = self._database.now(connection)
            hours = _read_hours(connection, key, now // HOUR)
            asked = sum(spent for hour, spent in hours.items() if hour > now // HOUR - HOURS)
            learned = max(least, asked - 1)
            change = {"learned": learned, "learned_at": now}
            connection.execute(t.budget.update().where(*_is_of(t.budget, key)).values(**change))
        return learned

    def list_spending(self) -> list[Spending]:
        """Every budget that was ever used, by name."""
        b, h = t.budget.c, t.budget_hour.c
        with self._database.read() as connection:
            now = self._database.now(connection)
            same = (h.provider == b.provider, h.account == b.account, h.family == b.family)
            query = (
                select(t.budget, func.sum(h.spent).label("spent"), func.sum(h.interactive).label("waited"))
                .outerjoin(t.budget_hour, and_(*same, h.hour >= now // HOUR - HOURS))
                .group_by(*t.budget.c)
                .order_by(b.provider, b.account, b.family)
            )
            rows = connection.execute(query).all()
        return [_read_spending(row, now) for row in rows]

    def _lock(self, connection: Connection, key: BudgetKey) -> int | None:
        """Nobody else counts on this budget until the transaction ends; what was learned and still holds.

        On SQLite whoever writes is alone.
        """
        query = select(t.budget).where(*_is_of(t.budget, key)).with_for_update()
        row = connection.execute(query).first()
        if row is None:
            insert = insert_sqlite if self._database.is_sqlite else insert_postgresql
            connection.execute(insert(t.budget).values(**vars(key)).on_conflict_do_nothing())
            row = connection.execute(query).one()
        return _read_learned(row, self._database.now(connection))


def _read_learned(row: Any, now: int) -> int | None:
    return None if row.learned is None or row.learned_at <= now - BELIEVED else int(row.learned)


def _read_spending(row: Any, now: int) -> Spending:
    key = BudgetKey(row.provider, row.account, row.family)
    return Spending(key, int(row.spent or 0), int(row.waited or 0), _read_learned(row, now))


def _read_hours(connection: Connection, key: BudgetKey, hour: int) -> dict[int, int]:
    """What was asked by hour, the oldest first; what is older leaves."""
    c = t.budget_hour.c
    query = select(c.hour, c.spent).where(*_is_of(t.budget_hour, key)).order_by(c.hour)
    found = {int(row.hour): int(row.spent) for row in connection.execute(query)}
    kept = {at: spent for at, spent in found.items() if at >= hour - HOURS}
    if len(kept) < len(found):
        old = (*_is_of(t.budget_hour, key), c.hour < hour - HOURS)
        connection.execute(delete(t.budget_hour).where(*old))
    return kept


def _count(connection: Connection, key: BudgetKey, hour: int, *, interactive: bool) -> None:
    c = t.budget_hour.c
    more = {"spent": c.spent + 1, "interactive": c.interactive + int(interactive)}
    here = (*_is_of(t.budget_hour, key), c.hour == hour)
    if not connection.execute(t.budget_hour.update().where(*here).values(**more)).rowcount:
        first = {"hour": hour, "spent": 1, "interactive": int(interactive)}
        connection.execute(t.budget_hour.insert().values(**vars(key), **first))


def _count_wait(hours: dict[int, int], needed: int, now: int) -> int:
    """µs until so many requests have left the window."""
    for hour, spent in hours.items():
        needed -= spent
        if needed <= 0:
            return max(1, (hour + HOURS + 1) * HOUR - now)
    return HOURS * HOUR


def _is_of(table: Any, key: BudgetKey) -> tuple[Any, ...]:
    return tuple(table.c[name] == value for name, value in vars(key).items())
