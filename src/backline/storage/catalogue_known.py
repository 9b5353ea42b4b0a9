"""What is known of an artist from one source, as its next look needs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select, text

from backline.music import Provenance
from backline.storage import catalogue_tables as t
from backline.storage.bulk import chunk

# CROSS JOIN keeps SQLite to this order, from an artist to its entries.
_RELEASES = """
SELECT e.source_id, e.title, e.released, e.form, e.tracks, e.detail_at
FROM backline_discography AS d CROSS JOIN backline_entry AS e
WHERE d.artist_no = :artist AND d.provenance = :provenance AND d.gone_at IS NULL AND e.kind = 'release'
    AND e.provenance = d.provenance AND e.source_id = d.source_id AND e.thing_no = d.release_no
ORDER BY coalesce(e.released, '') DESC, e.no DESC
"""
_RECORDINGS = """
SELECT a.source_id, a.recording_source, e.isrc
FROM backline_discography AS d CROSS JOIN backline_appearance AS a CROSS JOIN backline_entry AS e
WHERE d.artist_no = :artist AND d.provenance = :provenance AND d.gone_at IS NULL
    AND a.release_no = d.release_no AND a.provenance = d.provenance AND a.source_id = d.source_id AND a.gone_at IS NULL
    AND e.kind = 'recording' AND e.provenance = a.provenance AND e.source_id = a.recording_source
    AND e.thing_no = a.recording_no
ORDER BY a.disc, a.position
"""


@dataclass(frozen=True, slots=True)
class KnownRelease:
    """A release that is listed. `recordings`: the ISRC, where it is known, of each by its source's id.

    `has_detail`: whether its recordings were read since their number changed. `position_hint`: its place, from 0,
    where the newest come first, which is how platforms are used to list them.
    """

    title: str
    released: str | None
    form: str | None
    tracks: int | None
    has_detail: bool
    recordings: Mapping[str, str | None]
    position_hint: int


@dataclass(frozen=True, slots=True)
class KnownArtist:
    """What a source said so far; `releases` by its ids, and only those that it lists. Moments in µs since 1970 UTC."""

    total: int | None = None
    next_offset: int | None = None
    releases: Mapping[str, KnownRelease] = field(default_factory=dict)
    name: str | None = None
    walked_at: int | None = None
    full_at: int | None = None
    answered_at: int | None = None


def read_known(connection: Connection, artist_no: int, provenance: Provenance) -> KnownArtist:
    """What is known of an artist from a platform; an empty one where nothing is."""
    values = {"artist": artist_no, "provenance": provenance.value}
    recordings: dict[str, dict[str, str | None]] = {}
    for row in connection.execute(text(_RECORDINGS), values):
        recordings.setdefault(row.source_id, {})[row.recording_source] = row.isrc
    releases = {
        row.source_id: KnownRelease(
            row.title,
            row.released,
            row.form,
            row.tracks,
            row.detail_at is not None,
            recordings.get(row.source_id, {}),
            place,
        )
        for place, row in enumerate(connection.execute(text(_RELEASES), values))
    }
    c = t.entry.c
    is_named = (c.kind == t.ARTIST, c.thing_no == artist_no, c.provenance == provenance.value)
    named = connection.execute(
        select(c.title, c.source_id).where(*is_named).order_by(c.seen_at.desc())
    ).first()
    name, platform_id = named or (None, None)
    sync = read_sync(connection, artist_no, platform_id)
    if sync is None:
        return KnownArtist(releases=releases, name=name)
    return KnownArtist(
        sync.total, sync.next_offset, releases, name, sync.walked_at, sync.full_at, sync.answered_at
    )


def read_sync(connection: Connection, artist_no: int, platform_id: str | None) -> Any:
    """How far an artist was read under an id of a platform, or under any; None where it never was."""
    c = t.artist_sync.c
    query = select(t.artist_sync).where(c.artist_no == artist_no).order_by(c.answered_at.desc())
    return connection.execute(
        query if platform_id is None else query.where(c.platform_id == platform_id)
    ).first()


def read_isrcs(
    connection: Connection, provenance: Provenance, source_ids: Sequence[str]
) -> dict[str, str | None]:
    """Of these recordings of a source those that are known, through whichever artist, and their ISRC."""
    c, found = t.entry.c, dict[str, str | None]()
    for part in chunk(source_ids):
        query = select(c.source_id, c.isrc).where(
            c.kind == t.RECORDING, c.provenance == provenance.value, c.source_id.in_(part)
        )
        found |= {row.source_id: row.isrc for row in connection.execute(query)}
    return found
