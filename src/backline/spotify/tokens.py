"""Consent and tokens: PKCE (RFC 7636), codes, refreshing once for all workers, and the six months after which a consent ends.

A refused refresh is never asked again: the grant is kept aside, and a person has to connect anew. Since 2026-07-20 a
refresh token lives six months from the consent, and refreshing does not make that longer (blog of 2026-06-18).
"""

from __future__ import annotations

import base64
import calendar
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import httpx
from pydantic import BaseModel, ValidationError

from backline.errors import BadInput
from backline.spotify.faults import (
    UNTOLD_PACE,
    Disconnected,
    Hiccup,
    RateLimited,
    WrongApp,
    read_message,
    read_wait,
)
from backline.spotify.hosts import Hosts
from backline.spotify.needs import Clock, Grant, TokenStore

MONTHS: Final = 6
MARGIN: Final = 60_000_000  # µs before its end from which a token is taken for ended
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
RECONNECT: Final = "Connect the account again."

SCOPES: Final[dict[str, tuple[str, ...]]] = {
    # what somebody wants to do -> what they have to agree to; no more is asked for
    "playlists": (
        "playlist-read-private", "playlist-read-collaborative", "playlist-modify-private", "playlist-modify-public",
    ),
    "plays": ("user-read-recently-played",),
    "library": ("user-library-read",),
    "follows": ("user-follow-read",),
    "top": ("user-top-read",),
    "covers": ("ugc-image-upload",),
    "keep": ("user-library-modify", "user-follow-modify"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class App:
    """A Client ID. `secret` is needed for what the app asks by itself; a person's consent does without (PKCE)."""

    client_id: str
    secret: str | None = field(default=None, repr=False)

    @property
    def account_id(self) -> str:
        """Under which its own token is kept."""
        return f"app:{self.client_id}"


@dataclass(frozen=True, slots=True)
class Pair:
    """A secret of this one sign-in, and what may be shown of it."""

    verifier: str = field(repr=False)
    challenge: str


class TokenAnswer(BaseModel):
    """What the token endpoint gives. `refresh_token` is often left out of a refresh: then the old one holds."""

    access_token: str
    expires_in: int = 3600
    refresh_token: str | None = None
    scope: str = ""


def make_pair(verifier: str | None = None) -> Pair:
    """A new pair, S256. The verifier has 86 of the characters that RFC 7636 §4.1 allows."""
    word = verifier or secrets.token_urlsafe(64)
    digest = hashlib.sha256(word.encode("ascii")).digest()
    return Pair(word, base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii"))


def name_scopes(purposes: Iterable[str]) -> tuple[str, ...]:
    """What has to be agreed to for these purposes. Raises `KeyError` for an unknown one."""
    return tuple(dict.fromkeys(scope for purpose in purposes for scope in SCOPES[purpose]))


def write_authorize_url(
    hosts: Hosts, app: App, redirect: str, scopes: Iterable[str], state: str, pair: Pair
) -> str:
    """Where a person's browser goes to agree."""
    asked = {
        "client_id": app.client_id,
        "response_type": "code",
        "redirect_uri": redirect,
        "scope": " ".join(scopes),
        "state": state,
        "code_challenge_method": "S256",
        "code_challenge": pair.challenge,
    }
    return f"{hosts.accounts}/authorize?{urlencode(asked)}"


def reconnect_by(authorized_at: int) -> int:
    """When a consent ends, both in µs since 1970: the same day six months later, or that month's last."""
    begun = EPOCH + timedelta(microseconds=authorized_at)
    year, month = divmod(begun.year * 12 + begun.month - 1 + MONTHS, 12)
    last = calendar.monthrange(year, month + 1)[1]
    ends = begun.replace(year=year, month=month + 1, day=min(begun.day, last))
    return (ends - EPOCH) // timedelta(microseconds=1)


class Tokens:
    """The tokens of one app: of each account that is connected, and of the app by itself (account None)."""

    def __init__(self, web: httpx.Client, hosts: Hosts, app: App, store: TokenStore, clock: Clock) -> None:
        self._web, self._hosts, self.app, self._store, self._clock = web, hosts, app, store, clock

    def give(self, account_id: str | None) -> Grant:
        """A grant whose token still holds. Raises `Disconnected`, `WrongApp`, `RateLimited`, `Hiccup`."""
        grant = self._read(account_id)
        return grant if grant and self._holds(grant) else self.renew(account_id, grant)

    def renew(self, account_id: str | None, stale: Grant | None) -> Grant:
        """Another token than that of `stale`: asked for once, however many want it. Raises as `give` does."""
        with self._store.lock(account_id or self.app.account_id):
            grant = self._read(account_id)
            changed = grant and (stale is None or grant.access_token != stale.access_token)
            if grant and changed and self._holds(grant):
                return grant
            if account_id is None:
                return self.keep(self.app.account_id, self._ask({"grant_type": "client_credentials"}))
            assert grant
            return self._refresh(grant)

    def exchange(self, code: str, pair: Pair, redirect: str) -> TokenAnswer:
        """Tokens for a code; a code works once. Raises `Disconnected` for one that does not work any more."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect}
        return self._ask(form | {"client_id": self.app.client_id, "code_verifier": pair.verifier})

    def keep(self, account_id: str, answer: TokenAnswer) -> Grant:
        """Write down what was just agreed to; it replaces whatever was there, dead or alive."""
        now = self._clock.now()
        grant = Grant(
            account_id=account_id,
            client_id=self.app.client_id,
            access_token=answer.access_token,
            expires_at=now + answer.expires_in * 1_000_000,
            authorized_at=now,
            refresh_token=answer.refresh_token,
            scopes=frozenset(answer.scope.split()),
        )
        self._store.write(grant)
        return grant

    def _read(self, account_id: str | None) -> Grant | None:
        """What is kept. Raises `Disconnected` where an account is not, or not any more, connected."""
        grant = self._store.read(account_id or self.app.account_id)
        if account_id is None:
            return grant
        if grant is None:
            raise Disconnected("This account is not connected.", remedy="Connect it.")
        if grant.ended_at is not None:
            raise Disconnected(remedy=RECONNECT)
        if grant.client_id != self.app.client_id:
            raise Disconnected("This account was connected with another Client ID.", remedy=RECONNECT)
        return grant

    def _holds(self, grant: Grant) -> bool:
        return self._clock.now() < grant.expires_at - MARGIN

    def _refresh(self, grant: Grant) -> Grant:
        """Ask for a new token; written down before it is used. A refusal is written down too."""
        if grant.refresh_token is None:
            raise Disconnected(remedy=RECONNECT)
        form = {"grant_type": "refresh_token", "refresh_token": grant.refresh_token}
        now = self._clock.now()
        try:
            answer = self._ask(form | {"client_id": self.app.client_id})
        except Disconnected:
            self._store.write(replace(grant, ended_at=now))
            raise
        renewed = replace(
            grant,
            access_token=answer.access_token,
            expires_at=now + answer.expires_in * 1_000_000,
            refresh_token=answer.refresh_token or grant.refresh_token,
            scopes=frozenset(answer.scope.split()) or grant.scopes,
        )
        self._store.write(renewed)
        return renewed

    def _ask(self, form: dict[str, str]) -> TokenAnswer:
        """The token endpoint. With a secret by HTTP Basic, but for what PKCE has proved already."""
        sign: dict[str, Any] = {}
        if form["grant_type"] == "client_credentials":
            if self.app.secret is None:
                raise WrongApp(
                    "What an app asks by itself needs its secret.", remedy="Set it for this Client ID."
                )
            sign["auth"] = (self.app.client_id, self.app.secret)
        try:
            answer = self._web.post(f"{self._hosts.accounts}/api/token", data=form, **sign)
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise Hiccup("The accounts service could not be reached.") from error
        return _read_answer(answer)


def _read_answer(answer: httpx.Response) -> TokenAnswer:
    """Only `invalid_grant` and `invalid_client` are final; whatever cannot be read may be another thing next time."""
    if answer.status_code == 200:
        try:
            return TokenAnswer.model_validate_json(answer.content)
        except ValidationError:
            raise Hiccup("The answer of the accounts service cannot be read.") from None
    if answer.status_code == 429:
        raise RateLimited(read_wait(answer) or UNTOLD_PACE, "The accounts service was asked too often.")
    name = _read_name(answer)
    if name == "invalid_grant":
        raise Disconnected(remedy=RECONNECT)
    if name in {"invalid_client", "unauthorized_client"}:
        words = f"The accounts service does not know this app ({read_message(answer)})."
        raise WrongApp(words, remedy="Look at its Client ID and secret.")
    if answer.status_code >= 500 or not name:
        raise Hiccup(f"The accounts service had a fault ({answer.status_code}).")
    raise BadInput(f"The accounts service refused: {read_message(answer)} ({name}).")


def _read_name(answer: httpx.Response) -> str:
    """The `error` of a flat answer, or nothing."""
    try:
        data = answer.json()
    except ValueError:
        return ""
    name = data.get("error") if isinstance(data, dict) else None
    return name if isinstance(name, str) else ""
