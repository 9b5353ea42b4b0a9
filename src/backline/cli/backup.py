"""`backline backup`: everything that matters in one file, while work goes on; and `backup verify`."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from backline.anchors.keys import list_public, read_verifying_key
from backline.cli.audit_places import find_folder
from backline.cli.db import open_database
from backline.cli.houses import make_screen
from backline.cli.parameters import Json
from backline.errors import BadInput
from backline.moments import show_moment
from backline.runtime.audit import Secrets
from backline.settings import LoadedSettings, Settings, load_settings
from backline.storage.backup import name_backup, write_backup
from backline.storage.backup_archive import Archive, Manifest
from backline.wiring import find_key_path, find_passwords, read_code_version

app = typer.Typer(
    help="Keep everything in one file, while work goes on; verify such a file.",
    invoke_without_command=True,
    add_completion=False,
)
KEYS, PUBLIC, ANCHORS = "keys/", "public/", "anchors/"
VAULT_TABLE = "backline_secret"


@app.callback()
def backup(
    ctx: typer.Context,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="FOLDER|FILE", help="A folder, or a new file; default: backup.folder."),
    ] = None,
    with_keys: Annotated[
        bool,
        typer.Option(
            "--with-keys",
            help="Also the vault's key and the key that signs anchors: whoever has the file then has every secret.",
        ),
    ] = False,
    json_lines: Json = False,
) -> None:
    """Write a backup of this moment: every table, the anchors, and the settings without passwords.

    Without --with-keys the secrets in it cannot be opened: keep the vault's key in another place.
    """
    if ctx.invoked_subcommand is not None:
        return
    loaded = load_settings()
    screen = make_screen(json_lines=json_lines)
    began = time.perf_counter()
    database = open_database(loaded.settings)
    if database.is_sqlite and not Path(database.url.database or "").exists():
        raise BadInput(f"There is nothing to back up: {database.url.database} is not there.")
    try:
        path = _choose_path(loaded.settings, to, lambda: name_backup(database))
        files = list_files(loaded, with_keys=with_keys)
        made = write_backup(database, path, code_version=read_code_version(), files=files, keys=with_keys)
    finally:
        database.close()
    facts = describe_backup(path, made)
    screen.show_facts({**facts, "seconds": round(time.perf_counter() - began, 2)})
    if made.left_out:
        screen.note(screen.label("backup_left_out", tables=", ".join(made.left_out)))
    if with_keys:
        screen.note(screen.label("backup_has_keys", file=str(path)))
    elif any(part.table == VAULT_TABLE and part.rows for part in made.parts):
        screen.note(screen.label("backup_lacks_key"))


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A backup.", exists=True, dir_okay=False)],
    json_lines: Json = False,
) -> None:
    """Read a backup to its end and check every part. Exit code 2 where one is damaged; the part is named."""
    screen = make_screen(json_lines=json_lines)
    began = time.perf_counter()
    archive = Archive(file)
    try:
        archive.verify()
        facts = describe_backup(file, archive.manifest)
    finally:
        archive.close()
    screen.show_facts({**facts, "seconds": round(time.perf_counter() - began, 2)})


def list_files(loaded: LoadedSettings, *, with_keys: bool) -> dict[str, Path | bytes]:
    """What a backup holds beside the tables, by its name there."""
    settings, folder = loaded.settings, find_folder(loaded.settings)
    files: dict[str, Path | bytes] = {}
    if folder.is_dir():
        files |= {f"{ANCHORS}{path.name}": path for path in sorted(folder.iterdir()) if path.is_file()}
    for path in list_public(find_key_path(settings)):  # without them no anchor can be verified
        with suppress(BadInput):  # verify tells of it
            files[f"{PUBLIC}{read_verifying_key(path).id}.pub"] = path
    if loaded.file is not None:
        text = loaded.file.read_text(encoding="utf-8", errors="replace")
        files["settings.toml"] = Secrets(find_passwords(settings)).strike(text).encode()
    if with_keys:
        files |= {name: path for name, path in find_keys(settings).items() if path.is_file()}
    return files


def find_keys(settings: Settings) -> dict[str, Path]:
    """Where secret keys lie that are files, by their names in a backup."""
    signing = find_key_path(settings)
    found = {f"{KEYS}audit-key.pem": signing}
    options = settings.vault
    if options.key_file:
        return {**found, f"{KEYS}vault.key": Path(options.key_file).expanduser()}
    if options.key_variable or options.key_command:
        return found
    return {**found, f"{KEYS}vault.key": settings.state / "vault.key"}


def describe_backup(path: Path, made: Manifest) -> dict[str, Any]:
    """What a backup is, as JSON for people and programs."""
    return {
        "file": str(path),
        "moment": show_moment(made.made_at),
        "rows": made.rows,
        "bytes": path.stat().st_size,
        "database": made.database,
        "schema": made.schema,
        "code_version": made.code_version,
        "head": None if made.head is None else f"epoch {made.head['epoch']}, seal {made.head['seq']}",
        "keys": made.keys,
    }


def _choose_path(settings: Settings, to: str | None, name: Any) -> Path:
    """A file named by the moment in the folder, which a slash at the end tells too, or the file itself."""
    if to is not None and not to.strip():
        raise BadInput("--to is empty.", remedy="Name a folder or a new file, or leave --to out.")
    place = (settings.backups if to is None else Path(to)).expanduser().absolute()
    if to is None or place.is_dir() or to.endswith(os.sep):
        return place / str(name())
    return place
