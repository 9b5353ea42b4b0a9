"""A Client ID on its way in: from the options or a person, tried at the accounts service, and kept with its secret."""

from __future__ import annotations

import re
import sys
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from typing import Final

from backline.cli.accounts import describe_app
from backline.cli.houses import write_audit
from backline.cli.screen import Screen
from backline.cli.sign_in import Way, read_line
from backline.errors import BadInput, TryLater
from backline.spotify.faults import Disconnected, WrongApp
from backline.spotify.hosts import open_web
from backline.spotify.needs import Grant, StoredApp
from backline.spotify.tokens import App, Tokens, make_pair
from backline.storage.spotify_accounts import keep_app, keep_secret
from backline.wiring import House

DASHBOARD: Final = "https://developer.spotify.com/dashboard"
FORM: Final = re.compile(r"[0-9a-f]{32}")
PLACES: Final = ("env:", "file:", "vault:")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the options say of a Client ID; None: as it is. `secret`: where it is, or `-` for whoever is here."""

    client_id: str | None = None
    name: str | None = None
    developer: str | None = None
    secret: str | None = None


class _NoStore:
    """Keeps no token: for a look at what is not kept yet."""

    def read(self, account_id: str) -> Grant | None:  # noqa: ARG002 - the shape of `TokenStore`
        return None

    def lock(self, account_id: str) -> AbstractContextManager[object]:  # noqa: ARG002 - the shape of `TokenStore`
        return nullcontext()

    def write(self, grant: Grant) -> None:
        pass


def prepare_app(house: House, screen: Screen, wanted: Wanted, way: Way) -> StoredApp:
    """The app that is meant, kept with what is new of it. What the accounts service does not know is not kept."""
    before = _find_known(house, wanted)
    client_id = before.client_id if before else _read_client_id(screen, wanted, way)
    value = None if wanted.secret is None else _read_secret(house, screen, wanted.secret)
    app = before or StoredApp(client_id)
    app = replace(
        app,
        name=app.name if wanted.name is None else wanted.name.strip(),
        developer=(wanted.developer or "").strip() or app.developer,
        has_secret=app.has_secret or value is not None,
    )
    if before is None or value is not None:
        ask_whether_known(house, client_id, value)
    if app != before or value is not None:
        _keep(house, before, app, value)
    return app


def ask_whether_known(house: House, client_id: str, value: str | None) -> None:
    """Ask the accounts service before anybody is sent there: with a wrong Client ID they would never come back.

    Raises `WrongApp`. Costs no quota, and keeps nothing.
    """
    apps = house.apps
    with open_web() as web:
        tokens = Tokens(web, apps.hosts, App(client_id, value), _NoStore(), apps.clock)
        try:
            # A code that never was is refused as such, unless the app is not known in the first place.
            with suppress(Disconnected, BadInput, TryLater):
                tokens.exchange("none", make_pair(), Way().registered)
            if value is not None:
                tokens.give(None)
        except WrongApp as error:
            raise WrongApp(
                error.message,
                remedy=f"Compare Client ID and secret with the app's settings at {DASHBOARD}. Nothing was kept.",
            ) from None


def _find_known(house: House, wanted: Wanted) -> StoredApp | None:
    """What is known here already. Raises `UnknownName` for a name that no app has, `BadInput` where several are meant."""
    if wanted.client_id is not None:
        given = wanted.client_id.strip()
        return next((one for one in house.apps.list_apps() if one.client_id == given), None)
    return house.apps.find(wanted.name) if house.apps.list_apps() else None


def _read_client_id(screen: Screen, wanted: Wanted, way: Way) -> str:
    """A new one, of the option or of whoever is at the terminal. Raises `BadInput` where it cannot be one."""
    given = wanted.client_id
    if given is None and not sys.stdin.isatty():
        raise BadInput(
            "No Client ID is known here.", remedy=f"Make one at {DASHBOARD} and name it with --client-id."
        )
    if given is None:
        screen.note(screen.label("connect_how", redirect=way.registered))
        given = read_line(screen.label("ask_client_id"))
    if not FORM.fullmatch(given.strip()):
        raise BadInput(
            f"{given!r} is no Client ID: that has 32 letters and digits (0-9, a-f).",
            remedy=f"The app's settings at {DASHBOARD} show it.",
        )
    return given.strip()


def _read_secret(house: House, screen: Screen, where: str) -> str:
    """The secret from where it is. It is never taken from the command line, where others could read it."""
    if where == "-":
        value = read_line(screen.label("ask_client_secret"), hide=True)
        house.secrets.learn(value)
        return value
    if not where.startswith(PLACES):
        raise BadInput(
            "--secret says where the secret is, and is not the secret itself.",
            remedy="It takes - (then it is asked for), env:NAME, file:PATH or vault:NAME.",
        )
    return house.find_secret(where)


def _keep(house: House, before: StoredApp | None, app: StoredApp, value: str | None) -> None:
    if value is not None:
        house.vault.source.read()  # a keyring may wait for its owner: not while others wait for this
    database, who = house.database, house.settings.actor
    was = None if before is None else describe_app(before)
    with database.write() as connection:
        keep_app(connection, database.now_sql, app.client_id, name=app.name, developer=app.developer, who=who)
        if value is not None:
            keep_secret(connection, house.vault, app.client_id, value, who)
        place = f"spotify_app:{app.client_id}"
        write_audit(house, connection, "spotify.app", place, before=was, after=describe_app(app))
