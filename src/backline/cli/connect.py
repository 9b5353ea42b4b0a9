"""`backline connect`: a Client ID becomes known, a person agrees, and their account is kept with its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer

from backline.cli.accounts import describe_account, describe_app, name_app, name_object
from backline.cli.client_ids import Wanted, prepare_app
from backline.cli.houses import make_screen, open_house, ring_for, write_audit
from backline.cli.parameters import Json
from backline.cli.reminders import end_reminders, plan_reminders
from backline.cli.screen import Screen
from backline.cli.sign_in import Way, ask_consent, choose_way
from backline.errors import BacklineError, BadInput, TryLater, UnknownName
from backline.moments import show_moment
from backline.spotify.client import connect_account
from backline.spotify.needs import Grant, StoredAccount, StoredApp
from backline.spotify.routes import ME
from backline.spotify.tokens import SCOPES, App, name_scopes, reconnect_by
from backline.storage.limits import DatabaseLimits, LimitKey
from backline.storage.spotify_accounts import name_account
from backline.wiring import House

app = typer.Typer()
SPOTIFY: Final = "spotify"
SHOWN: Final = ("account", "app", "purposes", "state", "connected_at", "reconnect_by", "developer", "profile")
USUAL: Final = "playlists,plays,library,follows"
Platform = Annotated[str, typer.Argument(help="Which platform; there is one so far: spotify.")]


@app.command(
    epilog="The guide docs/en/spotify.md goes step by step: how a Client ID is made, and what it may do. "
    "Exit code 3: the person said no; 4: a person must do something, which the message names."
)
def connect(
    platform: Platform,
    client_id: Annotated[
        str | None, typer.Option("--client-id", help="Of your own app; needed once.", metavar="ID")
    ] = None,
    secret: Annotated[
        str | None,
        typer.Option(
            "--secret", help="Where the app's secret is: - (asks), env:NAME, file:PATH, vault:NAME."
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="A name for the Client ID, where you have several.")
    ] = None,
    developer: Annotated[
        str | None, typer.Option("--developer", help="Its developer account, where you have several.")
    ] = None,
    purposes: Annotated[
        str, typer.Option("--for", help=f"What the person is to agree to, of {', '.join(SCOPES)}.")
    ] = USUAL,
    port: Annotated[
        int,
        typer.Option("--port", min=0, max=65535, help="Of the redirect URI, where that has one; 0: any."),
    ] = 0,
    paste: Annotated[
        bool, typer.Option("--paste", help="No listener: paste the address at which the browser ended.")
    ] = False,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Listen, but open no browser: only print the address.")
    ] = False,
    app_only: Annotated[
        bool, typer.Option("--app-only", help="Only the Client ID with its secret; nobody signs in.")
    ] = False,
    json_lines: Json = False,
) -> None:
    """Connect an account of a platform. Its owner agrees in a browser, here or elsewhere."""
    check_platform(platform)
    scopes = read_purposes(purposes)
    way = choose_way(port=port, paste=paste, browser=not no_browser)
    screen = make_screen(json_lines=json_lines)
    with open_house(tasks=True) as house:
        found = prepare_app(house, screen, Wanted(client_id, name, developer, secret), way)
        facts = show_app(house, found) if app_only else connect_person(house, screen, found, scopes, way)
    screen.show_facts(facts if json_lines else {name: facts[name] for name in SHOWN if facts.get(name)})


def check_platform(platform: str) -> None:
    """Raises `UnknownName` for any but the one that there is."""
    if platform.casefold() != SPOTIFY:
        raise UnknownName(
            f"No platform {platform!r} can be connected.", remedy="There is one so far: spotify."
        )


def read_purposes(text: str) -> tuple[str, ...]:
    """The scopes of `--for`. Raises `BadInput` for a purpose that there is not."""
    purposes = [word.strip() for word in text.split(",") if word.strip()]
    unknown = [word for word in purposes if word not in SCOPES]
    if unknown or not purposes:
        words = f"--for does not know {', '.join(unknown)}." if unknown else "--for names nothing."
        raise BadInput(words, remedy=f"It takes {', '.join(SCOPES)}, with commas between.")
    return name_scopes(purposes)


def show_app(house: House, found: StoredApp) -> dict[str, Any]:
    """An app as JSON, once it is known what it may do. Raises `BadInput` where it has no secret."""
    if not found.has_secret:
        raise BadInput("What an app reads by itself needs its secret.", remedy="Say where it is: --secret -.")
    house.apps.speak(app=found.client_id, interactive=True)
    return describe_app(house.apps.find(found.client_id))


def connect_person(
    house: House, screen: Screen, found: StoredApp, scopes: Sequence[str], way: Way
) -> dict[str, Any]:
    """Let somebody agree, keep it, and find out what the Client ID may do; the account as JSON.

    Raises `Declined`, `NotListed`, `PremiumLapsed` and the like: then nothing of the person is kept.
    """
    apps = house.apps
    refuse_pause(house, found.developer)
    consent = ask_consent(screen, apps.hosts, App(found.client_id), scopes, way)
    sender, tokens = apps.open_sender(found), apps.open_tokens(found)
    grant, me = connect_account(sender, tokens, consent.code, consent.pair, consent.redirect)
    account = _note_consent(house, grant, me.display_name or me.id)
    profile = _look_at_profile(house, screen, account)
    facts = describe_account(account, {found.client_id: name_app(found)}, apps.clock.now())
    return facts | {"profile": profile}


def refuse_pause(house: House, developer: str) -> None:
    """Raise `TryLater` where the platform asked for patience: connecting asks it, and a consent would be in vain."""
    limits = DatabaseLimits(house.database)
    keys = [LimitKey(SPOTIFY, developer), LimitKey(SPOTIFY, f"{developer}/{ME.family}")]
    wait = max(limits.find_block(key) for key in keys)
    if wait:
        until = show_moment(house.apps.clock.now() + wait)
        raise TryLater(
            wait / 1_000_000,
            f"Spotify asked to be left alone until {until}; nobody can connect before.",
            remedy="`backline limits show` says what is paused.",
        )


def _note_consent(house: House, grant: Grant, name: str) -> StoredAccount:
    """The name of the account, the reminders of its end, and the audit row."""
    account = StoredAccount(
        grant.account_id, grant.client_id, name, grant.scopes, grant.expires_at, grant.authorized_at
    )
    ends_at = reconnect_by(grant.authorized_at)
    facts = describe_account(account, {}, grant.authorized_at)
    with house.database.write() as connection:
        name_account(connection, account.account_id, name)
        ended = end_reminders(house, connection, account.account_id, "Connected again.")
        plan_reminders(house, connection, account.account_id, grant.authorized_at, ends_at)
        told = {"purposes": facts["purposes"], "reconnect_by": facts["reconnect_by"]}
        write_audit(house, connection, "spotify.connect", name_object(account), after=facts, **told)
    for decided in ended:
        ring_for(decided)
    return account


def _look_at_profile(house: House, screen: Screen, account: StoredAccount) -> str | None:
    """What the Client ID may do, asked for where it is not known. The account is connected, whatever comes of it."""
    try:
        house.apps.speak(account.account_id, interactive=True)
    except BacklineError as error:
        screen.note(screen.label("connect_unknown_profile", why=error))
    profile = house.apps.find(account.client_id).profile
    return None if profile is None else str(profile)
