"""Spotify wired: the stores of the house in the shapes in which the trade asks for them (spotify/needs.py)."""

from __future__ import annotations

import json
import logging
import math
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import Connection

from backline.errors import TryLater, UnknownName
from backline.runtime.limits import Limiter, SharedLimits
from backline.runtime.pause import pause
from backline.sections import SpotifySettings
from backline.settings import Settings
from backline.spotify.apps import DAY, Ground
from backline.spotify.hosts import Hosts, open_web
from backline.spotify.needs import Grant, StoredAccount, StoredAnswer, StoredApp
from backline.spotify.routes import Family, Profile
from backline.storage import spotify_accounts as kept
from backline.storage.answers import keep_answer, read_answer
from backline.storage.budgets import BudgetKey, Budgets, Share
from backline.storage.clock import from_micros
from backline.storage.database import Database
from backline.storage.limits import DatabaseLimits, LimitKey
from backline.storage.turns import Turns
from backline.storage.vault import Vault

log = logging.getLogger("backline.spotify")
PROVIDER: Final = "spotify"
MEASURED_FOR: Final = 60_000_000  # µs for which the distance of two clocks is believed
LEAST_LEARNED: Final = 0.1  # of the allowance; see docs/decisions/0020


def open_ground(settings: Settings, database: Database, vault: Vault, limits: SharedLimits) -> Ground:
    """What the clients of this process stand on. Its connections are closed with `web`."""
    options, turns = settings.spotify, Turns(database, pause)
    budgets = Budgets(database)
    return Ground(
        web=open_web(),
        hosts=Hosts.find_sandbox(options.address) if options.address else Hosts(),
        clock=DatabaseClock(database),
        apps=KeptApps(database, vault),
        tokens=KeptTokens(database, vault, turns, settings.actor),
        answers=KeptAnswers(database, turns, options.keep_days),
        find_budget=lambda developer: SharedBudget(database, limits, budgets, turns, options, developer),
        market=options.market or None,
        release_groups=options.list_groups(),
        keep_days=options.keep_days,
    )


class DatabaseClock:
    """The clock of the database, through its distance from this machine's, which is measured once a minute."""

    def __init__(self, database: Database, read_here: Callable[[], int] = time.time_ns) -> None:
        self._database, self._lock, self._read_here = database, threading.Lock(), read_here
        self._distance = self._measured = 0

    def now(self) -> int:
        """Microseconds since 1970 UTC."""
        with self._lock:
            here = self._read_here() // 1000
            if not 0 <= here - self._measured < MEASURED_FOR:  # also where this machine's clock was set
                with self._database.read() as connection:
                    there = self._database.now(connection)
                self._measured = here = self._read_here() // 1000
                self._distance = there - here
            return here + self._distance


class KeptApps:
    """Apps and accounts in the database."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database, self._vault = database, vault

    def list_apps(self) -> list[StoredApp]:
        """The default one first."""
        with self._database.read() as connection:
            return [_read_app(row) for row in kept.list_apps(connection)]

    def list_accounts(self) -> list[StoredAccount]:
        """The first that was connected first."""
        with self._database.read() as connection:
            return [_read_account(row) for row in kept.list_accounts(connection)]

    def read_secret(self, client_id: str) -> str:
        """Raises `UnknownName` where there is none, `NeedsHuman` where the vault's key is missing."""
        place = kept.name_secret(client_id)
        return self._vault.read(place.name, owner=place.owner)

    def note_profile(self, client_id: str, profile: Profile, reasons: tuple[str, ...], now: int) -> None:
        """Keep what a look came to."""
        with self._database.write() as connection:
            kept.note_profile(connection, client_id, profile.value, reasons, now)

    def doubt(self, client_id: str, now: int) -> None:
        """Keep that the profile was wrong."""
        with self._database.write() as connection:
            kept.note_doubt(connection, client_id, now)


class KeptTokens:
    """Grants: rows in the database, tokens in the vault."""

    def __init__(self, database: Database, vault: Vault, turns: Turns, who: str) -> None:
        self._database, self._vault, self._turns, self._who = database, vault, turns, who

    def read(self, account_id: str) -> Grant | None:
        """Row and tokens of one moment: a new token beside an old row would be refreshed a second time."""
        with self._database.read(snapshot=True) as connection:
            row = kept.read_account(connection, account_id)
            access = self._find_token(connection, account_id, "access") if row else None
            if row is None or access is None:  # forgotten
                return None
            is_own = account_id.startswith(kept.OWN)
            refresh = None if is_own else self._find_token(connection, account_id, "refresh")
        return Grant(
            account_id=account_id,
            client_id=row.client_id,
            access_token=access,
            expires_at=int(row.expires_at),
            authorized_at=int(row.authorized_at),
            refresh_token=refresh,
            scopes=frozenset(row.scopes.split()),
            ended_at=row.ended_at,
        )

    def lock(self, account_id: str) -> AbstractContextManager[object]:
        """One at a time refreshes."""
        return self._turns.take(f"the token of {account_id}")

    def write(self, grant: Grant) -> None:
        """Row and tokens in one commit; once more where a dead connection is in the way, since a token is lost else."""
        self._vault.source.read()  # a keyring may wait for its owner: not while others wait for us
        self._database.try_twice(lambda: self._keep(grant))

    def _keep(self, grant: Grant) -> None:
        values = {
            "account_id": grant.account_id, "client_id": grant.client_id, "scopes": " ".join(sorted(grant.scopes)),
            "expires_at": grant.expires_at, "authorized_at": grant.authorized_at, "ended_at": grant.ended_at,
        }  # fmt: skip
        with self._database.write() as connection:
            kept.keep_account(
                connection, self._database.now_sql, self._vault, values, grant.access_token,
                grant.refresh_token, self._who,
            )  # fmt: skip

    def _find_token(self, connection: Connection, account_id: str, kind: str) -> str | None:
        with suppress(UnknownName):
            return self._vault.read_in(connection, kept.name_token(account_id, kind))
        return None


