"""`backline playlists`: those of a connected account, their rows as they are or were, and how they changed."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from backline.cli.houses import make_screen, open_house
from backline.cli.parameters import Json
from backline.storage.account_read import find_list, list_changes, list_states, read_lists, read_slots
from backline.storage.account_rows import KnownList, show_slot
from backline.web.descriptions import show_micros

app = typer.Typer(
    help="Show the playlists of a connected account, their rows and how they changed.", no_args_is_help=True
)
FIRST = 50
Account = Annotated[
    str, typer.Argument(help="The account's name or id, as `backline accounts` shows it.", metavar="ACCOUNT")
]
Playlist = Annotated[
    str, typer.Argument(help="The playlist's id, address or unambiguous name.", metavar="PLAYLIST")
]
HISTORY = ["moment", "thing", "title", "field", "before", "after"]


@app.command("list")
def list_all(account: Account, json_lines: Json = False) -> None:
    """List the playlists in their order, those that the account does not have any more last."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house:
        account_id = house.apps.find_account(account).account_id
        with house.database.read() as connection:
            rows = [describe_list(one) for one in read_lists(connection, account_id).values()]
    columns = ["name", "playlist", "owner", "rows", "seen_at", "gone_at"]
    screen.show_rows(rows, columns, empty=screen.label("no_playlists", account=account), numbers=["rows"])


@app.command()
def show(
    account: Account,
    playlist: Playlist,
    state: Annotated[
        int | None, typer.Option("--state", help="As an earlier state had them; `states` lists them.")
    ] = None,
    json_lines: Json = False,
) -> None:
    """Show the rows of a playlist with their positions, also those that are gone, local files and episodes."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house:
        account_id = house.apps.find_account(account).account_id
        with house.database.read(snapshot=True) as connection:
            known = find_list(connection, account_id, playlist)
            slots = read_slots(connection, known.no, state)
    rows = [show_row(show_slot(slot, position)) for position, slot in enumerate(slots or [])]
    columns = ["position", "title", "credits", "kind", "added_at", "uri"]
    word = "no_rows_yet" if slots is None else "no_rows"
    screen.show_rows(rows, columns, empty=screen.label(word, name=known.head.name), numbers=["position"])


@app.command()
def states(account: Account, playlist: Playlist, json_lines: Json = False) -> None:
    """List the states that a playlist was seen in, the latest first."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house:
        account_id = house.apps.find_account(account).account_id
        with house.database.read(snapshot=True) as connection:
            known = find_list(connection, account_id, playlist)
            found = list_states(connection, known.no)
    rows = [
        {
            "state": row["state"],
            "seen_at": show_micros(row["seen_at"]),
            "rows": row["total"],
            "expires_at": show_micros(row["expires_at"]),
            "run": row["run_id"],
        }
        for row in found
    ]
    columns = ["state", "seen_at", "rows", "expires_at", "run"]
    empty = screen.label("no_rows_yet", name=known.head.name)
    screen.show_rows(rows, columns, empty=empty, numbers=["state", "rows"])


@app.command()
def history(
    account: Account,
    playlist: Annotated[
        str | None,
        typer.Argument(
            help="The playlist's id, address or name; without it, of the whole account.", metavar="[PLAYLIST]"
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help=f"All of it, not only the latest {FIRST}.")
    ] = False,
    json_lines: Json = False,
) -> None:
    """Show how a playlist changed, or the account with what it keeps and follows; the latest first."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house:
        account_id = house.apps.find_account(account).account_id
        with house.database.read(snapshot=True) as connection:
            one = None if playlist is None else find_list(connection, account_id, playlist)
            thing, ident = (None, None) if one is None else ("playlist", one.head.playlist_id)
            rows = list_changes(connection, account_id, thing, ident, None if everything else FIRST)
    screen.show_rows([describe_change(row) for row in rows], HISTORY, empty=screen.label("no_changes"))


def describe_list(one: KnownList) -> dict[str, Any]:
    """A playlist as JSON. `read`: its rows are known."""
    head = one.head
    return {
        "name": head.name,
        "playlist": head.playlist_id,
        "owner": head.owner_name or head.owner_id,
        "rows": head.total,
        "ours": head.is_ours,
        "public": head.public,
        "collaborative": head.collaborative,
        "description": head.description,
        "read": one.snapshot is not None,
        "seen_at": show_micros(one.seen_at),
        "gone_at": show_micros(one.gone_at),
    }


def show_row(row: dict[str, Any]) -> dict[str, Any]:
    """A row of a playlist as JSON, with its moment in words."""
    return row | {"added_at": show_micros(row["added_at"])}


def describe_change(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the history as JSON; what came or went is told by the moment when that was seen."""
    is_listed = row["field"] == "listed"
    old, new = ((_show_moment(row[side]) if is_listed else row[side]) for side in ("old", "new"))
    return {
        "moment": show_micros(row["seen_at"]),
        "thing": row["thing"],
        "thing_id": row["thing_id"],
        "title": row["title"],
        "field": row["field"],
        "before": old,
        "after": new,
        "uri": row["uri"],
        "run": row["run_id"],
    }


def _show_moment(text: str | None) -> str | None:
    return None if text is None else show_micros(int(text))
