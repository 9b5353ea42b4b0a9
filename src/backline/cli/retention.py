"""`backline retention`: which data may leave after how long, and let it leave."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from backline.cli.houses import make_screen, open_house
from backline.cli.parameters import Json
from backline.cli.progress import carry_visibly
from backline.runtime.submit import Ask
from backline.runtime.task import INTERACTIVE
from backline.settings import Settings
from backline.storage.expired import CONTENT, count_expired
from backline.storage.retention import count_old
from backline.storage.retention_audit import list_due_epochs
from backline.wiring import make_retention_plan

app = typer.Typer(help="Which data may leave after how long, and let it leave.", no_args_is_help=True)
TASK = "housekeeping.apply_retention"
OPTIONS = {
    "runs": "retention.runs_days",
    "results": "retention.results_days",
    "lines": "retention.rejected_lines_days",
    "plays": "retention.plays_days",
    "keys": "retention.ended_keys_days",
    CONTENT: "spotify.keep_days",
    "audit": "retention.audit_days",
}


@app.command()
def show(json_lines: Json = False) -> None:
    """Show each kind of data, its term in days (0 keeps it), and how much would leave now. Of the audit: epochs."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house:
        plan = make_retention_plan(house.settings)
        counts = count_old(house.database, plan)
        with house.database.read() as connection:
            counts[CONTENT] = count_expired(connection, house.database.now(connection))
            counts["audit"] = len(list_due_epochs(connection, plan, house.database.now(connection)))
        rows = [describe_kind(house.settings, kind, count) for kind, count in counts.items()]
    screen.show_rows(rows, ["kind", "days", "due", "option", "meaning"], numbers=["days", "due"])


@app.command()
def run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False, json_lines: Json = False
) -> None:
    """Let everything leave that is older than its term, in this process; needs no worker."""
    screen = make_screen(json_lines=json_lines)
    with open_house(tasks=True) as house:
        task = house.find_task(TASK)
        job = task.read_json(json.dumps({"dry_run": dry_run}))
        run_id = house.submit(task, job, Ask(house.settings.actor, priority=INTERACTIVE))
        answer = carry_visibly(house, screen, run_id)
    screen.show_rows(answer["kinds"], ["kind", "days", "removed"], numbers=["days", "removed"])


def describe_kind(settings: Settings, kind: str, due: int) -> dict[str, Any]:
    """One line of `retention show`."""
    option = OPTIONS[kind]
    section, _, name = option.partition(".")
    terms = getattr(settings, section)
    meaning = type(terms).model_fields[name].description
    return {
        "kind": kind,
        "days": getattr(terms, name),
        "due": due,
        "option": option,
        "meaning": meaning,
    }
