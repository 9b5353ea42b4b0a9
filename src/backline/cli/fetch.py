"""`backline fetch`: statements from mailboxes and SFTP folders, fetched and imported in this process."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from backline.cli.exits import NEEDS_PERSON
from backline.cli.houses import make_screen, open_house
from backline.cli.import_words import show_files
from backline.cli.parameters import Json
from backline.cli.processes import await_stop
from backline.cli.progress import carry_visibly
from backline.cli.screen import Screen
from backline.errors import TryLater
from backline.runtime.submit import Ask
from backline.runtime.task import INTERACTIVE
from backline.storage.runs import find_run
from backline.wiring import House

TASK, IMPORT = "report_fetch.fetch_reports", "report_import.import_reports"
app = typer.Typer(add_completion=False)


@app.command(
    epilog="Places are set as [[mailbox]] and [[sftp]] in the settings file. Nothing there is deleted or changed. "
    "Instead of this command a schedule may look: `backline schedule add fetch_reports --cron '*/15 * * * *'`. "
    "Exit code 0: every place was read and every file is accepted or unchanged; 4: a file or a place needs a look."
)
def fetch(
    places: Annotated[list[str] | None, typer.Argument(help="Only these places.", metavar="[PLACE]…")] = None,
    once: Annotated[bool, typer.Option("--once", help="Look once and end.")] = False,
    every: Annotated[float, typer.Option("--every", min=0.1, help="Minutes between two looks.")] = 15.0,
    json_lines: Json = False,
) -> None:
    """Fetch new statements from mailboxes and SFTP folders, and import them; needs no worker."""
    screen = make_screen(json_lines=json_lines)
    with open_house(tasks=True) as house:
        if once:
            if not look_once(house, screen, places or []):
                raise typer.Exit(NEEDS_PERSON)
            return
        stop = await_stop()
        while not stop.is_set():
            try:
                look_once(house, screen, places or [])
            except TryLater as error:
                screen.note(str(error))
            stop.wait(every * 60)


def look_once(house: House, screen: Screen, places: list[str]) -> bool:
    """One look and the import of what it brought; whether nothing needs a person."""
    spec = house.find_task(TASK)
    settings = house.settings
    # Named, so that a place is asked for which a run waits that only a worker would carry.
    names = places or [place.name for place in (*settings.mailbox, *settings.sftp)]
    job = spec.read_json(json.dumps({"places": names}))
    run_id = house.submit(spec, job, Ask(house.settings.actor, priority=INTERACTIVE))
    answer = carry_visibly(house, screen, run_id)
    show_places(screen, answer)
    files = import_fetched(house, screen, run_id)
    bad = [file for file in files if file["outcome"] not in ("accepted", "unchanged")]
    return not bad and not any(line["error"] or line["refused"] for line in answer["places"])


def import_fetched(house: House, screen: Screen, fetch_id: str) -> list[dict[str, Any]]:
    """Carry the import that the fetch asked for, if it asked for one, and show its files."""
    with house.database.read() as connection:
        run_id = find_run(connection, IMPORT, f"fetched:{fetch_id}")
    if run_id is None:
        return []
    files: list[dict[str, Any]] = carry_visibly(house, screen, run_id)["files"]
    show_files(screen, files)
    return files


def show_places(screen: Screen, answer: dict[str, Any]) -> None:
    """One line per place; then what was refused, with the reason."""
    columns = ["place", "stored", "refused", "left", "error"]
    screen.show_rows(answer["places"], columns, numbers=columns[1:4])
    if not screen.json_lines:
        for file in answer["files"]:
            if file["outcome"] == "refused":
                screen.say(f"  {file['place']}: {file['name'] or file['item']}: {file['reason']}")
