"""`backline accounts`: which accounts and Client IDs are connected, what for, and until when."""

from __future__ import annotations

from typing import Any, Final

import typer

from backline.cli.houses import make_screen, open_house
from backline.cli.parameters import Json
from backline.runtime.audit import digest
from backline.spotify.needs import StoredAccount, StoredApp
from backline.spotify.tokens import SCOPES, reconnect_by
from backline.web.descriptions import show_micros

app = typer.Typer()
SOON: Final = 30 * 86_400_000_000  # µs before its end from which a consent should be given anew
ACCOUNTS: Final = ["account", "app", "purposes", "connected_at", "reconnect_by", "state"]
APPS: Final = ["app", "client_id", "developer", "secret", "profile", "probed_at", "state"]


@app.command()
def accounts(json_lines: Json = False) -> None:
    """List the connected accounts, and until when each lasts. Then the Client IDs, and what each may do."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house:
        apps, people = house.apps.list_apps(), house.apps.list_accounts()
        now = house.apps.clock.now()
    names = {one.client_id: name_app(one) for one in apps}
    rows = [describe_account(one, names, now) for one in people]
    screen.show_rows(rows, ACCOUNTS, empty=screen.label("no_accounts"))
    if apps:
        screen.say()
        screen.show_rows([describe_app(one) for one in apps], APPS)


def name_app(one: StoredApp) -> str:
    """As a person calls it; the default one by its Client ID."""
    return one.name or one.client_id


def describe_account(one: StoredAccount, names: dict[str, str], now: int) -> dict[str, Any]:
    """An account as JSON. `state`: connected, ends soon (within 30 days) or ended; `names` of apps by Client ID."""
    return {
        "kind": "account",
        "platform": "spotify",
        "account": one.name or one.account_id,
        "account_id": one.account_id,
        "app": names.get(one.client_id, one.client_id),
        "client_id": one.client_id,
        "purposes": name_purposes(one.scopes),
        "scopes": sorted(one.scopes),
        "connected_at": show_micros(one.authorized_at),
        "reconnect_by": show_micros(reconnect_by(one.authorized_at)),
        "ended_at": show_micros(one.ended_at),
        "object": name_object(one),
        "state": judge_consent(one, now),
    }


def describe_app(one: StoredApp) -> dict[str, Any]:
    """A Client ID as JSON; never its secret. `state`: known, doubted (looked at anew at its next use) or new."""
    return {
        "kind": "app",
        "platform": "spotify",
        "app": name_app(one),
        "client_id": one.client_id,
        "developer": one.developer,
        "secret": one.has_secret,
        "profile": None if one.profile is None else str(one.profile),
        "reasons": list(one.reasons),
        "probed_at": show_micros(one.probed_at),
        "state": "new" if one.profile is None else "known" if one.doubted_at is None else "doubted",
    }


def judge_consent(one: StoredAccount, now: int) -> str:
    """`connected`, `ends soon` or `ended`."""
    left = reconnect_by(one.authorized_at) - now
    if one.ended_at is not None or left <= 0:
        return "ended"
    return "ends soon" if left <= SOON else "connected"


def name_purposes(scopes: frozenset[str]) -> str:
    """What a consent is good for, in the words of `--for`."""
    found = [purpose for purpose, needed in SCOPES.items() if scopes.issuperset(needed)]
    return ",".join(found) or "none"


def name_object(one: StoredAccount) -> str:
    """How the audit calls an account: by a digest, since it outlives the connection and keeps nothing of a person."""
    return f"spotify_account:{(digest(one.account_id) or '')[:16]}"
