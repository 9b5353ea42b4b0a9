"""The clerk of a catalogue: reads the whole table, names every cell that cannot be used, and lays down the write.

What the write will come to is told with the answer: it is rehearsed, and taken back before the run goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from backline.errors import BadInput, UnknownName
from backline.music import fold_name
from backline.reports.catalogue_rows import CatalogueRow, WrongCell, name_releases, sort_tracks
from backline.reports.catalogue_table import CatalogueTable, read_catalogue
from backline.reports.digests import digest_file
from backline.reports.format import Refused
from backline.runtime.claim import Watch
from backline.runtime.effects import AuditTrail, Effects
from backline.storage.artists import ArtistRow, add_artist, find_artist
from backline.storage.catalogue_finder import OwnRelease, OwnTrack
from backline.storage.catalogue_own import OwnNews, find_doubles, write_catalogue
from backline.storage.database import Database

MOST_WRONG = 1000  # cells that an answer names, and things with another code


@dataclass(frozen=True)
class Double:
    """Something told before, of the same artist and title as a new one, whose code is `new`."""

    kind: str
    id: str
    title: str
    code: str
    new: str


@dataclass
class ReadCatalogue:
    """What came of a file: of a good one what is written, else what is wrong."""

    name: str
    rows: list[CatalogueRow] = field(default_factory=list)
    wrong: list[WrongCell] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    news: OwnNews = field(default_factory=OwnNews)
    doubles: list[Double] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        """imported, unchanged or rejected."""
        if self.wrong:
            return "rejected"
        return "unchanged" if self.news.is_unchanged else "imported"

    def count(self) -> dict[str, int]:
        """Rows; of a good file what it tells of and what came of it, else the wrong cells."""
        if self.wrong:
            return {"rows": len(self.rows), "wrong": len(self.wrong)}
        told = self.news.new | self.news.changed | self.news.unchanged
        kinds = [kind for kind, _ in told]
        return {
            "rows": len(self.rows),
            "artists": len({fold_name(row.artist) for row in self.rows}),
            "releases": kinds.count("release"),
            "recordings": kinds.count("recording"),
            **self.news.count(),
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
        _rehearse(found, database, watch)
    if not found.wrong:  # what was told again was seen again, also where nothing is new
        effects.add(lambda connection: _lay_down(connection, table.rows, database, watch))
    if found.outcome == "imported":
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


def _write(connection: Connection, rows: Sequence[CatalogueRow], database: Database, watch: Watch) -> OwnNews:
    """What the finish of the run does with a good file. Raises `BadInput`."""
    artists: dict[str, ArtistRow] = {}
    for row in rows:
        key = _name_artist(row)
        if key not in artists:
            if row.artist.startswith("art_"):
                artists[key] = find_artist(connection, row.artist)
            else:  # a team's own catalogue vouches for its artists
                artists[key] = add_artist(
                    connection, database.now_sql, row.artist, created_by=watch.asked_by
                ).row
    releases, alone = _gather(rows, {key: int(artist.no) for key, artist in artists.items()})
    known = {artist.no: artist for artist in artists.values()}
    return write_catalogue(
        connection, database.now(connection), list(known.values()), releases, alone, by=watch.run_id
    )


def _lay_down(connection: Connection, rows: Sequence[CatalogueRow], database: Database, watch: Watch) -> None:
    _write(connection, rows, database, watch)


def _rehearse(found: ReadCatalogue, database: Database, watch: Watch) -> None:
    """Find what the write comes to, and take it back."""
    with database.write() as connection:
        point = connection.begin_nested()
        try:
            found.news = _write(connection, found.rows, database, watch)
            found.doubles = [
                Double(row.kind, row.id, row.title, row.upc or row.isrc, new)
                for row, new in find_doubles(connection, found.news)
            ]
        except BadInput as error:
            found.wrong.append(WrongCell(0, "position", error.message, error.remedy or ""))
        finally:
            point.rollback()


def _name_artist(row: CatalogueRow) -> str:
    return row.artist if row.artist.startswith("art_") else fold_name(row.artist)


def _gather(
    rows: Sequence[CatalogueRow], numbers: Mapping[str, int]
) -> tuple[list[OwnRelease], list[OwnTrack]]:
    """The releases with their tracks, in the order of the file; and the tracks of none."""
    groups: dict[tuple[object, ...], list[CatalogueRow]] = {}
    single: dict[tuple[object, ...], list[CatalogueRow]] = {}
    shared: dict[str, list[int]] = {}  # the artists of each ISRC
    for row, name in zip(rows, name_releases(rows), strict=True):
        if row.isrc:
            shared.setdefault(row.isrc, []).append(numbers[_name_artist(row)])
        if name is not None:
            groups.setdefault(name, []).append(row)
        else:
            key = (row.isrc,) if row.isrc else (_name_artist(row), fold_name(row.title))
            single.setdefault(key, []).append(row)
    releases = [_make_release(some, numbers, shared) for some in groups.values()]
    return releases, [_make_track(some, numbers, shared) for some in single.values()]


def _make_release(
    rows: Sequence[CatalogueRow], numbers: Mapping[str, int], shared: Mapping[str, list[int]]
) -> OwnRelease:
    tracks = tuple(_make_track(some, numbers, shared) for some in sort_tracks(rows))
    return OwnRelease(
        rows[0].release, rows[0].upc,
        next((row.released for row in rows if row.released), None),
        next((row.form for row in rows if row.form), None),
        tracks or None, _number(rows, numbers), is_ordered=True,
    )  # fmt: skip


def _make_track(
    rows: Sequence[CatalogueRow], numbers: Mapping[str, int], shared: Mapping[str, list[int]]
) -> OwnTrack:
    """One recording; what one of its rows leaves empty another may say."""
    said = {
        name: next((value for row in rows if (value := getattr(row, name)) is not None), None)
        for name in ("isrc", "duration_ms", "explicit", "disc", "position")
    }
    artists = (*_number(rows, numbers), *shared.get(said["isrc"] or "", ()))
    return OwnTrack(rows[0].title, **said, artists=tuple(dict.fromkeys(artists)))


def _number(rows: Sequence[CatalogueRow], numbers: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(numbers[_name_artist(row)] for row in rows))
