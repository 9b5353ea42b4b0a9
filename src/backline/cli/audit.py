"""`backline audit`: who did what on which object, and whether anybody had a hand in it since."""

from __future__ import annotations

from typing import Annotated

import typer

from backline.cli.audit_seal import anchor, epoch, export, key
from backline.cli.audit_verify import verify
from backline.cli.houses import make_screen, open_house
from backline.cli.parameters import Json, Limit
from backline.storage.audits import list_audit
from backline.storage.runs import read_run
from backline.web.descriptions import describe_audit

app = typer.Typer(help="Who did what, sealed in a chain.", no_args_is_help=True)
for command in (verify, export, anchor, epoch, key):
    app.command()(command)


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
