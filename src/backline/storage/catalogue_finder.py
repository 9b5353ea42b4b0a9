"""What the team told before, found again: by its code (UPC, ISRC), else by its title where nothing speaks against it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Row, select, text

from backline.music import Provenance, fold_name
from backline.storage import catalogue_tables as t
from backline.storage.bulk import bind_numbers, chunk

OWN: Final = Provenance.OWN.value
# CROSS JOIN and a provenance that is looked at last keep SQLite to the keys of few rows (see joins).
_LISTED = """
SELECT d.artist_no, e.* FROM backline_discography AS d CROSS JOIN backline_entry AS e
WHERE d.artist_no IN ({numbers}) AND d.provenance = 'own' AND e.kind = 'release' AND e.thing_no = d.release_no
    AND e.provenance = d.provenance AND e.source_id = d.source_id
ORDER BY e.no
"""
_PLACED = """
SELECT a.source_id AS release, a.disc, a.position, a.gone_at AS left_at, e.* FROM backline_appearance AS a
CROSS JOIN backline_entry AS e
WHERE a.release_no IN ({numbers}) AND a.provenance = 'own' AND e.kind = 'recording' AND e.thing_no = a.recording_no
    AND e.source_id = a.recording_source AND e.provenance = a.provenance
ORDER BY a.gone_at IS NOT NULL, e.no
"""
_ALONE = """
SELECT DISTINCT NULL AS disc, NULL AS position, e.* FROM backline_performer AS p CROSS JOIN backline_entry AS e
WHERE p.artist_no IN ({numbers}) AND p.provenance = 'own' AND e.kind = 'recording' AND e.thing_no = p.recording_no
    AND e.source_id = p.source_id AND e.provenance = p.provenance AND NOT EXISTS (
    SELECT 1 FROM backline_appearance AS a WHERE a.recording_no = e.thing_no AND a.recording_source = e.source_id
        AND a.provenance = e.provenance)
ORDER BY e.no
"""
_PERFORMERS = """
SELECT source_id, artist_no FROM backline_performer WHERE recording_no IN ({numbers}) AND provenance = 'own'
"""


@dataclass(frozen=True, slots=True)
class OwnTrack:
    """A recording as the team tells it. `artists`: their `no`, the main one first; () as the release's."""

    title: str
    isrc: str | None = None
    duration_ms: int | None = None
    explicit: bool | None = None
    disc: int | None = None
    position: int | None = None
    artists: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnRelease:
    """A release as the team tells it; `tracks` are all that it has of its artists, None where they are not told.

    `is_ordered`: tracks without places stand in their order. `beside`: the own id of a release to which the tracks
    are added, beside all that it has.
    """

    title: str
    upc: str | None = None
    released: str | None = None
    form: str | None = None
    tracks: tuple[OwnTrack, ...] | None = None
    artists: tuple[int, ...] = ()
    is_ordered: bool = False
    beside: str | None = None


@dataclass(frozen=True, slots=True)
class KnownTrack:
    """What a track is called, a new one included, and whose it was told to be."""

    source_id: str
    credits: tuple[str, ...] = ()


@dataclass(slots=True)
class _KnownRelease:
    row: Row[Any]
    artists: set[int] = field(default_factory=set)

    @property
    def source_id(self) -> str:
        return str(self.row.source_id)

    @property
    def credits(self) -> tuple[str, ...]:
        return tuple(json.loads(self.row.credits))


class Finder:
    """Finds own entries again; each is meant once on a release."""

    def __init__(
        self,
        connection: Connection,
        artists: Sequence[int],
        releases: Sequence[OwnRelease],
        alone: Sequence[OwnTrack],
    ) -> None:
        self._found = _Releases(connection, artists, releases).assign(releases)
        tracks = [*alone, *(one for some in releases for one in some.tracks or ())]
        self._isrcs = _read_isrcs(connection, {one.isrc for one in tracks if one.isrc})
        placed = _ask(connection, _PLACED, [int(one.row.thing_no) for one in self._found.values()])
        single = _ask(connection, _ALONE, artists) if alone else []
        self._left: dict[str | None, dict[str, Row[Any]]] = {None: {row.source_id: row for row in single}}
        for row in placed:
            self._left.setdefault(row.release, {}).setdefault(row.source_id, row)
        self._folded: dict[tuple[str | None, str], list[Row[Any]]] = {}
        for release, rows in self._left.items():
            for row in rows.values():
                self._folded.setdefault((release, row.folded), []).append(row)
        self._artists: dict[str, set[int]] = {}
        for row in _ask(connection, _PERFORMERS, [int(row.thing_no) for row in (*placed, *single)]):
            self._artists.setdefault(row.source_id, set()).add(int(row.artist_no))

    @staticmethod
    def make_name() -> str:
        """An id for what was never told before."""
        return f"own_{secrets.token_hex(8)}"

    def find_release(self, one: OwnRelease) -> _KnownRelease | None:
        """The release that one of those given at the beginning means; None where it is new."""
        return self._found.get(id(one))

    def take_track(self, release: str | None, one: OwnTrack) -> KnownTrack:
        """The track of a release (its own id) that is meant, or a new one; it is not left any more."""
        left = self._left.get(release, {})
        row = self._isrcs.get(one.isrc or "") or self._match(release, one)
        known = row if isinstance(row, KnownTrack) else _tell_known(row)
        left.pop(known.source_id, None)
        if one.isrc:
            self._isrcs.setdefault(one.isrc, known)
        return known

    def take_alone(self, one: OwnTrack) -> KnownTrack:
        """A recording of no release."""
        return self.take_track(None, one)

    def list_left(self, release: str, one: OwnRelease) -> list[Row[Any]]:
        """What stays on a release though it was not told: tracks of artists that were not named, or all."""
        named, rows = set(one.artists), self._left.get(release, {}).values()
        return [
            row
            for row in rows
            if row.left_at is None and (one.beside or not self._artists.get(row.source_id, set()) <= named)
        ]

    def _match(self, release: str | None, one: OwnTrack) -> Row[Any] | None:
        left, place = self._left.get(release, {}), (one.disc or 1, one.position)
        found = [
            row
            for row in self._folded.get((release, fold_name(one.title)), ())
            if row.source_id in left and not (row.isrc and one.isrc)
            and (self._artists.get(row.source_id, set()) & set(one.artists)
                 or (one.position and (row.disc or 1, row.position) == place))
        ]  # fmt: skip
        if len(found) > 1:
            found = [row for row in found if (row.disc or 1, row.position) == place]
        return found[0] if found else None


