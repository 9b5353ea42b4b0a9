"""`backline key`: API keys, shown once and kept as a hash."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from backline.cli.houses import make_screen, open_house, write_audit
from backline.cli.parameters import Json
from backline.errors import BadInput
from backline.storage.api_keys import (
    SCOPES,
    KeyRow,
    list_api_keys,
    make_api_key,
    read_api_key,
    revoke_api_key,
)
from backline.web.descriptions import show_micros

app = typer.Typer(help="Create, list and revoke API keys.", no_args_is_help=True)
UNITS = {"h": 3600, "d": 86_400, "w": 7 * 86_400, "y": 365 * 86_400}
LONGEST = 100 * 366 * 86_400  # seconds


@app.command()
def create(
    user: Annotated[str, typer.Option("--user", help="Whose key it is; what it does is told by this name.")],
    scope: Annotated[
        list[str], typer.Option("--scope", help=f"One of {', '.join(SCOPES)}; may be repeated.")
    ],
    expires: Annotated[
        str | None,
        typer.Option("--expires", metavar="TIME", help="From now, e.g. 12h, 90d, 1y; default: never."),
    ] = None,
    note: Annotated[str, typer.Option("--note", help="What it is for.")] = "",
    json_lines: Json = False,
) -> None:
    """Create a key. It is shown this once."""
    screen = make_screen(json_lines=json_lines)
    lasts = None if expires is None else read_seconds(expires)
    with open_house() as house, house.database.write() as connection:
        new = make_api_key(
            connection, house.database.now_sql, user, scope,
            created_by=house.settings.actor, note=note, lasts=lasts,
        )  # fmt: skip
        facts = describe_key(new.row)
        brief = {name: facts[name] for name in ("user", "scopes", "expires_at", "note")}
        write_audit(house, connection, "key.create", f"key:{new.row.id}", after=facts, **brief)
    screen.show_facts({**facts, "key": new.text})
    screen.note(screen.label("key_shown_once"))


@app.command("list")
def list_all(json_lines: Json = False) -> None:
    """List the keys, newest first, revoked ones too; never the key itself."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house, house.database.read() as connection:
        rows = [describe_key(row) for row in list_api_keys(connection)]
    columns = ["id", "user", "scopes", "used_at", "expires_at", "revoked_at", "note"]
    screen.show_rows(rows, columns, empty=screen.label("no_keys"))


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="The key's id, the part between the underscores.", metavar="ID")],
    json_lines: Json = False,
) -> None:
    """Revoke a key: it works no more from this moment."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house, house.database.write() as connection:
        before = describe_key(read_api_key(connection, key))
        facts = describe_key(revoke_api_key(connection, house.database.now_sql, key, house.settings.actor))
        if facts != before:
            write_audit(house, connection, "key.revoke", f"key:{key}", before=before, after=facts)
    screen.show_facts(facts)


def read_seconds(words: str) -> float:
    """A span of time in seconds, from a number and its unit. Raises `BadInput`."""
    match = re.fullmatch(r"(\d{1,6})([hdwy])", words.strip())
    seconds = int(match[1]) * UNITS[match[2]] if match else 0
    if not 0 < seconds <= LONGEST:
        raise BadInput(
            f"--expires {words!r} is no span of time.", remedy="Write a number and h, d, w or y, e.g. 90d."
        )
    return float(seconds)


def describe_key(row: KeyRow) -> dict[str, Any]:
    """A key's row as JSON, without its hash."""
    return {
        "id": row.id,
        "user": row.user_name,
        "scopes": row.scopes.split(),
        "note": row.note,
        "created_at": show_micros(row.created_at),
        "created_by": row.created_by,
        "expires_at": show_micros(row.expires_at),
        "used_at": show_micros(row.used_at),
        "revoked_at": show_micros(row.revoked_at),
        "revoked_by": row.revoked_by,
    }
