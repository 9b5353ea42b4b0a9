"""`backline audit`: who did what on which object."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from backline.cli.houses import make_screen, open_house
from backline.cli.parameters import Json, Limit
from backline.cli.screen import Screen
from backline.storage.audits import list_audit, walk_audit
from backline.storage.runs import read_run
from backline.web.descriptions import describe_audit

app = typer.Typer(help="Who did what.", no_args_is_help=True)


@app.command("list")
def list_rows(
    object: Annotated[str | None, typer.Option("--object", help="Only this object, e.g. run:<id>.")] = None,
    run: Annotated[str | None, typer.Option("--run", help="Only this run.")] = None,
    limit: Limit = 50,
    json_lines: Json = False,
) -> None:
    """List audit rows, newest first."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house, house.database.read() as connection:
        run_id = str(read_run(connection, run).id) if run else None
        rows = list_audit(connection, object=object, run_id=run_id, limit=limit)
    columns = ["at", "actor", "action", "object"]
    screen.show_rows((describe_audit(row) for row in rows), columns, empty=screen.label("nothing_yet"))


@app.command()
def export(
    to: Annotated[
        Path | None, typer.Option("--to", help="A file that does not exist yet; default: stdout.")
    ] = None,
) -> None:
    """Write every audit row as JSON lines, oldest first."""
    screen = make_screen(json_lines=True)
    with open_house() as house, house.database.read() as connection:
        rows = (describe_audit(row) for row in walk_audit(connection))
        if to is None:
            for row in rows:
                screen.dump(row)
            return
        count = _write(rows, to)
    Screen(screen.language).say(f"{to}: {count}")


def _write(rows: Iterable[dict[str, Any]], path: Path) -> int:
    count = 0
    with path.open("x", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count