class KeptAnswers:
    """Answers in the database, until they expire."""

    def __init__(self, database: Database, turns: Turns, days: int) -> None:
        self._database, self._turns, self._term = database, turns, days * DAY

    def read(self, key: str) -> StoredAnswer | None:
        """None also for what has expired."""
        with self._database.read() as connection:
            row = read_answer(connection, self._database.now_sql, key)
        if row is None:
            return None
        moments = (int(row.fetched_at), int(row.fresh_until))
        return StoredAnswer(row.etag, bytes(row.body), *moments, row.account_id, row.client_id)

    def write(self, key: str, answer: StoredAnswer) -> None:
        """It expires so many days after it was fetched, or confirmed."""
        values: dict[str, Any] = {field.name: getattr(answer, field.name) for field in fields(answer)}
        values |= {"key": key, "expires_at": answer.fetched_at + self._term}
        with self._database.write() as connection:
            keep_answer(connection, self._database.now_sql, values)

    def asking(self, key: str) -> AbstractContextManager[bool]:
        """Equal requests of all workers go out once."""
        return self._turns.take(f"the answer {key}")


class SharedBudget:
    """What one developer account may ask: its pace and pauses, its lane, and the budget of the day by family.

    The pace first, which may take up to a second; then the lane, and within it what must be true of the request
    that goes out: nobody ordered a pause meanwhile, and there is room for it today.
    """

    def __init__(
        self, database: Database, limits: SharedLimits, budgets: Budgets, turns: Turns, options: SpotifySettings,
        developer: str,
    ) -> None:  # fmt: skip
        self._database, self._limits, self._budgets, self._turns = database, limits, budgets, turns
        self._blocks = DatabaseLimits(database)  # a block is there in any case
        self._options, self._developer = options, developer

    @contextmanager
    def take(self, family: Family, *, interactive: bool) -> Iterator[None]:
        """Raises `TryLater` with the family and the hour."""
        self._refuse_pause(family)
        Limiter(self._limits, interactive=interactive).take(PROVIDER, self._developer)
        with self._turns.take(f"Spotify for {self._developer}"):
            self._refuse_pause(family)
            self._count(family, interactive=interactive)
            yield

    def tell_block(self, family: Family | None, seconds: float, why: str) -> None:
        """Known to all workers when it returns."""
        lasts = self._limits.block(self._name_limit(family), seconds, 0)
        log.warning("Spotify is left alone for %.0f s (%s): %s", lasts, family or "everything", why)

    def tell_spent(self, family: Family) -> None:
        """The end of a quota is learned."""
        least = math.ceil(self._share(family).allowance * LEAST_LEARNED)
        learned = self._budgets.learn(self._name_budget(family), least)
        log.warning(
            "The quota of Spotify for %s ended; %d requests a day are asked from now on", family, learned
        )

    def _refuse_pause(self, family: Family) -> None:
        for what in (None, family):
            wait = self._blocks.find_block(self._name_limit(what))
            if wait > 0:
                words = f"Spotify asked to be left alone ({what or 'everything'})"
                raise self._put_off(wait, f"{words} until")

    def _count(self, family: Family, *, interactive: bool) -> None:
        room = self._budgets.take(self._name_budget(family), self._share(family), interactive=interactive)
        if room.wait > 0:
            words = f"{room.spent} of {room.limit} requests of today's budget for {family} are spent"
            raise self._put_off(room.wait, f"{words}; there is room again at")

    def _put_off(self, wait: int, words: str) -> TryLater:
        """Those who wait for the same hour do not come all at once."""
        with self._database.read() as connection:
            ends = from_micros(self._database.now(connection) + wait)
        seconds = wait / 1_000_000
        return TryLater(
            seconds + random.uniform(0, min(60.0, max(1.0, seconds / 10))),
            f"{words} {ends:%Y-%m-%d %H:%M} UTC.",
        )

    def _share(self, family: Family) -> Share:
        return Share(self._options.find_daily(family), self._options.reserve)

    def _name_limit(self, family: Family | None) -> LimitKey:
        return LimitKey(PROVIDER, f"{self._developer}/{family}" if family else self._developer)

    def _name_budget(self, family: Family) -> BudgetKey:
        return BudgetKey(PROVIDER, self._developer, family)


def _read_app(row: kept.AppRow) -> StoredApp:
    return StoredApp(
        client_id=row.client_id,
        name=row.name,
        developer=row.developer,
        has_secret=bool(row.has_secret),
        profile=None if row.profile is None else Profile(row.profile),
        reasons=tuple(json.loads(row.reasons)),
        probed_at=row.probed_at,
        doubted_at=row.doubted_at,
    )


def _read_account(row: kept.AccountRow) -> StoredAccount:
    scopes = frozenset(row.scopes.split())
    moments = (int(row.expires_at), int(row.authorized_at), row.ended_at)
    return StoredAccount(row.account_id, row.client_id, row.name, scopes, *moments)
