"""The apps and accounts that are known here, and a client for whoever is to ask: what a task or a command is given.

def sync_artist_data(job: SyncArtistData, apps: Apps, …):
    spotify = apps.speak(since=steps.keep("began", {}, apps.clock.now))
    spotify.catalogue.get_artist(…)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

import httpx

from backline.errors import BacklineError, BadInput, NeedsHuman, TryLater, UnknownName
from backline.spotify.catalogue import OWN
from backline.spotify.client import Client, speak
from backline.spotify.faults import Disconnected, Hiccup
from backline.spotify.hosts import Hosts
from backline.spotify.needs import AnswerStore, AppStore, Budget, Clock, StoredAccount, StoredApp, TokenStore
from backline.spotify.probe import probe_profile
from backline.spotify.sender import Sender
from backline.spotify.tokens import App, Tokens

HOUR: Final = 3_600_000_000  # µs
DAY: Final = 24 * HOUR
KNOWN_FOR: Final = 30 * DAY  # µs for which a profile is believed
CONNECT: Final = "`backline connect spotify` makes one known."


@dataclass(frozen=True, slots=True)
class Ground:
    """What all clients of this process stand on. `find_budget`: that of a developer account.

    `market`, `release_groups` and `keep_days` as in the settings of `spotify`.
    """

    web: httpx.Client
    hosts: Hosts
    clock: Clock
    apps: AppStore
    tokens: TokenStore
    answers: AnswerStore
    find_budget: Callable[[str], Budget]
    market: str | None = None
    release_groups: Sequence[str] = OWN
    keep_days: int = 30


class Apps:
    """Given to a task by type. `interactive`: a person waits for this run, so the reserve of the budget may be used."""

    def __init__(self, ground: Ground, *, interactive: bool = False) -> None:
        self._ground = ground
        self.interactive = interactive
        self.clock = ground.clock
        self.hosts = ground.hosts
        self.release_groups = tuple(ground.release_groups)

    def keep_until(self) -> int:
        """When content of the platform that is seen now has to leave, in µs since 1970."""
        return self.clock.now() + self._ground.keep_days * DAY

    def list_apps(self) -> list[StoredApp]:
        """All of them, the default one first."""
        return self._ground.apps.list_apps()

    def list_accounts(self) -> list[StoredAccount]:
        """All accounts of people that are or were connected, the first one first."""
        return self._ground.apps.list_accounts()

    def find(self, name: str | None = None) -> StoredApp:
        """The app of a name or Client ID; None: the default one, or the only one.

        Raises `UnknownName`, `BadInput` where several are meant, `NeedsHuman` where no app is known at all.
        """
        apps = self.list_apps()
        if not apps:
            raise NeedsHuman("No Spotify app is known here.", remedy=CONNECT)
        if name is None:
            found = [app for app in apps if not app.name] or apps
        else:
            found = [app for app in apps if name in (app.client_id, app.name)]
        if not found:
            raise UnknownName(f"No Spotify app {name!r}.", remedy="`backline accounts` shows them.")
        if len(found) > 1:
            names = ", ".join(app.name or app.client_id for app in found)
            raise BadInput(f"There are {len(found)} Spotify apps: {names}.", remedy="Name the one you mean.")
        return found[0]

    def find_account(self, name: str | None = None) -> StoredAccount:
        """The account of a name or id; None: the only one that is connected. Raises as `find` does."""
        accounts = self.list_accounts()
        found = [one for one in accounts if name in (one.account_id, one.name)]
        if name is None:
            found = [one for one in accounts if one.ended_at is None]
        if not found:
            words = "No Spotify account is connected." if name is None else f"No Spotify account {name!r}."
            raise UnknownName(words, remedy="`backline accounts` shows them; `backline connect spotify`.")
        if len(found) > 1:
            names = ", ".join(one.account_id for one in found)
            raise BadInput(f"{len(found)} Spotify accounts are meant: {names}.", remedy="Give the id of one.")
        return found[0]

    def speak(
        self,
        account_id: str | None = None,
        *,
        app: str | None = None,
        interactive: bool | None = None,
        since: int | None = None,
    ) -> Client:
        """A client. `app` None: the account's own; `account_id` None: an app by itself, or whom it finds instead.

        That is an app with a secret, else that of a connected account, which then asks for it. `since`: answers that
        were stored at or after that moment (µs since 1970) are not asked for again. Where the profile of the Client
        ID is not known, or not any more, it is probed first: one or two requests.
        Raises `Disconnected`, `NeedsHuman`, `UnknownName`, and what `probe_profile` raises but what passes.
        """
        chosen, account = self._choose(account_id, app)
        urgent = self.interactive if interactive is None else interactive
        sender = self.open_sender(self._get_to_know(chosen, account))
        return speak(sender, account, interactive=urgent, market=self._ground.market, since=since)

    def probe(self, app: StoredApp, account_id: str | None = None) -> StoredApp:
        """Look which profile a Client ID has and keep it. `account_id` None needs the secret of the app."""
        finding = probe_profile(self.open_sender(replace(app, profile=None)), account_id)
        now = self.clock.now()
        self._ground.apps.note_profile(app.client_id, finding.profile, finding.reasons, now)
        return replace(app, profile=finding.profile, reasons=finding.reasons, probed_at=now, doubted_at=None)

    def open_tokens(self, app: StoredApp) -> Tokens:
        """The tokens of an app: to exchange the code of a sign-in, and to renew."""
        ground = self._ground
        secret = ground.apps.read_secret(app.client_id) if app.has_secret else None
        return Tokens(ground.web, ground.hosts, App(app.client_id, secret), ground.tokens, ground.clock)

    def open_sender(self, app: StoredApp) -> Sender:
        """How an app asks, whoever it is for."""
        ground = self._ground
        return Sender(
            ground.web, ground.hosts, self.open_tokens(app), ground.find_budget(app.developer), ground.answers,
            ground.clock, app.profile, lambda error: self._doubt(app, error),
        )  # fmt: skip

    def _choose(self, account_id: str | None, name: str | None) -> tuple[StoredApp, str | None]:
        accounts = self.list_accounts()
        if account_id is not None:
            found = [one for one in accounts if one.account_id == account_id]
            if not found:
                raise Disconnected("This account is not connected.", remedy="Connect it.")
            return self.find(name or found[0].client_id), account_id
        apps = self.list_apps() if name is None else [self.find(name)]
        for app in apps:
            if app.has_secret:
                return app, None
        known = {app.client_id: app for app in apps}
        for one in accounts:
            if one.ended_at is None and one.client_id in known:
                return known[one.client_id], one.account_id
        raise NeedsHuman("No Spotify app has a secret here, and no account is connected.", remedy=CONNECT)

    def _get_to_know(self, app: StoredApp, account_id: str | None) -> StoredApp:
        """Probe where that is due, one at a time. What passes does not hold up a call: it takes what is known."""
        if self._is_known(app):
            return app
        with suppress(TryLater, Hiccup), self._ground.answers.asking(f"profile of {app.client_id}"):
            app = self.find(app.client_id)
            return app if self._is_known(app) else self.probe(app, account_id)
        return app

    def _is_known(self, app: StoredApp) -> bool:
        if app.profile is None or app.probed_at is None:
            return False
        age = self.clock.now() - app.probed_at
        return age < (HOUR if app.doubted_at is not None else KNOWN_FOR)

    def _doubt(self, app: StoredApp, error: BacklineError) -> BacklineError:
        """An answer that the profile did not foretell: another look may help, unless one was just made."""
        self._ground.apps.doubt(app.client_id, self.clock.now())
        if app.probed_at is None or self.clock.now() - app.probed_at < HOUR:
            return error
        return TryLater(1, f"{error.message} This Client ID may have changed: it is looked at anew.")
