"""What `Apps` stands on where only people are asked for: an hour that stays, and accounts."""

from __future__ import annotations

from dataclasses import dataclass, field

from backline.spotify.hosts import Hosts
from backline.spotify.needs import StoredAccount


@dataclass
class Hour:
    """A clock that stands still."""

    at: int

    def now(self) -> int:
        return self.at


@dataclass
class Ground:
    """The part of `apps.Ground` that is looked at."""

    clock: Hour
    accounts: list[StoredAccount]
    hosts: Hosts = field(default_factory=Hosts)
    release_groups: tuple[str, ...] = ()

    @property
    def apps(self) -> Ground:
        return self

    def list_accounts(self) -> list[StoredAccount]:
        return self.accounts
