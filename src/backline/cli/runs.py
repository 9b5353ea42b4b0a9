"""`backline runs`: list, show, retry, cancel and answer runs, and tell what became of a call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from backline.cli.houses import make_screen, name_person, open_house, ring_for
from backline.cli.parameters import Json, Limit, RunId
from backline.cli.run_words import list_unanswered, show_run
from backline.errors import BadInput
from backline.runtime import decisions
from backline.storage.audits import list_audit
from backline.storage.intents import list_intents
from backline.storage.run_tables import STATES
from backline.storage.run_tables import run as run_table
from backline.storage.runs import list_attempts, list_runs, read_run
from backline.storage.short_ids import shorten_ids
from backline.web.descriptions import describe_attempt, describe_intent, describe_run

app = typer.Typer(help="List, show, retry, cancel and answer runs.", no_args_is_help=True)
RunIds = Annotated[list[str], typer.Argument(help="Ids, or beginnings that fit only one.", metavar="RUN…")]
COLUMNS = ["id", "task", "state", "error", "created_at", "seconds", "attempt"]
BRIEF = 13  # letters of an id: the time in it, to the millisecond


@app.command("list")
def list_some(
    state: Annotated[
        list[str] | None, typer.Option("--state", help="Only this state; may be repeated.")
    ] = None,
    task: Annotated[str | None, typer.Option("--task", help="Only this task (full name).")] = None,
    unanswered: Annotated[
        bool, typer.Option("--unanswered", help="Only failures that nobody answered.")
    ] = False,
    limit: Limit = 50,
    json_lines: Json = False,
) -> None:
    """List runs, newest first."""
    screen = make_screen(json_lines=json_lines)
    for name in state or ():
        if name not in STATES:
            raise BadInput(f"{name!r} is no state of a run.", remedy=f"The states are {', '.join(STATES)}.")
    with open_house() as house, house.database.read() as connection:
        rows = list_runs(connection, states=state or (), task=task, unanswered=unanswered, limit=limit)
        found: Sequence[dict[str, Any]] = [describe_run(row, house.secrets) for row in rows]
        if screen.is_for_eyes:
            found = shorten_ids(connection, run_table.c.id, found, BRIEF)
    screen.show_rows(found, COLUMNS, empty=screen.label("no_runs"), numbers=["seconds"])


@app.command()
def show(run: RunId, json_lines: Json = False) -> None:
    """Show one run: state, attempts, answer, error, calls to the outside world, audit rows."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house, house.database.read() as connection:
        row = read_run(connection, run)
        attempts = [describe_attempt(attempt) for attempt in list_attempts(connection, row.id)]
        trail = list_audit(connection, run_id=row.id, limit=1000)
        intents = [describe_intent(intent, house.secrets) for intent in list_intents(connection, row.id)]
        show_run(screen, describe_run(row, house.secrets), attempts, intents, trail[::-1])


@app.command()
def dead(limit: Limit = 50, json_lines: Json = False) -> None:
    """List failures that nobody answered, oldest first, with what to do about each."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house, house.database.read() as connection:
        rows: Sequence[dict[str, Any]] = list_unanswered(connection, screen, house.secrets, limit)
        if screen.is_for_eyes:
            rows = shorten_ids(connection, run_table.c.id, rows, BRIEF)
    screen.show_rows(
        rows, ["id", "task", "state", "age", "error", "to_do"], empty=screen.label("no_failures")
    )


@app.command()
def retry(runs: RunIds, json_lines: Json = False) -> None:
    """Put failed, dead, cancelled, expired, waiting or blocked runs back into their queue."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house:
        for name in runs:
            with house.database.write() as connection:
                done = decisions.retry(connection, house.database.now_sql, name, name_person(house))
            ring_for(done)
            screen.show_facts({"id": done.id, "state": done.state, "was": done.was})


@app.command()
def cancel(runs: RunIds, json_lines: Json = False) -> None:
    """Cancel waiting runs at once, and ask running ones to stop."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house:
        for name in runs:
            with house.database.write() as connection:
                done = decisions.cancel(connection, house.database.now_sql, name, name_person(house))
            ring_for(done)
            screen.show_facts({"id": done.id, "state": done.state, "was": done.was})


@app.command()
def answer(
    run: RunId,
    why: Annotated[str, typer.Option("--why", help="Why this failure needs no more work.")],
    json_lines: Json = False,
) -> None:
    """Say why a failure needs no more work; it leaves the list of the unanswered."""
    screen = make_screen(json_lines=json_lines)
    if not why.strip():
        raise BadInput("The reason is empty.", remedy="Say why in a few words: --why TEXT.")
    with open_house() as house:
        person = name_person(house)
        with house.database.write() as connection:
            done = decisions.answer(connection, house.database.now_sql, run, person, why)
    ring_for(done)
    words = person.secrets.strike(why)
    screen.show_facts({"id": done.id, "state": done.state, "answered_by": person.name, "answered_why": words})


@app.command()
def outcome(
    run: RunId,
    name: Annotated[str, typer.Argument(help="The call's name, as `backline runs show` lists it.")],
    why: Annotated[str, typer.Option("--why", help="How you know.")],
    done: Annotated[
        str | None,
        typer.Option("--done", metavar="JSON", help="It happened; what the call would have returned."),
    ] = None,
    not_done: Annotated[
        bool, typer.Option("--not-done", help="It did not happen: it may be called again.")
    ] = False,
    json_lines: Json = False,
) -> None:
    """Say what became of a call to the outside world, where nobody knows; the run goes on with it."""
    screen = make_screen(json_lines=json_lines)
    if not why.strip():
        raise BadInput("The reason is empty.", remedy="Say how you know: --why TEXT.")
    if (done is None) is not not_done:
        raise BadInput("Say what happened.", remedy="Either --done JSON or --not-done.")
    with open_house() as house:
        person = name_person(house)
        with house.database.write() as connection:
            told = decisions.tell_outcome(
                connection, house.database.now_sql, run, name, person, why, done=done
            )
    ring_for(told)
    screen.show_facts({"id": told.id, "state": told.state, "was": told.was})
