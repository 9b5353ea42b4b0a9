"""The team's own word on its catalogue, typed in or from a table: found again, so that a correction corrects.

Own releases and recordings have ids of their own (own_…). What is told again is found by its code (UPC, ISRC), else
by its title where nothing that is told speaks against it. Nothing of another source is looked at here, and nothing
of it becomes our own: that two sources mean the same is told by codes, see `catalogue_things`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, select, text

from backline.music import Provenance, fold_name
from backline.storage import catalogue_tables as t
from backline.storage.bulk import chunk
from backline.storage.catalogue_seen import Change, SeenRecording, SeenRelease
from backline.storage.catalogue_things import find_things
from backline.storage.catalogue_write import write_own
from backline.storage.joins import JoinCounts, join_artists
from backline.storage.locks import Lock, take_lock

OWN: Final = Provenance.OWN.value
# CROSS JOIN and a provenance that is looked at last keep SQLite to the keys of few rows (see joins).
_ON_RELEASES = """
SELECT a.source_id AS release, a.disc, a.position, e.source_id, e.folded, e.isrc, e.title, e.duration_ms, e.explicit
FROM (SELECT DISTINCT thing_no, provenance FROM backline_entry WHERE artist_no = :artist AND kind = 'release') AS r
CROSS JOIN backline_appearance AS a CROSS JOIN backline_entry AS e
WHERE r.provenance = 'own' AND a.release_no = r.thing_no AND a.provenance = 'own' AND e.kind = 'recording'
    AND e.thing_no = a.recording_no AND e.source_id = a.recording_source AND e.provenance = a.provenance
ORDER BY a.gone_at IS NOT NULL, e.no
"""
_ALONE = """
SELECT source_id, folded, isrc, provenance FROM backline_entry AS e
WHERE artist_no = :artist AND kind = 'recording' AND NOT EXISTS (
    SELECT 1 FROM backline_appearance AS a WHERE a.recording_no = e.thing_no AND a.recording_source = e.source_id
        AND a.provenance = 'own')
ORDER BY no
"""


@dataclass(frozen=True, slots=True)
class OwnTrack:
    """A recording as the team tells it."""

    title: str
    isrc: str | None = None
    duration_ms: int | None = None
    explicit: bool | None = None
    disc: int | None = None
    position: int | None = None


@dataclass(frozen=True, slots=True)
class OwnRelease:
    """A release as the team tells it; `tracks` are all that it has, None where they are not told."""

    title: str
    upc: str | None = None
    released: str | None = None
    form: str | None = None
    tracks: tuple[OwnTrack, ...] | None = None


def write_catalogue(
    connection: Connection,
    now: int,
    artist: Row[Any],
    releases: Sequence[OwnRelease],
    alone: Sequence[OwnTrack] = (),
    *,
    by: str,
) -> tuple[list[Change], JoinCounts]:
    """Write what the team says of one artist and join its reports, in the caller's transaction.

    What had changed, and what was joined. `now`: microseconds since 1970 UTC; `by`: a person's name or a run's id.
    """
    take_lock(connection, Lock.CATALOGUE)
    finder = _Finder(
        connection, int(artist.no), [*alone, *(one for some in releases for one in some.tracks or ())]
    )
    names = finder.name_releases(releases)
    seen = [
        SeenRelease(
            name, one.title, one.form, one.released, None if one.tracks is None else len(one.tracks), one.upc,
            (artist.name,), None if one.tracks is None else finder.name_tracks(name, one.tracks, artist.name),
        )
        for name, one in zip(names, releases, strict=True)
    ]  # fmt: skip
    changes = write_own(
        connection, now, int(artist.no), seen, finder.name_tracks(None, alone, artist.name), run_id=by
    )
    return changes, join_artists(connection, now, [int(artist.no)])


def list_own_tracks(connection: Connection, artist_no: int, release_no: int) -> list[OwnTrack]:
    """What the team has told so far of a release's tracks."""
    c = t.entry.c
    is_own = (c.kind == t.RELEASE, c.provenance == OWN, c.thing_no == release_no)
    names = set(connection.execute(select(c.source_id).where(*is_own)).scalars())
    rows = connection.execute(text(_ON_RELEASES), {"artist": artist_no})
    return [
        OwnTrack(row.title, row.isrc, row.duration_ms, row.explicit, row.disc, row.position)
        for row in rows
        if row.release in names
    ]


