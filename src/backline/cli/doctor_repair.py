"""`backline doctor --repair`: names what is out of joint, asks, and mends it, with an audit row each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import typer
from sqlalchemy import Connection

from backline.bells import BELL
from backline.cli.audit_places import find_folder
from backline.cli.backup import find_keys
from backline.cli.doctor_schedules import count_stale, move_on
from backline.cli.exits import NEEDS_PERSON
from backline.cli.houses import open_house, write_audit
from backline.cli.screen import Screen
from backline.storage.repair import Repair, find_present, list_repairs
from backline.storage.repair_files import (
    list_bells,
    list_exports,
    list_spooled,
    list_unfinished,
    put_back,
    remove_files,
)
from backline.storage.restore_file import list_twins
from backline.storage.runs import list_runs
from backline.wiring import House, make_retention_plan

IMPORT = "report_import.import_reports"
MOST = 10_000  # commits for one item; what is left then is mended by the next call
COLUMNS = ["item", "says", "before", "after"]


@dataclass(frozen=True)
class Item:
    """One thing that is out of joint: how many, in words, how it is mended, and how many are left then."""

    name: str
    says: str
    before: int
    mend: Callable[[], int]
    count: Callable[[], int]


def repair(screen: Screen, *, yes: bool) -> None:
    """Go through everything. Exit code 4 where something was not mended."""
    left = False
    rows = []
    with open_house() as house:
        for item in list_items(house):
            agreed = yes or _ask(screen, item)
            done = item.mend() if agreed else 0
            after = item.count() if agreed else item.before
            left = left or after > 0
            rows.append(
                {"item": item.name, "says": item.says, "before": item.before, "after": after, "mended": done}
            )
    screen.show_rows(rows, COLUMNS, empty=screen.label("nothing_to_repair"), numbers=["before", "after"])
    if left:
        raise typer.Exit(NEEDS_PERSON)


def _ask(screen: Screen, item: Item) -> bool:
    """On a terminal the person decides; elsewhere nothing is mended without --yes."""
    if not screen.is_for_eyes:
        return False
    return typer.confirm(screen.label("ask_repair", item=item.name, says=item.says), default=False)


def list_items(house: House) -> Iterator[Item]:
    """What is out of joint now, in the order in which it is best mended."""
    schedules = Repair(
        "schedules", "{count} schedules stand at a slot of long ago that will not fire.", count_stale, move_on
    )
    for one in (*list_repairs(house.sweeps), schedules):
        with house.database.read() as connection:
            count = one.count(connection)
        if count:
            yield _make_item(house, one, count)
    yield from _list_files(house)


def _make_item(house: House, one: Repair, before: int) -> Item:
    def count() -> int:
        with house.database.read() as connection:
            return one.count(connection)

    def mend() -> int:
        done = 0
        for _ in range(MOST):
            with house.database.write() as connection:
                mended = one.mend(connection)
                if mended:
                    _tell(house, connection, one.name, mended)
            done += mended
            if not mended:
                break
        return done

    return Item(one.name, one.says.format(count=f"{before:,}"), before, mend, count)


def _list_files(house: House) -> Iterator[Item]:
    state = house.settings.state
    bells, taken = (partial(_list_bells, state / "doorbell" / "messages", place) for place in (0, 1))
    looks: list[tuple[str, str, Callable[[], list[Path]], Callable[[Any], int]]] = [
        ("unfinished files", "{count} files were left half written.", partial(_list_drafts, house), remove_files),
        ("kept twins", "{count} files that a restore set aside are the database itself.", partial(_list_twins, house), remove_files),
        ("spool", "An import that was killed left its files.", partial(_list_spooled, house), remove_files),
        ("exports", "{count} exports are of runs that are not there.", partial(_list_exports, house), remove_files),
        ("bells", "{count} bells have not been heard for hours.", bells, remove_files),
        ("jobs in the doorbell", "{count} jobs were taken by a process that was killed.", taken, put_back),
    ]  # fmt: skip
    for name, says, look, work in looks:
        if paths := look():
            yield _make_file_item(house, name, says.format(count=f"{len(paths):,}"), len(paths), look, work)


def _make_file_item(
    house: House,
    name: str,
    says: str,
    before: int,
    look: Callable[[], list[Path]],
    work: Callable[[Any], int],
) -> Item:
    def mend() -> int:
        # Looked for anew: while the person thought, a process may have begun to work with one of them.
        done = work(look())
        with house.database.write() as connection:
            _tell(house, connection, name, done)
        return done

    return Item(name, says, before, mend, lambda: len(look()))


def _list_bells(messages: Path, place: int) -> list[Path]:
    return list_bells(messages, {BELL})[place]


def _tell(house: House, connection: Connection, name: str, count: int) -> None:
    write_audit(house, connection, "doctor.repair", f"repair:{name}", mended=count)


def _list_spooled(house: House) -> list[Path]:
    with house.database.read() as connection:
        if list_runs(connection, states=["running"], task=IMPORT, limit=1):
            return []
    return list_spooled(house.settings.state / "spool")


def _list_drafts(house: House) -> list[Path]:
    settings = house.settings
    places = [settings.backups, settings.state / "exports", make_retention_plan(settings).exports]
    places += [find_folder(settings), *(path.parent for path in find_keys(settings).values())]
    if house.database.is_sqlite:
        places.append(_find_file(house).parent)
    return list_unfinished(places)


def _list_twins(house: House) -> list[Path]:
    return list_twins(_find_file(house)) if house.database.is_sqlite else []


def _find_file(house: House) -> Path:
    return Path(house.database.url.database or "").absolute()


def _list_exports(house: House) -> list[Path]:
    found = list_exports(house.settings.state / "exports")
    with house.database.read() as connection:
        present = find_present(connection, sorted(set(found.values())))
    return [path for path, run in found.items() if run not in present]
