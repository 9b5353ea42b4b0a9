"""What the client is given from outside: a clock, the budget of a developer account, places for apps, tokens and answers."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from backline.spotify.routes import Family, Profile


class Clock(Protocol):
    """Time."""

    def now(self) -> int:
        """Microseconds since 1970 UTC."""


class Budget(Protocol):
    """What a developer account may still ask, shared by all its Client IDs and all workers."""

    def take(self, family: Family, *, interactive: bool) -> AbstractContextManager[object]:
        """Count one request, which goes out within the block. Raises `TryLater` where it may not go out now.

        One request of a developer account at a time, so that what one of them is told holds before the next goes out.
        """

    def tell_block(self, family: Family | None, seconds: float, why: str) -> None:
        """The other side ordered a pause, for a family of routes or for all (None)."""

    def tell_spent(self, family: Family) -> None:
        """The quota of a family was spent with the last request: so large it was."""


@dataclass(frozen=True, slots=True)
class StoredApp:
    """A Client ID that is known here; the default one has no name. Moments in µs since 1970.

    `developer`: the developer account, whose apps share one budget. `profile` None: nobody has looked yet; `reasons`
    say how it was told. `doubted_at`: an answer came since that the profile did not foretell.
    """

    client_id: str
    name: str = ""
    developer: str = "own"
    has_secret: bool = False
    profile: Profile | None = None
    reasons: tuple[str, ...] = ()
    probed_at: int | None = None
    doubted_at: int | None = None


@dataclass(frozen=True, slots=True)
class StoredAccount:
    """A person's account without its tokens; see `Grant`. `name`: as they are called there, or nothing."""

    account_id: str
    client_id: str
    name: str
    scopes: frozenset[str]
    expires_at: int
    authorized_at: int
    ended_at: int | None = None


class AppStore(Protocol):
    """Which apps and accounts there are."""

    def list_apps(self) -> list[StoredApp]:
        """All of them, the default one first."""

    def list_accounts(self) -> list[StoredAccount]:
        """Those of people, the first that was connected first."""

    def read_secret(self, client_id: str) -> str:
        """The secret of an app that has one."""

    def note_profile(self, client_id: str, profile: Profile, reasons: tuple[str, ...], now: int) -> None:
        """Keep what a look came to; it ends a doubt."""

    def doubt(self, client_id: str, now: int) -> None:
        """Keep that an answer came which the profile did not foretell."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person agreed to, or the token of an app by itself (`refresh_token` None). Moments in µs since 1970.

    `authorized_at`: the consent, from which the refresh token lives six months whatever happens in between.
    `ended_at`: when a refresh was refused; the grant is kept aside, since such refusals have been wrong before.
    """

    account_id: str
    client_id: str
    access_token: str = field(repr=False)
    expires_at: int
    authorized_at: int
    refresh_token: str | None = field(default=None, repr=False)
    scopes: frozenset[str] = frozenset()
    ended_at: int | None = None


class TokenStore(Protocol):
    """Where grants are kept, by account."""

    def read(self, account_id: str) -> Grant | None:
        """What is kept now, as every worker sees it."""

    def lock(self, account_id: str) -> AbstractContextManager[object]:
        """One holder at a time over all workers, so that a token is refreshed once.

        Held while the accounts service is asked: a lease, and not a transaction. Raises `TryLater` where it lasts.
        """

    def write(self, grant: Grant) -> None:
        """Keep it; it is durable when this returns."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The body of an answer with its ETag; moments in µs since 1970.

    `account_id`: whose it is, so that it can go when they disconnect; None for the catalogue. `client_id`: who asked.
    """

    etag: str | None
    body: bytes = field(repr=False)
    fetched_at: int
    fresh_until: int
    account_id: str | None = None
    client_id: str = ""


class AnswerStore(Protocol):
    """Where answers are kept for a while, by what was asked and by whom. They expire as all content of the platform does."""

    def read(self, key: str) -> StoredAnswer | None:
        """What is kept now."""

    def write(self, key: str, answer: StoredAnswer) -> None:
        """Keep it."""

    def asking(self, key: str) -> AbstractContextManager[bool]:
        """Let one of several equal requests go out; True for those that had to wait for another. No transaction.

        Raises `TryLater` where the other one takes long.
        """
