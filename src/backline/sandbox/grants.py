"""Codes, access tokens and refresh tokens: what they were given for, and how long they live."""

from __future__ import annotations

import base64
import hashlib
import random
import re
from dataclasses import dataclass

from backline.sandbox.answers import refuse_flat
from backline.sandbox.clock import add_months

HOUR, CODE_LIFE, MONTHS = 3600, 600.0, 6
VERIFIER = re.compile(r"[A-Za-z0-9_.~-]{43,128}")
SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass(frozen=True)
class Code:
    """What a person agreed to, waiting to be fetched. `challenge` None: the flow with a secret."""

    client_id: str
    user: str
    redirect: str
    scope: str
    challenge: str | None
    at: float


@dataclass(frozen=True)
class Access:
    """A token for an hour. `user` None: client credentials."""

    client_id: str
    user: str | None
    scopes: frozenset[str]
    until: float


@dataclass(frozen=True)
class Refresh:
    """A token for six months from the consent, whatever happens in between. `pkce`: without secret."""

    client_id: str
    user: str
    scope: str
    authorized: float
    pkce: bool

    @property
    def until(self) -> float:
        """The end of its life."""
        return add_months(self.authorized, MONTHS)


class Grants:
    """All tokens that are out."""

    def __init__(self, seed: int | str) -> None:
        self.codes: dict[str, Code] = {}
        self.access: dict[str, Access] = {}
        self.refresh: dict[str, Refresh] = {}
        self._random = random.Random(f"grants {seed}")

    def issue_code(self, code: Code) -> str:
        """A code for the way back."""
        word = self._mint("AQ", 200)
        self.codes[word] = code
        return word

    def redeem(self, word: str, client_id: str, redirect: str, verifier: str | None, now: float) -> Code:
        """What a code was given for; a code works once. Raises `Refused` (`invalid_grant`)."""
        code = self.codes.pop(word, None)
        if code is None or code.client_id != client_id:
            raise refuse_flat("invalid_grant", "Invalid authorization code")
        if now > code.at + CODE_LIFE:
            raise refuse_flat("invalid_grant", "Authorization code expired")
        if redirect != code.redirect:
            raise refuse_flat("invalid_grant", "Invalid redirect URI")
        if code.challenge is not None and not _fits(verifier, code.challenge):
            raise refuse_flat("invalid_grant", "code_verifier was incorrect")
        return code

    def issue_access(self, client_id: str, user: str | None, scope: str, now: float) -> str:
        """An access token for an hour."""
        word = self._mint("BQ", 160)
        self.access[word] = Access(client_id, user, frozenset(scope.split()), now + HOUR)
        return word

    def issue_refresh(self, refresh: Refresh) -> str:
        """A refresh token."""
        word = self._mint("AQ", 120)
        self.refresh[word] = refresh
        return word

    def revoke(self, user: str, client_id: str | None = None) -> int:
        """Take away what a person gave, to one app or to all; how many tokens went."""

        def is_meant(grant: Code | Access | Refresh) -> bool:
            return grant.user == user and client_id in {None, grant.client_id}

        before = len(self.access) + len(self.refresh) + len(self.codes)
        self.access = {word: one for word, one in self.access.items() if not is_meant(one)}
        self.refresh = {word: one for word, one in self.refresh.items() if not is_meant(one)}
        self.codes = {word: one for word, one in self.codes.items() if not is_meant(one)}
        return before - len(self.access) - len(self.refresh) - len(self.codes)

    def _mint(self, head: str, length: int) -> str:
        return head + "".join(self._random.choices(SIGNS, k=length))


def _fits(verifier: str | None, challenge: str) -> bool:
    if not verifier or not VERIFIER.fullmatch(verifier):
        return False
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge
