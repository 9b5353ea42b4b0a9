"""What the client is given from outside: a clock, the budget of the developer account, and places for tokens and answers."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from backline.spotify.routes import Family


class Clock(Protocol):
    """Time."""

    def now(self) -> int:
        """Microseconds since 1970 UTC."""


class Budget(Protocol):
    """What a developer account may still ask, shared by all its Client IDs and all workers."""

    def take(self, family: Family, *, interactive: bool) -> None:
        """Count one request, before it goes out. Raises `TryLater` where it may not go out now."""

    def tell_block(self, family: Family | None, seconds: float, why: str) -> None:
        """The other side ordered a pause, for a family of routes or for all (None)."""

    def tell_spent(self, family: Family) -> None:
        """The quota of a family was spent with the last request: so large it was."""


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

    `account_id`: whose it is, so that it can go when they disconnect; None for the catalogue.
    """

    etag: str | None
    body: bytes = field(repr=False)
    fetched_at: int
    fresh_until: int
    account_id: str | None = None


class AnswerStore(Protocol):
    """Where answers are kept for a while, by what was asked and by whom. They expire as all content of the platform does."""

    def read(self, key: str) -> StoredAnswer | None:
        """What is kept now."""

    def write(self, key: str, answer: StoredAnswer) -> None:
        """Keep it."""

    def asking(self, key: str) -> AbstractContextManager[bool]:
        """Let one of several equal requests go out; True for those that had to wait for another. No transaction."""
