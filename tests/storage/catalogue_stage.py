"""A catalogue in a test: looks at one artist after another by a clock that the test moves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, text

from backline.music import Provenance
from backline.storage.artists import add_artist
from backline.storage.catalogue_known import KnownArtist, read_known
from backline.storage.catalogue_seen import Change, SeenArtist, SeenRecording, SeenRelease
from backline.storage.catalogue_write import write_seen
from backline.storage.database import Database

DAY = 86_400_000_000
KEEP = 30 * DAY
ISRCS = [f"ZZA01260{number:04d}" for number in range(400)]
SPOTIFY = Provenance.SPOTIFY_API
TABLES = (
    "entry", "appearance", "discography", "catalogue_change", "release", "recording", "artist", "artist_sync",
    "artist_link", "track_join",
)  # fmt: skip


def track(name: str, isrc: str | None = None, **values: Any) -> SeenRecording:
    """A recording whose id at its source is its title in small letters."""
    values = {"source_id": name.lower(), "title": name, "isrc": isrc, "disc": 1} | values
    return SeenRecording(**values)


def release(name: str, *tracks: SeenRecording, read: bool = True, **values: Any) -> SeenRelease:
    """A release with these tracks, one after the other; with `read=False` only listed."""
    placed = tuple(replace(one, position=place) for place, one in enumerate(tracks, 1))
    given = {"source_id": name.lower(), "title": name, "form": "album", "released": "2026-03-01"}
    given |= {"tracks": len(tracks), "recordings": placed if read else None}
    return SeenRelease(**(given | values))


class CatalogueStage:
    """The artists 1 and 2, and what Spotify says of them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = 1_800_000_000_000_000
        with database.write() as connection:
            for number in (1, 2):
                add_artist(connection, database.now_sql, f"Artist {number}", created_by="ann")

    def look(self, *releases: SeenRelease, artist: int = 1, after: int = 0, **values: Any) -> list[Change]:
        """Write one look, `after` days later, of the whole list unless told otherwise; what had changed."""
        self.now += after * DAY
        given = {
            "platform_id": f"p{artist}",
            "name": f"Name {artist}",
            "total": len(releases),
            "is_whole": True,
        }
        provenance = values.pop("provenance", SPOTIFY)
        keep = values.pop("keep_until", self.now + KEEP)
        seen = SeenArtist(releases=releases, **(given | values))
        with self.database.write() as connection:
            return write_seen(connection, self.now, artist, provenance, seen, keep_until=keep, run_id="run-1")

    def known(self, artist: int = 1) -> KnownArtist:
        """What the next look of an artist is told."""
        with self.database.read() as connection:
            return read_known(connection, artist, SPOTIFY)

    def count(self, table: str, where: str = "true") -> int:
        """Rows of a table, named without its prefix."""
        return int(self.ask(f"SELECT count(*) FROM backline_{table} WHERE {where}")[0][0])

    def counts(self) -> dict[str, int]:
        """Rows of every table of the catalogue."""
        return {table: self.count(table) for table in TABLES}

    def ask(self, sql: str, **values: Any) -> list[Any]:
        """Rows of a query."""
        with self.database.read() as connection:
            return list(connection.execute(text(sql), values).all())

    def write(self) -> Any:
        """A writing transaction."""
        return self.database.write()


def tell(changes: list[Change]) -> list[tuple[str, str, str, str | None, str | None]]:
    """Changes without the numbers of things, in a steady order."""
    told = [(one.kind, one.title, one.field, one.old, one.new) for one in changes]
    return sorted(told, key=lambda row: [word or "" for word in row])


def read_rows(connection: Connection, table: str) -> list[tuple[Any, ...]]:
    """Every row of a table."""
    return sorted((tuple(row) for row in connection.execute(text(f"SELECT * FROM {table}"))), key=repr)
