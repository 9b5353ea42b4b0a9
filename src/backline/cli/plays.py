"""`backline plays`: what the person of a connected account played, and where plays may be missing."""

from __future__ import annotations

from typing import Annotated

import typer

from backline.cli.houses import make_screen, open_house
from backline.cli.parameters import Json
from backline.cli.playlists import FIRST, Account
from backline.storage.account_read import list_gaps, list_plays
from backline.web.descriptions import show_micros

app = typer.Typer()


@app.command()
def plays(
    account: Account,
    everything: Annotated[
        bool, typer.Option("--all", help=f"All that are kept, not only the latest {FIRST}.")
    ] = False,
    json_lines: Json = False,
) -> None:
    """Show what the person of a connected account played lately, the latest first, and where plays may be missing."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house:
        account_id = house.apps.find_account(account).account_id
        with house.database.read(snapshot=True) as connection:
            rows = list_plays(connection, account_id, None if everything else FIRST)
            gaps = list_gaps(connection, account_id)
    told = [
        {
            "kind": "play",
            "played_at": show_micros(row["played_at"]),
            "title": row["title"],
            "credits": row["credits"],
            "uri": row["uri"],
            "isrc": row["isrc"],
            "context": row["context"],
        }
        for row in rows
    ]
    screen.show_rows(told, ["played_at", "title", "credits", "uri"], empty=screen.label("no_plays"))
    for gap in gaps:
        after, before = show_micros(gap["after"]), show_micros(gap["before"])
        if json_lines:
            screen.dump({"kind": "gap", "after": after, "before": before})
        else:
            screen.note(screen.label("gap_in_plays", after=after, before=before))
