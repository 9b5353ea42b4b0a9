"""`backline restore`: a backup back into a database, whole or not at all."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from backline.anchors.keys import list_public, name_former, name_public, read_verifying_key
from backline.cli.audit_places import find_folder, read_targets
from backline.cli.backup import ANCHORS, KEYS, PUBLIC, VAULT_TABLE, find_keys
from backline.cli.houses import make_screen, read_settings
from backline.cli.parameters import Json
from backline.cli.screen import Screen
from backline.disk import name_draft, take_name
from backline.settings import Settings
from backline.storage.backup_archive import Archive, Part
from backline.storage.restore import Restored
from backline.storage.restore import restore as put_back
from backline.storage.restore_past import Return
from backline.wiring import find_key_path

app = typer.Typer()


@app.command(
    epilog="Stop every process first where the database is SQLite. Runs that were in hand at the moment of the "
    "backup are carried again; of what happened after it nothing is known any more."
)
def restore(
    file: Annotated[Path, typer.Argument(help="A backup.", exists=True, dir_okay=False)],
    into: Annotated[
        str | None, typer.Option("--into", metavar="URL", help="Another database than that of the settings.")
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Where the database holds something: keep it aside, and put the backup in its place.",
        ),
    ] = False,
    json_lines: Json = False,
) -> None:
    """Check a backup, and put it back: into SQLite or PostgreSQL, whichever it was made of."""
    settings, screen = read_settings(), make_screen(json_lines=json_lines)
    began = time.perf_counter()
    known, bad = find_known_epoch(settings)
    archive = Archive(file)

    def make_return(epoch: int) -> Return:
        return Return(archive.manifest, file.name, settings.actor, max(known, epoch) + 1)

    try:
        role = settings.database.writer_role or None
        done = put_back(archive, into or settings.database_url, make_return, force=force, writer_role=role)
        files = put_files_back(archive, settings)
        lacks_key = _lacks_key(archive, settings)
    finally:
        archive.close()
    screen.show_facts(
        {
            "file": str(file),
            "rows": done.rows,
            "aside": done.aside,
            "epoch": done.arrival.epoch,
            "queued": done.arrival.queued,
            "files": files,
            "keys_again": list(done.access.keys_again),
            "users_again": list(done.access.users_again),
            "seconds": round(time.perf_counter() - began, 2),
        }
    )
    for words in bad:
        screen.note(words)
    _note_access(screen, done)
    if lacks_key:
        screen.note(screen.label("restore_lacks_key"))


def _note_access(screen: Screen, done: Restored) -> None:
    """Who has access again that was shut out; where nobody can know that, how many have it."""
    access = done.access
    if access.keys_again or access.users_again:
        keys, users = (", ".join(names) or "-" for names in (access.keys_again, access.users_again))
        screen.note(screen.label("restore_opens_again", keys=keys, users=users))
    if not access.is_known and (access.keys or access.users):
        screen.note(screen.label("restore_may_open", keys=access.keys, users=access.users))


def find_known_epoch(settings: Settings) -> tuple[int, list[str]]:
    """The highest epoch that an anchor knows (0: none), and in words which anchors cannot be read."""
    bad: list[str] = []
    return max((anchor.epoch for anchor in read_targets(settings, bad)), default=0), bad


def put_files_back(archive: Archive, settings: Settings) -> list[str]:
    """Anchors and keys that are not where they belong are put there; nothing is overwritten. Their paths."""
    places = find_keys(settings)
    done = []
    for part in archive.manifest.find_files():
        name = part.name.removeprefix("files/")
        if name.startswith(ANCHORS):
            place = find_folder(settings) / Path(name).name
        elif name in places:
            place = places[name]
        elif name.startswith(PUBLIC):
            place = _choose_public(settings, Path(name).stem)
        else:
            continue
        if not place.exists() and _write(archive, part, place, secret=name.startswith(KEYS)):
            done.append(str(place))
    return done


def _choose_public(settings: Settings, id: str) -> Path:
    """Where a public key of the audit belongs: beside the private one, among former ones if it is not the first."""
    signing = find_key_path(settings)
    known = {read_verifying_key(path).id: path for path in list_public(signing)}
    return known.get(id) or (name_former(signing, id) if known else name_public(signing))


def _write(archive: Archive, part: Part, place: Path, *, secret: bool) -> bool:
    """Whole or not at all: half a key would be taken for the key by the next restore. False where it is there by now."""
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = name_draft(place)
    handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600 if secret else 0o644)
    try:
        with os.fdopen(handle, "wb") as file:
            for block in archive.read(part):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        return take_name(draft, place)
    finally:
        draft.unlink(missing_ok=True)


def _lacks_key(archive: Archive, settings: Settings) -> bool:
    """Whether there are secrets, and the file that should have their key is not there."""
    has_secrets = any(part.table == VAULT_TABLE and part.rows for part in archive.manifest.parts)
    place = find_keys(settings).get(f"{KEYS}vault.key")
    return has_secrets and place is not None and not place.exists()
