"""`backline vault`: keep secrets, say which there are, change the key. No value is ever shown."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from backline.cli.houses import make_screen, open_house, write_audit
from backline.cli.parameters import Json
from backline.cli.screen import Screen
from backline.errors import BadInput
from backline.storage.vault import HOUSE, LONGEST, TOKEN, Place, Rotation, Vault, list_secrets
from backline.web.descriptions import show_micros
from backline.wiring import House

app = typer.Typer(help="Keep tokens and keys, and change the key they are kept under.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The secret's name.")]
Owner = Annotated[str, typer.Option("--owner", help="Whose it is, e.g. an account.")]
Purpose = Annotated[str, typer.Option("--purpose", help="What it is for, e.g. token or key.")]


@app.command("list")
def list_all(json_lines: Json = False) -> None:
    """List the secrets: name, owner, key id, version and since when; never a value."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house, house.database.read() as connection:
        rows = [describe_secret(row) for row in list_secrets(connection)]
    columns = ["name", "owner", "purpose", "version", "key_id", "changed_at", "changed_by"]
    screen.show_rows(rows, columns, empty=screen.label("no_secrets"), numbers=["version"])


@app.command()
def put(name: Name, owner: Owner = HOUSE, purpose: Purpose = TOKEN, json_lines: Json = False) -> None:
    """Keep a secret, in place of an older one. The value is read from a prompt, or from stdin."""
    screen, place = make_screen(json_lines=json_lines), Place(name, owner, purpose)
    value = read_value(screen, place)
    with open_house() as house:
        is_first = not house.vault.source.read()
        with house.database.write() as connection:
            version = house.vault.put(connection, place, value, house.settings.actor)
            write_audit(house, connection, "vault.put", f"secret:{purpose}:{owner}:{name}", version=version)
        if is_first:  # whoever loses it loses the secrets
            screen.note(screen.label("key_is_made", place=house.vault.source.place))
        key_id = house.vault.key_id
    screen.show_facts({**vars(place), "version": version, "key_id": key_id})


@app.command()
def delete(name: Name, owner: Owner = HOUSE, purpose: Purpose = TOKEN, json_lines: Json = False) -> None:
    """Forget a secret."""
    screen, place = make_screen(json_lines=json_lines), Place(name, owner, purpose)
    with open_house() as house, house.database.write() as connection:
        house.vault.delete(connection, place)
        write_audit(house, connection, "vault.delete", f"secret:{purpose}:{owner}:{name}")
    screen.show_facts({**vars(place), "deleted": True})


@app.command()
def rotate(
    keep_old: Annotated[
        bool, typer.Option("--keep-old", help="Keep the former key for reading, e.g. for older backups.")
    ] = False,
    json_lines: Json = False,
) -> None:
    """Make a new key and encrypt everything with it; said again, it goes on where it was stopped."""
    screen = make_screen(json_lines=json_lines)
    with open_house() as house:
        rotation, done, retired = rotate_vault(house, screen, keep_old=keep_old)
    former = list(rotation.former)
    screen.show_facts({"key_id": rotation.key_id, "former": former, "rows": done, "retired": retired})


def rotate_vault(house: House, screen: Screen, *, keep_old: bool) -> tuple[Rotation, int, bool]:
    """Begin, go on batch by batch, end; (the rotation, rows done here, whether the former keys are forgotten)."""
    vault, database = house.vault, house.database
    vault.source.read()  # a keyring may wait for its owner: not while others wait for this
    with database.write() as connection:
        rotation = vault.begin_rotation(connection)
        facts: dict[str, Any] = {
            "former": list(rotation.former),
            "rows": rotation.rows,
            "resumed": rotation.resumed,
        }
        write_audit(house, connection, "vault.rotate", f"key:{rotation.key_id}", **facts)
    done = count = _rotate_some(house, vault)
    while count:
        screen.note(screen.label("rotated_rows", done=done, rows=rotation.rows))
        count = _rotate_some(house, vault)
        done += count
    with database.write() as connection:
        retired = not keep_old and vault.end_rotation(connection, rotation)
        write_audit(house, connection, "vault.rotated", f"key:{rotation.key_id}", rows=done, retired=retired)
    return rotation, done, retired


def _rotate_some(house: House, vault: Vault) -> int:
    with house.database.write() as connection:
        return vault.rotate_some(connection)


def read_value(screen: Screen, place: Place) -> str:
    """From a prompt that shows nothing, or from stdin without its last line break. Raises `BadInput`."""
    if sys.stdin.isatty():
        return str(typer.prompt(screen.label("ask_secret", place=place), hide_input=True, err=True))
    value = sys.stdin.read(LONGEST + 2).removesuffix("\n").removesuffix("\r")
    if not value:
        raise BadInput(f"No value for {place} on stdin.", remedy="Pipe it in, or answer the prompt.")
    return value


def describe_secret(row: Any) -> dict[str, Any]:
    """A secret's row as JSON, without what it keeps."""
    names = ("name", "owner", "purpose", "version", "key_id")
    facts = {name: getattr(row, name) for name in names}
    return {**facts, "changed_at": show_micros(row.changed_at), "changed_by": row.changed_by}
