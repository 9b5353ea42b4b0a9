"""Artists and tracks that reports name: found in bulk, or made as unconfirmed ones.

Who is who is a person's decision; here a name only leads to the artist that already has it. A chart's
shared credit is one artist row, and its parts are noted so that its numbers count for each of them.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np
from sqlalchemy import Connection, select, text

from backline.music import Provenance, fold_name
from backline.storage import fact_tables as t
from backline.storage.artists import new_artist_id
from backline.storage.bulk import chunk, insert_columns, make_texts, merge_columns, repeat, reserve_numbers

TrackName = tuple[int, str, str | None, str | None]  # artist no, title, ISRC, day of release (ISO 8601)
JOINT = ", "
SHELF = 20_000  # tracks that are looked up at a time
MOST_NEIGHBOURS = 8  # names in one name ("Crosby, Stills, Nash & Young" has three parts)
_FILL = """
UPDATE backline_track SET isrc = coalesce(isrc, :isrc), released = coalesce(released, :released) WHERE no = :no
"""


def resolve_artists(
    connection: Connection, moment: int, names: Iterable[str], *, created_by: str
) -> dict[str, int]:
    """The `no` of the artist behind each name, or behind its id; unknown ones are made at this moment.

    A moment is microseconds since 1970 UTC, by the database's clock.
    Of several artists with one name a confirmed one is taken before others, then the oldest.
    """
    wanted = list(dict.fromkeys(names))
    known = _find_ids(connection, [name for name in wanted if name.startswith("art_")])
    folded = {name: fold_name(name) for name in wanted if name not in known}
    found = _find_folded(connection, sorted(set(folded.values())))
    missing = {fold: name for name, fold in reversed(folded.items()) if fold not in found}
    found |= _add_artists(connection, moment, dict(reversed(missing.items())), created_by)
    return known | {name: found[fold] for name, fold in folded.items()}


def resolve_tracks(
    connection: Connection, moment: int, tracks: Iterable[TrackName], *, created_by: str
) -> dict[TrackName, int]:
    """The `no` of each track; unknown ones are made, and what was not known of a known one is filled in.

    An ISRC decides where it is known. A title that stands more than once in the call, with different
    days of release, means as many tracks; else the oldest track of that title is meant.
    """
    wanted = sorted(dict.fromkeys(tracks), key=itemgetter(0))  # an artist's stay in their order
    numbers: dict[TrackName, int] = {}
    for part in _chunk_by_artist(wanted):
        numbers |= _resolve_part(connection, moment, part, created_by)
    return numbers


def _chunk_by_artist(wanted: Sequence[TrackName]) -> Iterator[Sequence[TrackName]]:
    """Slices of about `SHELF` tracks, each with all tracks of its artists: what they need is bounded."""
    first = 0
    while first < len(wanted):
        last = min(first + SHELF, len(wanted))
        while last < len(wanted) and wanted[last][0] == wanted[last - 1][0]:
            last += 1
        yield wanted[first:last]
        first = last


def _resolve_part(
    connection: Connection, moment: int, wanted: Sequence[TrackName], created_by: str
) -> dict[TrackName, int]:
    """All tracks of some artists."""
    shelf = _Shelf(connection, sorted({track[0] for track in wanted}))
    days: dict[tuple[int, str], set[str]] = {}
    for artist_no, title, isrc, released in wanted:
        if released and not isrc:
            days.setdefault((artist_no, fold_name(title)), set()).add(released)
    found = {}
    for track in wanted:
        is_one = len(days.get((track[0], fold_name(track[1])), ())) < 2
        found[track] = shelf.place(track, is_one=is_one)
    return shelf.write(connection, moment, found, created_by)


def add_credit_parts(connection: Connection, credits: Mapping[str, int]) -> None:
    """Note the single names, and the runs of neighbouring names, of a chart's shared credits ("A, B").

    A confirmed artist of the whole name is one artist, and gets no parts.
    """
    shared = {name: no for name, no in credits.items() if JOINT in name}
    confirmed: set[int] = set()
    for numbers in chunk(list(shared.values())):
        query = select(t.artist.c.no).where(t.artist.c.no.in_(numbers), t.artist.c.confirmed)
        confirmed |= set(connection.execute(query).scalars())
    pairs = {(part, no) for name, no in shared.items() if no not in confirmed for part in split_credit(name)}
    if pairs:
        parts, numbers = zip(*sorted(pairs), strict=True)
        columns = {"part": make_texts(parts), "artist_no": np.array(numbers, dtype=np.int64)}
        merge_columns(connection, t.credit_part, columns, "DO NOTHING")


def split_credit(name: str) -> set[str]:
    """Folded: each name inside a credit, and each run of up to eight neighbours but the whole."""
    names = [part for part in name.split(JOINT) if part.strip()]
    runs = {
        fold_name(JOINT.join(names[first:last]))
        for first in range(len(names))
        for last in range(first + 1, min(first + MOST_NEIGHBOURS, len(names)) + 1)
    }
    return runs - {fold_name(name)}


def _find_ids(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in chunk(ids):
        query = select(t.artist.c.id, t.artist.c.no).where(t.artist.c.id.in_(part))
        found |= {row.id: row.no for row in connection.execute(query)}
    return found


def _find_folded(connection: Connection, folded: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in chunk(folded):
        query = select(t.artist.c.folded, t.artist.c.no).where(t.artist.c.folded.in_(part))
        for row in connection.execute(query.order_by(t.artist.c.confirmed.desc(), t.artist.c.no)):
            found.setdefault(row.folded, row.no)
    return found


def _add_artists(
    connection: Connection, moment: int, names: Mapping[str, str], created_by: str
) -> dict[str, int]:
    if not names:
        return {}
    numbers = reserve_numbers(connection, t.artist.c.no, len(names))
    columns = {
        "no": numbers,
        "id": make_texts([new_artist_id() for _ in names]),
        "name": make_texts([name.strip() for name in names.values()]),
        "folded": make_texts(list(names)),
        **_describe_origin(moment, len(names), created_by),
    }
    insert_columns(connection, t.artist, columns)
    return dict(zip(names, numbers.tolist(), strict=True))


def _describe_origin(moment: int, count: int, created_by: str) -> dict[str, Any]:
    return {
        "confirmed": repeat(False, count),
        "provenance": repeat(Provenance.REPORT.value, count),
        "created_at": np.full(count, moment, dtype=np.int64),
        "created_by": repeat(created_by, count),
    }


class _Track:
    """A track known or to be made."""

    __slots__ = ("artist_no", "is_filled", "is_new", "isrc", "no", "released", "title")

    def __init__(self, no: int, artist_no: int, title: str, isrc: str | None, released: str | None) -> None:
        self.no, self.artist_no, self.title = no, artist_no, title
        self.isrc, self.released = isrc, released
        self.is_new, self.is_filled = not no, False

    def fill(self, isrc: str | None, released: str | None) -> None:
        """What was not known so far."""
        for name, value in (("isrc", isrc), ("released", released)):
            if value and getattr(self, name) is None:
                setattr(self, name, value)
                self.is_filled = True


class _Shelf:
    """The tracks of some artists, oldest first."""

    def __init__(self, connection: Connection, artists: Sequence[int]) -> None:
        self._titles: dict[tuple[int, str], list[_Track]] = {}
        self._codes: dict[tuple[int, str], _Track] = {}
        self._new: list[_Track] = []
        columns = (t.track.c.no, t.track.c.artist_no, t.track.c.title, t.track.c.isrc, t.track.c.released)
        for part in chunk(artists):
            query = select(*columns, t.track.c.folded).where(t.track.c.artist_no.in_(part))
            for *cells, folded in connection.execute(query.order_by(t.track.c.no)):
                self._put(_Track(*cells), folded)

    def place(self, wanted: TrackName, *, is_one: bool) -> _Track:
        """The track that is meant, a new one where there is none."""
        artist_no, title, isrc, released = wanted
        folded = fold_name(title)
        track = self._find(artist_no, folded, isrc, released, is_one=is_one)
        if track is None:
            track = _Track(0, artist_no, title.strip(), isrc, released)
            self._new.append(track)
            self._put(track, folded)
        else:
            track.fill(isrc, released)
            if track.isrc:
                self._codes.setdefault((artist_no, track.isrc), track)
        return track

    def write(
        self, connection: Connection, moment: int, found: Mapping[TrackName, _Track], created_by: str
    ) -> dict[TrackName, int]:
        """Insert and fill in what `place` found to be new."""
        numbers = reserve_numbers(connection, t.track.c.no, len(self._new)).tolist() if self._new else []
        for track, no in zip(self._new, numbers, strict=True):
            track.no = no
        if self._new:
            columns = {
                "no": np.array(numbers, dtype=np.int64),
                "id": make_texts([f"trk_{secrets.token_hex(8)}" for _ in self._new]),
                "artist_no": np.array([track.artist_no for track in self._new], dtype=np.int64),
                "title": make_texts([track.title for track in self._new]),
                "folded": make_texts([fold_name(track.title) for track in self._new]),
                "isrc": make_texts([track.isrc for track in self._new]),
                "released": make_texts([track.released for track in self._new]),
                **_describe_origin(moment, len(self._new), created_by),
            }
            insert_columns(connection, t.track, columns)
        filled = {track.no: track for track in found.values() if track.is_filled and not track.is_new}
        if filled:
            names = ("no", "isrc", "released")
            values = [{name: getattr(track, name) for name in names} for track in filled.values()]
            connection.execute(text(_FILL), values)
        return {wanted: track.no for wanted, track in found.items()}

    def _put(self, track: _Track, folded: str) -> None:
        self._titles.setdefault((track.artist_no, folded), []).append(track)
        if track.isrc:
            self._codes.setdefault((track.artist_no, track.isrc), track)

    def _find(
        self, artist_no: int, folded: str, isrc: str | None, released: str | None, *, is_one: bool
    ) -> _Track | None:
        same_title = self._titles.get((artist_no, folded), [])
        if isrc:
            nameless = [track for track in same_title if track.isrc is None]
            return self._codes.get((artist_no, isrc)) or (nameless[0] if nameless else None)
        exact = [track for track in same_title if released and track.released == released]
        if exact:
            return exact[0]
        if is_one:
            return same_title[0] if same_title else None
        undated = [track for track in same_title if released is None or track.released is None]
        return undated[0] if undated else None