class _Releases:
    """The own releases of artists, and those that have a UPC that is told."""

    def __init__(self, connection: Connection, artists: Sequence[int], wanted: Sequence[OwnRelease]) -> None:
        self._known: dict[str, _KnownRelease] = {}
        for row in _ask(connection, _LISTED, artists):
            self._known.setdefault(row.source_id, _KnownRelease(row)).artists.add(int(row[0]))
        c = t.entry.c
        for name, some in (
            (c.upc, [one.upc for one in wanted if one.upc]),
            (c.source_id, [one.beside for one in wanted if one.beside]),
        ):
            for part in chunk(sorted(set(some))):
                query = select(t.entry).where(name.in_(part)).order_by(c.no)
                for row in connection.execute(query):
                    if row.provenance == OWN and row.kind == t.RELEASE:
                        self._known.setdefault(row.source_id, _KnownRelease(row))
        self._marked: dict[str, list[_KnownRelease]] = {}
        for one in self._known.values():
            for mark in {one.row.upc or "", f"title {one.row.folded}"}:
                self._marked.setdefault(mark, []).append(one)

    def assign(self, wanted: Sequence[OwnRelease]) -> dict[int, _KnownRelease]:
        """What each release (by `id`) means; the surest matches go first, and each is meant once."""
        found = {id(one): self._known[one.beside] for one in wanted if one.beside}
        taken = {one.source_id for one in found.values()}
        for fits in (_is_same_release, _may_be_release):
            for one in wanted:
                if id(one) in found:
                    continue
                fitting = [
                    row for row in self._list_near(one) if row.source_id not in taken and fits(one, row)
                ]
                if len(fitting) == 1 or (fitting and fits is _is_same_release):
                    found[id(one)] = fitting[0]
                    taken.add(fitting[0].source_id)
        return found

    def _list_near(self, one: OwnRelease) -> list[_KnownRelease]:
        near = [*self._marked.get(one.upc or "-", ()), *self._marked.get(f"title {fold_name(one.title)}", ())]
        return list({known.source_id: known for known in near}.values())


def merge_credits(known: Sequence[str], told: Sequence[str]) -> tuple[str, ...]:
    """Names of artists: as told where all that were known are among them, else those that are new after the others."""
    mine = {fold_name(name): name for name in told}
    if all(fold_name(name) in mine for name in known):
        return tuple(mine.values())
    return tuple({fold_name(name): name for name in (*known, *told)}.values())


def _is_same_release(one: OwnRelease, known: _KnownRelease) -> bool:
    if one.upc or known.row.upc:
        return bool(one.upc == known.row.upc)
    return _is_near(one, known) and one.released == known.row.released


def _may_be_release(one: OwnRelease, known: _KnownRelease) -> bool:
    """Whether nothing that both tell differs: of one date more may be known than of the other."""
    if not _is_near(one, known) or (one.upc and known.row.upc):
        return False
    mine, other = one.released or "", str(known.row.released or "")
    return mine.startswith(other) or other.startswith(mine)


def _is_near(one: OwnRelease, known: _KnownRelease) -> bool:
    return fold_name(one.title) == known.row.folded and bool(known.artists & set(one.artists))


def _read_isrcs(connection: Connection, isrcs: Iterable[str]) -> dict[str, KnownTrack]:
    c, found = t.entry.c, dict[str, KnownTrack]()
    for part in chunk(sorted(isrcs)):
        query = select(t.entry).where(c.isrc.in_(part)).order_by(c.gone_at.is_not(None).desc(), c.no.desc())
        for row in connection.execute(query):
            if row.provenance == OWN:
                found[row.isrc] = _tell_known(row)  # the oldest that is still told
    return found


def _tell_known(row: Row[Any] | None) -> KnownTrack:
    if row is None:
        return KnownTrack(Finder.make_name())
    return KnownTrack(row.source_id, tuple(json.loads(row.credits)))


def _ask(connection: Connection, query: str, numbers: Sequence[int]) -> list[Row[Any]]:
    listed, value = bind_numbers(connection, sorted(set(numbers)))
    return list(connection.execute(text(query.format(numbers=listed)), {"numbers": value}).all())
