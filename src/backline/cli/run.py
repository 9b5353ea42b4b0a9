"""`backline run`: ask for a run of a task, and wait for it or carry it here."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any

import typer

from backline.cli.answer_words import show_answer
from backline.cli.carry import carry_on
from backline.cli.exits import NOT_YET
from backline.cli.houses import make_screen, open_house, open_ringing_house
from backline.cli.jobs import ArtistOption, SetOption, read_job
from backline.cli.parameters import Json, TaskName
from backline.cli.run_words import explain_end
from backline.cli.screen import Screen
from backline.errors import BadInput
from backline.runtime.pause import pause
from backline.runtime.submit import Ask
from backline.runtime.task import INTERACTIVE
from backline.storage.database import Database
from backline.storage.run_tables import ENDED_STATES
from backline.storage.runs import RunRow, has_working_neighbour, read_state
from backline.web.descriptions import read_tree

app = typer.Typer()
PATIENCE = 5.0  # seconds until a run that nobody takes is worth a word
NOBODY = 60.0  # seconds until nobody is expected any more


@app.command()
def run(
    task: TaskName,
    artist: ArtistOption = None,
    settings: SetOption = None,
    key: Annotated[str | None, typer.Option("--key", help="The same key again gives the same run.")] = None,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait for the end and show the answer.")
    ] = False,
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout",
            min=0,
            metavar="SECONDS",
            help="How long to --wait; else until no worker takes it for 60 s.",
        ),
    ] = None,
    here: Annotated[bool, typer.Option("--here", help="Carry it in this process; needs no worker.")] = False,
    json_lines: Json = False,
) -> None:
    """Ask for a run of a task."""
    screen = make_screen(json_lines=json_lines)
    if timeout is not None and (here or not wait):
        raise BadInput(
            "--timeout says how long to wait for a worker.", remedy="Use it with --wait, without --here."
        )
    with open_house(tasks=True) if here else open_ringing_house() as house:
        spec = house.find_task(task)
        job = read_job(house, spec, artist, settings or ())
        run_id = house.submit(spec, job, Ask(house.settings.actor, key=key, priority=INTERACTIVE))
        if here:
            carry_on(house, screen, run_id)
        elif wait:
            row = await_run(house.database, screen, run_id, timeout=timeout)
            if row.state not in ENDED_STATES:
                show_end(screen, house.database, run_id, complete=False)
                raise typer.Exit(NOT_YET)
        show_end(screen, house.database, run_id, complete=here or wait)


def await_run(
    database: Database, screen: Screen, run_id: str, *, timeout: float | None = None, nobody: float = NOBODY
) -> RunRow:
    """Look at the row until the run has ended; state changes and progress are told on stderr.

    Gives up after `timeout` seconds; without one, where the run lay in its queue for `nobody` seconds while no
    worker had any run of that queue. The row says where it stands then; the run stays as it is.
    """
    began = idle_since = time.monotonic()
    told, warned = "", False
    while True:
        with database.read() as connection:
            row = read_state(connection, run_id)
        assert row is not None
        words = _describe(row)
        if words != told:
            screen.note(words)
            told = words
        if row.state in ENDED_STATES:
            return row
        now = time.monotonic()
        if row.state != "queued":
            idle_since = now
        if now - idle_since > PATIENCE and not warned:
            warned = True
            screen.note(screen.label("no_worker", seconds=int(PATIENCE)))
        if timeout is not None and now - began >= timeout:
            screen.note(screen.label("not_done", run=run_id, state=row.state, seconds=f"{timeout:g}"))
            return row
        if timeout is None and now - idle_since >= nobody:
            if not is_queue_worked(database, run_id):
                screen.note(screen.label("not_taken", run=run_id, seconds=f"{nobody:g}"))
                return row
            idle_since = now
        pause(0.1)


def is_queue_worked(database: Database, run_id: str) -> bool:
    """Whether a worker has a run of the same queue in hand: it may take this one next."""
    with database.read() as connection:
        return has_working_neighbour(connection, run_id, database.now(connection))


def _describe(row: RunRow) -> str:
    if row.state != "running" or not row.progress:
        return str(row.state)
    progress: dict[str, Any] = json.loads(row.progress)
    total = f"/{progress['total']:g}" if progress.get("total") else ""
    return f"{row.state} {progress.get('done', 0):g}{total} {progress.get('words') or ''}".rstrip()


def show_end(screen: Screen, database: Database, run_id: str, *, complete: bool) -> None:
    """Show where the run stands. Raises what went wrong where it should be done and is not."""
    with database.read() as connection:
        row = read_state(connection, run_id)
    assert row is not None
    answer = read_tree(row.answer) if row.answer else None
    if screen.json_lines:
        screen.dump({"run": run_id, "state": row.state, "answer": answer, "error": row.error_text})
    elif complete and answer is not None:
        show_answer(screen, answer)
        screen.note(screen.label("answer_whole", run=run_id))
    else:
        screen.say(f"{run_id}  {row.state}")
    if complete and row.state != "succeeded":
        raise explain_end(row, run_id)
