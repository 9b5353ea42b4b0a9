"""`backline disconnect`: an account or a Client ID leaves, with everything that was read through it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Annotated, Any, Final

import typer
from sqlalchemy import Connection

from backline.cli.accounts import describe_account, describe_app, name_app, name_object
from backline.cli.connect import Platform, check_platform
from backline.cli.houses import make_screen, open_house, ring_for, write_audit
from backline.cli.parameters import Json
from backline.cli.reminders import end_reminders
from backline.errors import BadInput
from backline.music import Provenance
from backline.runtime.decisions import Decided
from backline.spotify.needs import StoredAccount, StoredApp
from backline.spotify.tokens import App
from backline.storage.account_expire import purge_account
from backline.storage.catalogue_expire import purge_provenance
from backline.storage.spotify_accounts import count_live, forget_account, forget_app
from backline.wiring import House

app = typer.Typer()
WHY: Final = "Disconnected."
Purged = Counter[str]


@app.command()
def disconnect(
    platform: Platform,
    account: Annotated[
        str | None, typer.Argument(help="The account's name or id, as `backline accounts` shows it.")
    ] = None,
    app_name: Annotated[
        str | None,
        typer.Option("--app", help="A Client ID or its name, with all its accounts.", metavar="ID"),
    ] = None,
    json_lines: Json = False,
) -> None:
    """End a connection, and let everything leave that came through it. Tokens, stored answers and content go at once.

    What only the platform said of artists, releases and tracks leaves with the last account and secret that could
    ask for it again. What you imported or entered stays. The audit keeps digests.
    """
    check_platform(platform)
    if (account is None) == (app_name is None):
        raise BadInput("Either an account or --app is to be named.", remedy="`backline accounts` shows both.")
    screen = make_screen(json_lines=json_lines)
    with open_house(tasks=True) as house:
        if account is not None:
            facts, purged, ended = leave_account(house, house.apps.find_account(account))
        else:
            facts, purged, ended = leave_app(house, house.apps.find(app_name))
    for decided in ended:
        ring_for(decided)
    if json_lines:
        screen.dump({**facts, "purged": dict(purged)})
        return
    rows = [{"purged": what.replace("_", " "), "count": count} for what, count in purged.items()]
    screen.show_rows(rows, ["purged", "count"], numbers=["count"])
    for note in ("disconnect_elsewhere", "disconnect_backups"):
        screen.note(screen.label(note))


def leave_account(house: House, one: StoredAccount) -> tuple[dict[str, Any], Purged, list[Decided]]:
    """Let an account leave in one transaction: what it was as JSON, what left, and the reminders that ended."""
    before = describe_account(one, {}, house.apps.clock.now())
    with _hold_tokens(house, [one.account_id]), house.database.write() as connection:
        purged = Purged(forget_account(connection, one.account_id))
        ended = _leave_person(house, connection, one, purged)
        _purge_orphans(connection, purged)
        place = name_object(one)
        write_audit(house, connection, "spotify.disconnect", place, before=before, purged=tell_counts(purged))
    return {"account": before["account"], "account_id": one.account_id}, purged, ended


def leave_app(house: House, one: StoredApp) -> tuple[dict[str, Any], Purged, list[Decided]]:
    """Let a Client ID leave with all its accounts, in one transaction; as `leave_account`."""
    people = [person for person in house.apps.list_accounts() if person.client_id == one.client_id]
    ids = [*(person.account_id for person in people), App(one.client_id).account_id]
    with _hold_tokens(house, ids), house.database.write() as connection:
        purged = Purged(forget_app(connection, one.client_id))
        ended = [end for person in people for end in _leave_person(house, connection, person, purged)]
        _purge_orphans(connection, purged)
        place, names = f"spotify_app:{one.client_id}", [name_object(person) for person in people]
        told: dict[str, Any] = {"accounts": names, "purged": tell_counts(purged)}
        write_audit(house, connection, "spotify.disconnect", place, before=describe_app(one), **told)
    return {"app": name_app(one), "client_id": one.client_id}, purged, ended


@contextmanager
def _hold_tokens(house: House, account_ids: Iterable[str]) -> Iterator[None]:
    """Nobody renews a token meanwhile: it would be kept again after it had left. Raises `TryLater` while one does."""
    with ExitStack() as stack:
        for account_id in sorted(account_ids):
            stack.enter_context(house.spotify.tokens.lock(account_id))
        yield


def tell_counts(purged: Purged) -> str:
    """For the audit: as words, since a number beside the word token is struck out there."""
    return ", ".join(f"{count} {what}" for what, count in purged.items() if count)


def _leave_person(house: House, connection: Connection, one: StoredAccount, purged: Purged) -> list[Decided]:
    """What was read of a person, and what waits to remind them."""
    for table, count in purge_account(connection, one.account_id).items():
        purged[table.removeprefix("backline_")] += count
    return end_reminders(house, connection, one.account_id, WHY)


def _purge_orphans(connection: Connection, purged: Purged) -> None:
    """What the platform said of the catalogue, once nobody is left who could ask for it again."""
    if count_live(connection) == 0:
        purged.update(purge_provenance(connection, Provenance.SPOTIFY_API))
