"""The clerk of a catalogue: reads the whole table, names every cell that cannot be used, and lays down the write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from backline.errors import BadInput, UnknownName
from backline.music import fold_name
from backline.reports.catalogue_table import (
    CatalogueRow,
    CatalogueTable,
    WrongCell,
    name_release,
    read_catalogue,
)
from backline.reports.digests import digest_file
from backline.reports.format import Refused
from backline.runtime.claim import Watch
from backline.runtime.effects import AuditTrail, Effect, Effects
from backline.storage.artists import add_artist, find_artist
from backline.storage.catalogue_own import OwnRelease, OwnTrack, write_catalogue
from backline.storage.database import Database

MOST_WRONG = 1000  # cells that an answer names


@dataclass
class ReadCatalogue:
    """What came of a file: of a good one what it tells of, else what is wrong."""

    name: str
    rows: list[CatalogueRow] = field(default_factory=list)
    wrong: list[WrongCell] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    def count(self) -> dict[str, int]:
        """Rows, artists, releases and recordings that the file tells of, and wrong cells."""
        releases = {(fold_name(row.artist), name_release(row)) for row in self.rows if row.release}
        tracks = {
            (row.isrc,) if row.isrc else (fold_name(row.artist), name_release(row), fold_name(row.title), row.disc, row.position)
            for row in self.rows
            if row.title
        }  # fmt: skip
        return {
            "rows": len(self.rows),
            "artists": len({fold_name(row.artist) for row in self.rows}),
            "releases": len(releases),
            "recordings": len(tracks),
            "wrong": len(self.wrong),
        }


def take_catalogue(
    path: str, artist: str | None, *, database: Database, effects: Effects, trail: AuditTrail, watch: Watch
) -> ReadCatalogue:
    """Read a file; where everything in it is good, the write is added to `effects`. Raises `BadInput`."""
    file = Path(path).expanduser()
    if not file.is_file():
        raise BadInput(
            f"{path}: there is no such file.",
            remedy="Give the absolute path, as the machine of the worker sees it.",
        )
    found = ReadCatalogue(file.name)
    try:
        content = digest_file(file, watch.checkpoint)
        table = read_catalogue(file, file.name, artist)
    except Refused as refusal:
        found.wrong.append(WrongCell(0, "", refusal.message, refusal.remedy or ""))
        return found
    found.rows, found.wrong, found.unread = table.rows, table.wrong, table.unread
    with database.read() as connection:
        found.wrong += list(_check_artists(connection, table))
    found.wrong.sort(key=lambda cell: cell.line)
    if not found.wrong:
        effects.add(_plan(table.rows, database, watch))
        trail.add("catalogue.imported", f"catalogue:{file.name}", after=content, counts=found.count())
    return found


def _check_artists(connection: Connection, table: CatalogueTable) -> Iterable[WrongCell]:
    """Names that mean several artists, and ids that mean none; a name that nobody has becomes an artist."""
    first: dict[str, CatalogueRow] = {}
    for row in table.rows:
        first.setdefault(row.artist, row)
    for name, row in first.items():
        try:
            find_artist(connection, name)
        except UnknownName as error:
            if name.startswith("art_"):
                yield WrongCell(row.line, "artist", error.message, error.remedy or "")
        except BadInput as error:
            yield WrongCell(row.line, "artist", error.message, error.remedy or "")


def _plan(rows: Sequence[CatalogueRow], database: Database, watch: Watch) -> Effect:
    """What the finish of the run does with a good file."""
    artists: dict[str, list[CatalogueRow]] = {}
    for row in rows:
        artists.setdefault(row.artist if row.artist.startswith("art_") else fold_name(row.artist), []).append(
            row
        )

    def write(connection: Connection) -> None:
        now = database.now(connection)
        for mine in artists.values():
            name = mine[0].artist
            if name.startswith("art_"):
                artist = find_artist(connection, name)
            else:  # a team's own catalogue vouches for its artists
                artist = add_artist(connection, database.now_sql, name, created_by=watch.asked_by).row
            releases, alone = _gather(mine)
            write_catalogue(connection, now, artist, releases, alone, by=watch.run_id)

    return write


def _gather(rows: Sequence[CatalogueRow]) -> tuple[list[OwnRelease], list[OwnTrack]]:
    """The releases of one artist with their tracks, in the order of the file; and the tracks of none."""
    groups: dict[tuple[str, ...], list[CatalogueRow]] = {}
    for row in rows:
        if row.release:
            groups.setdefault(name_release(row), []).append(row)
    alone = {row.isrc or fold_name(row.title): _make_track(row, None) for row in rows if not row.release}
    return [_make_release(some) for some in groups.values()], list(alone.values())


def _make_release(rows: Sequence[CatalogueRow]) -> OwnRelease:
    tracks = [row for row in rows if row.title]
    is_placed = any(row.position for row in tracks)
    placed = tuple(
        _make_track(row, row.position if is_placed else place) for place, row in enumerate(tracks, start=1)
    )
    released = next((row.released for row in rows if row.released), None)
    form = next((row.form for row in rows if row.form), None)
    return OwnRelease(rows[0].release, rows[0].upc, released, form, placed or None)


def _make_track(row: CatalogueRow, position: int | None) -> OwnTrack:
    return OwnTrack(row.title, row.isrc, row.duration_ms, row.explicit, row.disc, position)