def find_entered(connection: Connection, artist_no: int, kind: str, title: str, code: str | None) -> int:
    """The number of what was entered just now, by its UPC or ISRC, else by its title."""
    if code is not None:
        return find_things(connection, kind, [code])[code]
    c = t.entry.c
    is_it = (c.kind == kind, c.provenance == OWN, c.artist_no == artist_no, c.folded == fold_name(title))
    query = select(c.thing_no).where(*is_it).order_by(c.gone_at.is_not(None), c.seen_at.desc(), c.no.desc())
    return int(connection.execute(query.limit(1)).scalar_one())


class _Finder:
    """Finds own entries again; each is meant once."""

    def __init__(self, connection: Connection, artist_no: int, tracks: Iterable[OwnTrack]) -> None:
        c = t.entry.c
        query = select(c.source_id, c.folded, c.upc, c.released, c.provenance)
        query = query.where(c.artist_no == artist_no, c.kind == t.RELEASE).order_by(c.no)
        self._releases = _keep_own(connection.execute(query))
        self._placed: dict[str | None, list[Row[Any]]] = {}
        for row in connection.execute(text(_ON_RELEASES), {"artist": artist_no}):
            self._placed.setdefault(row.release, []).append(row)
        self._placed[None] = _keep_own(connection.execute(text(_ALONE), {"artist": artist_no}))
        self._isrcs: dict[str, str] = {}
        for part in chunk(sorted({one.isrc for one in tracks if one.isrc})):
            codes = select(c.isrc, c.source_id, c.provenance).where(c.isrc.in_(part))
            for row in _keep_own(
                connection.execute(codes.order_by(c.gone_at.is_not(None).desc(), c.no.desc()))
            ):
                self._isrcs[row.isrc] = row.source_id  # the oldest that is still told

    def name_releases(self, wanted: Sequence[OwnRelease]) -> list[str]:
        """The id of each release; the surest matches go first, and what nothing matches gets a new one."""
        names: dict[int, str] = {}
        left = {row.source_id: row for row in self._releases}
        for fits in (_is_same_release, _may_be_release):
            for place, one in enumerate(wanted):
                found = [name for name, row in left.items() if fits(one, row)] if place not in names else []
                if len(found) == 1 or (found and fits is _is_same_release):
                    names[place] = found[0]
                    del left[found[0]]
        return [names.get(place) or _new_name() for place in range(len(wanted))]

    def name_tracks(
        self, release: str | None, tracks: Sequence[OwnTrack], artist: str
    ) -> tuple[SeenRecording, ...]:
        """The tracks of one release, or those of none, with the ids that they have or get."""
        left = {row.source_id: row for row in self._placed.get(release, ())}
        seen = []
        for one in tracks:
            name = self._isrcs.get(one.isrc or "") or self._match(one, left) or _new_name()
            left.pop(name, None)
            if one.isrc:
                self._isrcs[one.isrc] = name
            seen.append(
                SeenRecording(
                    name,
                    one.title,
                    one.isrc,
                    one.duration_ms,
                    one.explicit,
                    one.disc,
                    one.position,
                    (artist,),
                )
            )
        return tuple(seen)

    def _match(self, one: OwnTrack, left: dict[str, Row[Any]]) -> str | None:
        folded = fold_name(one.title)
        found = [row for row in left.values() if row.folded == folded and not (row.isrc and one.isrc)]
        if len(found) > 1:
            found = [row for row in found if (row.disc or 1, row.position) == (one.disc or 1, one.position)]
        return str(found[0].source_id) if found else None


def _keep_own(rows: Iterable[Row[Any]]) -> list[Row[Any]]:
    return [row for row in rows if row.provenance == OWN]


def _is_same_release(one: OwnRelease, row: Row[Any]) -> bool:
    if one.upc or row.upc:
        return bool(one.upc == row.upc)
    return bool(fold_name(one.title) == row.folded and one.released == row.released)


def _may_be_release(one: OwnRelease, row: Row[Any]) -> bool:
    """Whether nothing that both tell differs: of one date more may be known than of the other."""
    if fold_name(one.title) != row.folded or (one.upc and row.upc):
        return False
    mine, other = one.released or "", str(row.released or "")
    return mine.startswith(other) or other.startswith(mine)


def _new_name() -> str:
    return f"own_{secrets.token_hex(8)}"
