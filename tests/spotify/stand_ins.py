"""What the client is given from outside, in memory, and a sandbox behind it."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import httpx

from backline.errors import TryLater
from backline.sandbox.books import Limits
from backline.sandbox.growth import Counts
from backline.sandbox.server import Sandbox
from backline.sandbox.world import App as SandboxApp
from backline.sandbox.world import Person, World
from backline.spotify.client import Client, speak
from backline.spotify.hosts import Hosts
from backline.spotify.needs import Grant, StoredAnswer
from backline.spotify.routes import Profile
from backline.spotify.sender import Sender
from backline.spotify.tokens import App, Tokens, make_pair
from tests.sandbox.guest import SCOPES, SMALL, make_guest
from tests.sandbox.transport import BASE, SandboxTransport

PROFILES = {"dev-2026": Profile.DEV_2026, "dev-legacy": Profile.DEV_LEGACY, "extended": Profile.EXTENDED}


class SandClock:
    """The clock of a sandbox."""

    def __init__(self, app: Sandbox) -> None:
        self._app = app

    def now(self) -> int:
        return round(self._app.stage.clock.now() * 1_000_000)


class MemoryBudget:
    """Lets everything through but what a block forbids, one after the other; `taken` counts by family."""

    def __init__(self, clock: SandClock) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self.taken: Counter[str] = Counter()
        self.blocks: dict[str | None, int] = {}
        self.told: list[tuple[str | None, float, str]] = []
        self.spent: list[str] = []

    @contextmanager
    def take(self, family: str, *, interactive: bool) -> Iterator[None]:
        with self._lock:
            left = max(self.blocks.get(name, 0) for name in (None, family)) - self._clock.now()
            if left > 0:
                raise TryLater(left / 1_000_000)
            self.taken[family] += 1
            yield

    def tell_block(self, family: str | None, seconds: float, why: str) -> None:
        """Called while a request is under way."""
        self.told.append((family, seconds, why))
        self.blocks[family] = self._clock.now() + round(seconds * 1_000_000)

    def tell_spent(self, family: str) -> None:
        self.spent.append(family)


class MemoryTokens:
    """Grants by account, and a lock for each. `writes` in the order in which they came."""

    def __init__(self) -> None:
        self.grants: dict[str, Grant] = {}
        self.writes: list[Grant] = []
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def read(self, account_id: str) -> Grant | None:
        return self.grants.get(account_id)

    def lock(self, account_id: str) -> threading.Lock:
        return self._locks[account_id]

    def write(self, grant: Grant) -> None:
        self.grants[grant.account_id] = grant
        self.writes.append(grant)


class MemoryAnswers:
    """Answers by key; equal requests go one after the other. `waiting` is set once somebody has to."""

    def __init__(self) -> None:
        self.answers: dict[str, StoredAnswer] = {}
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self.waiting = threading.Semaphore(0)

    def read(self, key: str) -> StoredAnswer | None:
        return self.answers.get(key)

    def write(self, key: str, answer: StoredAnswer) -> None:
        self.answers[key] = answer

    @contextmanager
    def asking(self, key: str) -> Iterator[bool]:
        lock = self._locks[key]
        waited = not lock.acquire(blocking=False)
        if waited:
            self.waiting.release()
            lock.acquire()
        try:
            yield waited
        finally:
            lock.release()


class Aged(SandboxTransport):
    """Answers that are fresh for a minute."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        answer.headers["cache-control"] = "public, max-age=60"
        return answer


class Room:
    """A client of a frozen sandbox, with everything that it was given within reach."""

    def __init__(
        self,
        profile: str = "dev-2026",
        transport: Any = SandboxTransport,
        known: bool = True,
        quick: bool = True,
        counts: Counts = SMALL,
    ) -> None:
        self.app: Sandbox = make_guest(profile, counts, quick).app
        self.stage = self.app.stage
        self.web = httpx.Client(transport=transport(self.app))
        self.hosts = Hosts.find_sandbox(BASE)
        self.clock = SandClock(self.app)
        self.budget, self.store, self.answers = MemoryBudget(self.clock), MemoryTokens(), MemoryAnswers()
        self.tokens = Tokens(
            self.web, self.hosts, App(self.client.client_id, self.client.secret), self.store, self.clock
        )
        found = PROFILES.get(profile) if known else None
        self.sender = Sender(self.web, self.hosts, self.tokens, self.budget, self.answers, self.clock, found)

    @property
    def world(self) -> World:
        return self.stage.world

    @property
    def client(self) -> SandboxApp:
        return next(iter(self.world.apps.values()))

    @property
    def person(self) -> Person:
        return next(iter(self.world.people.values()))

    @property
    def limits(self) -> Limits:
        return self.stage.ledger.limits

    def fail(self, kind: str, **more: Any) -> None:
        self.stage.faults.add({"kind": kind} | more)

    def fail_by_chance(self, seed: int, kinds: list[str], rate: float = 0.3) -> None:
        self.stage.faults.add({"schedule": {"seed": seed, "rate": rate, "kinds": kinds, "retry_after": 7}})

    def list_asked(self, path: str = "") -> list[str]:
        """The requests that came to a path, in words."""
        return [f"{one.method} {one.path}" for one in self.stage.ledger.entries if path in one.path]

    def sign_in(self, person: Person | None = None, scope: str = SCOPES) -> str:
        """The account of a person who agreed, kept without asking `/me`."""
        who = person or self.person
        self.tokens.keep(who.account_id, self.agree(who, scope))
        return who.account_id

    def agree(self, person: Person, scope: str = SCOPES) -> Any:
        """Through the page of the sandbox to a token."""
        pair, redirect = make_pair(), "http://127.0.0.1:4444/callback"
        asked = urlencode({
            "client_id": self.client.client_id, "response_type": "code", "redirect_uri": redirect, "scope": scope,
            "code_challenge": pair.challenge, "code_challenge_method": "S256", "state": "s",
        })  # fmt: skip
        form = {"continue": asked, "user": person.id, "action": "agree"}
        answer = self.web.post(f"{BASE}/login", data=form)
        code = httpx.URL(answer.headers["location"]).params["code"]
        return self.tokens.exchange(code, pair, redirect)

    def speak(self, account_id: str | None = None) -> Client:
        return speak(self.sender, account_id)
