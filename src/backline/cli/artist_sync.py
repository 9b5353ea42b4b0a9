"""`backline artist sync`: ask Spotify about an artist in this process, and say what came of it."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any

import typer

from backline.cli.answer_words import show_answer
from backline.cli.houses import make_screen, open_house
from backline.cli.parameters import Json, complete_artist
from backline.cli.progress import carry_visibly
from backline.cli.screen import Screen
from backline.errors import TryLater
from backline.runtime.pause import pause
from backline.runtime.submit import Ask
from backline.runtime.task import INTERACTIVE
from backline.storage.catalogue_links import find_by_platform
from backline.storage.catalogue_read import read_history, read_things
from backline.storage.runs import read_run
from backline.wiring import House

TASK = "data_sync.sync_artist_data"
PATIENCE = 90.0  # seconds that a run may be put off altogether while somebody waits here
MOST = 40  # changes that are shown


def sync(
    artist: Annotated[
        str,
        typer.Argument(
            help="The artist's id or name, or an id, URI or address of Spotify.",
            metavar="ARTIST",
            autocompletion=complete_artist,
        ),
    ],
    full: Annotated[bool, typer.Option("--full", help="Read everything anew, not only what is new.")] = False,
    json_lines: Json = False,
) -> None:
    """Bring over releases and tracks of an artist from Spotify; needs no worker."""
    screen = make_screen(json_lines=json_lines)
    with open_house(tasks=True) as house:
        job = house.find_task(TASK).read_json(json.dumps({"artist_id": artist, "full_sync": full}))
        run_id = house.submit(house.find_task(TASK), job, Ask(house.settings.actor, priority=INTERACTIVE))
        answer = carry_patiently(house, screen, run_id)
        changes = list_changes(house, answer["artist"]["platform_id"], run_id)
    if screen.json_lines:
        screen.dump({**answer, "changes": changes})
        return
    show_answer(screen, answer)
    if changes:
        screen.say()
        screen.show_rows(changes[:MOST], ["thing", "title", "field", "before", "after"])
    if len(changes) > MOST:
        screen.note(screen.label("more_items", count=screen.number(str(len(changes) - MOST))))


def carry_patiently(house: House, screen: Screen, run_id: str) -> dict[str, Any]:
    """Carry the run here, also after short pauses. Raises what went wrong, `TryLater` for a long pause."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return carry_visibly(house, screen, run_id)
        except TryLater:
            with house.database.read() as connection:
                row, now = read_run(connection, run_id), house.database.now(connection)
            wait = max(0.1, (row.due_at - now) / 1_000_000)
            if time.monotonic() + wait > until:
                raise
            pause(wait)
            house.redriver.sweep()


def list_changes(house: House, platform_id: str, run_id: str) -> list[dict[str, Any]]:
    """What this run noted as history, in words that the catalogue keeps only as long as it may."""
    with house.database.read(snapshot=True) as connection:
        artist = find_by_platform(connection, "spotify", platform_id)
        rows = read_history(connection, artist.no, limit=1000) if artist else []
        mine = [row for row in reversed(rows) if row.run_id == run_id]
        titles: dict[tuple[str, int], Any] = {}
        for kind in {row.kind for row in mine}:
            things = read_things(connection, kind, [row.thing_no for row in mine if row.kind == kind])
            titles |= {(kind, one.no): fact.value for one in things if (fact := one.tell("title"))}
    return [
        {
            "thing": row.kind, "title": titles.get((row.kind, row.thing_no)), "source_id": row.source_id,
            "field": row.field, "before": row.old, "after": row.new,
        }
        for row in mine
    ]  # fmt: skip
