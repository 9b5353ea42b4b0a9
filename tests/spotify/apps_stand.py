"""`Apps` over a sandbox in the same process, with stores in memory: what a task that asks the Web API is tested with.

room = AppsRoom()                       # an app with a secret, its profile known, nobody connected
account = room.connect()                # a person who agreed
client = room.apps.speak(account)       # a client; `room.list_asked("/v1/")` says what it asked
room.advance(60)                        # the sandbox's clock stands still: a later sync begins later
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from backline.sandbox.growth import Counts
from backline.sandbox.world import Person
from backline.spotify.apps import Apps, Ground
from backline.spotify.catalogue import OWN
from backline.spotify.needs import StoredAccount, StoredApp
from backline.spotify.routes import Profile
from tests.sandbox.guest import SCOPES, SMALL
from tests.sandbox.transport import SandboxTransport
from tests.spotify.stand_ins import PROFILES, MemoryTokens, Room


class MemoryApps:
    """Apps and secrets by Client ID; accounts are those of the grants."""

    def __init__(self, tokens: MemoryTokens) -> None:
        self._tokens = tokens
        self.apps: dict[str, StoredApp] = {}
        self.secrets: dict[str, str] = {}
        self.names: dict[str, str] = {}  # of accounts

    def list_apps(self) -> list[StoredApp]:
        return sorted(self.apps.values(), key=lambda app: app.name != "")

    def list_accounts(self) -> list[StoredAccount]:
        return [
            StoredAccount(
                one.account_id, one.client_id, self.names.get(one.account_id, ""), one.scopes, one.expires_at,
                one.authorized_at, one.ended_at,
            )
            for one in self._tokens.grants.values() if not one.account_id.startswith("app:")
        ]  # fmt: skip

    def read_secret(self, client_id: str) -> str:
        return self.secrets[client_id]

    def note_profile(self, client_id: str, profile: Profile, reasons: tuple[str, ...], now: int) -> None:
        found = replace(self.apps[client_id], profile=profile, reasons=reasons, probed_at=now)
        self.apps[client_id] = replace(found, doubted_at=None)

    def doubt(self, client_id: str, now: int) -> None:
        self.apps[client_id] = replace(self.apps[client_id], doubted_at=now)


class AppsRoom(Room):
    """A room whose `apps` are what a task is given. `known` False: nobody has probed the Client ID yet."""

    def __init__(
        self, profile: str = "dev-2026", transport: Any = SandboxTransport, known: bool = True, quick: bool = True,
        *, has_secret: bool = True, market: str | None = None, release_groups: Sequence[str] = OWN,
        keep_days: int = 30, counts: Counts = SMALL,
    ) -> None:  # fmt: skip
        super().__init__(profile, transport, known, quick, counts)
        self.shelf = MemoryApps(self.store)
        found = PROFILES.get(profile) if known else None
        app = StoredApp(
            self.client.client_id,
            has_secret=has_secret,
            profile=found,
            probed_at=self.clock.now() if found else None,
        )
        self.shelf.apps[app.client_id] = app
        self.shelf.secrets[app.client_id] = self.client.secret
        self.ground = Ground(
            self.web, self.hosts, self.clock, self.shelf, self.store, self.answers, lambda _: self.budget,
            market, release_groups, keep_days,
        )  # fmt: skip
        self.apps = Apps(self.ground)

    def connect(self, person: Person | None = None, scope: str = SCOPES, name: str = "") -> str:
        """The account of a person who agreed."""
        account_id = self.sign_in(person, scope)
        self.shelf.names[account_id] = name
        return account_id

    def advance(self, seconds: float) -> None:
        """Let time pass in the sandbox, and so for everybody here."""
        self.stage.clock.advance(seconds)
