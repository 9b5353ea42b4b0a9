"""`backline user`: named users, for API keys, approvals and audit rows."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from backline.cli.houses import make_screen, open_house, write_audit
from backline.cli.parameters import Json
from backline.storage.users import ROLES, UserRow, add_user, disable_user, enable_user, list_users, read_user
from backline.web.descriptions import show_micros

app = typer.Typer(help="Add, list, disable and enable named users.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The user's name.")]
Role = Literal[*ROLES]  # type: ignore[valid-type]  # the roles are named once, in storage


@app.command()
def add(
    name: Name,
    role: Annotated[
        Role, typer.Option("--role", help="viewer reads, member also asks for runs, admin may do all.")
    ] = "member",
    json_lines: Json = False,
) -> None:
    """Add a user."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house, house.database.write() as connection:
        row = add_user(connection, house.database.now_sql, name, role, house.settings.actor)
        facts = describe_user(row)
        write_audit(house, connection, "user.add", f"user:{name}", after=facts, role=role)
    screen.show_facts(facts)


@app.command("list")
def list_all(json_lines: Json = False) -> None:
    """List the users, disabled ones too."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house, house.database.read() as connection:
        rows = [describe_user(row) for row in list_users(connection)]
    columns = ["name", "role", "disabled_at", "created_by"]
    screen.show_rows(rows, columns, empty=screen.label("no_users"))


@app.command()
def disable(name: Name, json_lines: Json = False) -> None:
    """Disable a user: its keys work no more until it is enabled again. The name stays in audit rows."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house, house.database.write() as connection:
        before = describe_user(read_user(connection, name))
        facts = describe_user(disable_user(connection, house.database.now_sql, name, house.settings.actor))
        if facts != before:
            write_audit(house, connection, "user.disable", f"user:{name}", before=before, after=facts)
    screen.show_facts(facts)


@app.command()
def enable(name: Name, json_lines: Json = False) -> None:
    """Enable a disabled user: its keys that were not revoked work again from this moment."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house, house.database.write() as connection:
        before = describe_user(read_user(connection, name))
        facts = describe_user(enable_user(connection, name))
        if facts != before:
            write_audit(house, connection, "user.enable", f"user:{name}", before=before, after=facts)
    screen.show_facts(facts)


def describe_user(row: UserRow) -> dict[str, Any]:
    """A user's row as JSON."""
    return {
        "name": row.name,
        "role": row.role,
        "created_at": show_micros(row.created_at),
        "created_by": row.created_by,
        "disabled_at": show_micros(row.disabled_at),
        "disabled_by": row.disabled_by,
    }
