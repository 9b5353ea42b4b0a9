"""Tracks that reports name, found in bulk or made as unconfirmed ones.

A title that is told once, of an artist who has it once or never, is resolved by the column, and so is an
ISRC that belongs to one title. All others are placed one by one, see `track_shelf`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, null, select, text

from backline.storage import fact_tables as t
from backline.storage.bulk import (
    BATCH,
    Numbers,
    chunk,
    insert_columns,
    make_texts,
    reserve_numbers,
)
from backline.storage.catalogue import describe_origin
from backline.storage.claim_sums import hash_rows, mix
from backline.storage.text_columns import fold_texts, hash_texts
from backline.storage.track_index import TEXTS, TrackColumns
from backline.storage.track_shelf import KnownTrack, Shelf

SHELF = 20_000  # tracks that are placed one by one at a time
_READ = 20_000  # known tracks that are read at a time
_FILL = """
UPDATE backline_track SET isrc = coalesce(isrc, :isrc), released = coalesce(released, :released),
    upc = coalesce(upc, :upc) WHERE no = :no
"""
Rows = npt.NDArray[Any]


def resolve_tracks(connection: Connection, moment: int, tracks: TrackColumns, *, created_by: str) -> Numbers:
    """The `no` of each track; unknown ones are made, and what was not known of a known one is filled in.

    Artists are their `no`; a moment is microseconds since 1970 UTC, by the database's clock.
    An ISRC decides where it is known. A title that stands more than once in the call, with different
    days of release, means as many tracks; else the oldest track of that title is meant.
    """
    writer = _Writer(connection, moment, created_by, len(tracks))
    numbers = np.zeros(len(tracks), dtype=np.int64)
    if not len(tracks):
        return numbers
    wanted = _Wanted(tracks)
    known = _read_known(connection, wanted)
    found, is_slow = _match(wanted, known)
    hits = np.flatnonzero((found >= 0) & ~is_slow)
    numbers[hits] = known.numbers[found[hits]]
    writer.fill(_list_gaps(wanted, known, hits, found[hits]))
    fresh = np.flatnonzero((found < 0) & ~is_slow)
    numbers[fresh] = writer.add(tracks, fresh)
    for rows in _chunk_by_artist(tracks, np.flatnonzero(is_slow)):
        numbers[rows] = _place_slowly(writer, wanted, known, rows)
    return numbers


class _Wanted:
    """Tracks with the keys by which they are found: hashes of artist and folded title, of artist and ISRC.

    `groups` numbers the titles of artists; `codes` holds the ISRC's hash, 0 where none is told.
    """

    def __init__(self, tracks: TrackColumns) -> None:
        self.tracks = tracks
        keys = np.concatenate(
            [
                hash_names(
                    tracks.artists[first : first + BATCH], fold_texts(tracks.titles.slice(first, BATCH))
                )
                for first in range(0, len(tracks), BATCH)
            ]
        )
        self.titles, self.groups, self.counts = np.unique(keys, return_inverse=True, return_counts=True)
        self.codes = hash_codes(tracks.artists, tracks.isrcs)
        self.isrcs, counts = np.unique(self.codes[self.codes > 0], return_counts=True)
        self.shared = self.isrcs[counts > 1]
        self.has_day = tracks.released.is_valid().to_numpy(zero_copy_only=False)
        self.has_upc = tracks.upcs.is_valid().to_numpy(zero_copy_only=False)


@dataclass(frozen=True)
class _Known:
    """Tracks of the database that may be meant, oldest first, with folded titles.

    `groups` is -1 where only the ISRC is wanted.
    """

    tracks: TrackColumns
    numbers: Numbers
    groups: Numbers
    codes: npt.NDArray[np.uint64]


def hash_names(artists: npt.NDArray[Any], folded: pa.Array) -> npt.NDArray[np.uint64]:
    """Of an artist and a folded title. That a wanted title meets the hash of another is left to chance (2^-64)."""
    return hash_rows([mix(artists.astype(np.uint64)), hash_texts(folded)[:, 0]])


def hash_codes(artists: npt.NDArray[Any], isrcs: pa.Array) -> npt.NDArray[np.uint64]:
    """Of an artist and an ISRC; 0 where there is none."""
    if isrcs.null_count == len(isrcs):
        return np.zeros(len(isrcs), dtype=np.uint64)
    hashes = hash_rows([mix(artists.astype(np.uint64)), hash_texts(isrcs)[:, 0]]) | np.uint64(1)
    return np.where(isrcs.is_valid().to_numpy(zero_copy_only=False), hashes, np.uint64(0))


def _read_known(connection: Connection, wanted: _Wanted) -> _Known:
    """Of all tracks of the artists those whose title or ISRC is wanted."""
    c, kept = t.track.c, [_Known(_make_columns([]), *_no_keys())]
    upc = c.upc if wanted.has_upc.any() else null().label("upc")  # it only matters whether it is known
    for part in chunk(np.unique(wanted.tracks.artists).tolist()):
        query = select(c.no, c.artist_no, c.folded, c.isrc, c.released, upc).where(c.artist_no.in_(part))
        rows = connection.execute(query.order_by(c.no), execution_options={"yield_per": _READ})
        kept.extend(_keep_wanted(wanted, cells) for cells in rows.partitions())
    numbers = np.concatenate([part.numbers for part in kept])
    order = np.argsort(numbers, kind="stable")
    tracks = TrackColumns(
        np.concatenate([part.tracks.artists for part in kept]),
        *(pa.concat_arrays([getattr(part.tracks, name) for part in kept]) for name in TEXTS),
    )
    groups, codes = (np.concatenate([getattr(part, name) for part in kept]) for name in ("groups", "codes"))
    return _Known(tracks.take(order), numbers[order], groups[order], codes[order])


def _keep_wanted(wanted: _Wanted, cells: Any) -> _Known:
    tracks = _make_columns([row[1:] for row in cells])
    groups = _find(wanted.titles, hash_names(tracks.artists, tracks.titles))
    codes = hash_codes(tracks.artists, tracks.isrcs)
    rows = np.flatnonzero((groups >= 0) | (_find(wanted.isrcs, codes) >= 0))
    numbers = np.array([row[0] for row in cells], dtype=np.int64)
    return _Known(tracks.take(rows), numbers[rows], groups[rows], codes[rows])


def _make_columns(cells: list[Any]) -> TrackColumns:
    artists, *columns = zip(*cells, strict=True) if cells else ((), (), (), (), ())
    texts = (pa.array(list(column), type=pa.string()) for column in columns)
    return TrackColumns(np.array(artists, dtype=np.int64), *texts)


def _no_keys() -> tuple[Numbers, Numbers, npt.NDArray[np.uint64]]:
    return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint64)


def _find(keys: npt.NDArray[Any], values: npt.NDArray[Any]) -> Numbers:
    """Where each value stands in sorted keys, -1 where it does not."""
    if not len(keys):
        return np.full(len(values), -1, dtype=np.int64)
    at = np.minimum(np.searchsorted(keys, values), len(keys) - 1)
    return np.where(keys[at] == values, at, -1)


def _match(wanted: _Wanted, known: _Known) -> tuple[Numbers, npt.NDArray[np.bool_]]:
    """For each track the place of the known one that is meant, -1 where none is; and which ones this does not tell.

    Untold are titles that stand more than once, here or there, and ISRCs that stand beside another title too.
    """
    is_slow = wanted.counts > 1
    is_ours = known.groups >= 0
    is_slow |= np.bincount(known.groups[is_ours], minlength=len(is_slow)) > 1
    is_slow[wanted.groups[np.isin(wanted.codes, wanted.shared)]] = True
    groups_of = np.full(len(wanted.isrcs), -1, dtype=np.int64)
    coded = np.flatnonzero(wanted.codes)
    groups_of[_find(wanted.isrcs, wanted.codes[coded])] = wanted.groups[coded]
    at = _find(wanted.isrcs, known.codes)
    strays = np.flatnonzero((at >= 0) & (groups_of[at] != known.groups)) if len(groups_of) else at[:0]
    is_slow[groups_of[at[strays]]] = True
    is_slow[known.groups[strays][known.groups[strays] >= 0]] = True
    places = np.full(len(is_slow), -1, dtype=np.int64)
    places[known.groups[is_ours]] = np.flatnonzero(is_ours)
    found = places[wanted.groups]
    hits = np.flatnonzero(found >= 0)
    mine, theirs = wanted.codes[hits], known.codes[found[hits]]
    found[hits[(mine > 0) & (theirs > 0) & (mine != theirs)]] = -1
    return found, is_slow[wanted.groups]


def _list_gaps(wanted: _Wanted, known: _Known, rows: Rows, found: Numbers) -> list[dict[str, Any]]:
    """What these tracks tell that was not known of those that were found."""
    lacks_day = known.tracks.released.is_null().to_numpy(zero_copy_only=False)[found] & wanted.has_day[rows]
    lacks_upc = known.tracks.upcs.is_null().to_numpy(zero_copy_only=False)[found] & wanted.has_upc[rows]
    lacks_code = (known.codes[found] == 0) & (wanted.codes[rows] > 0)
    gaps = np.flatnonzero(lacks_day | lacks_upc | lacks_code)
    told = wanted.tracks.take(rows[gaps])
    texts = (column.to_pylist() for column in (told.isrcs, told.released, told.upcs))
    return list(map(_describe_gap, known.numbers[found[gaps]].tolist(), *texts))


def _chunk_by_artist(tracks: TrackColumns, rows: Rows) -> Iterator[Rows]:
    """Slices of about `SHELF` rows, each with all rows of its artists; an artist's stay in their order."""
    rows = rows[np.argsort(tracks.artists[rows], kind="stable")]
    artists, first = tracks.artists[rows], 0
    while first < len(rows):
        last = int(np.searchsorted(artists, artists[min(first + SHELF, len(rows)) - 1], side="right"))
        yield rows[first:last]
        first = last


def _place_slowly(writer: _Writer, wanted: _Wanted, known: _Known, rows: Rows) -> list[int]:
    is_meant = np.isin(known.groups, wanted.groups[rows])
    is_meant |= (known.codes > 0) & np.isin(known.codes, wanted.codes[rows])
    meant = np.flatnonzero(is_meant)
    shelf = Shelf(
        KnownTrack(number, cells)
        for number, cells in zip(
            known.numbers[meant].tolist(), _list_cells(known.tracks.take(meant)), strict=True
        )
    )
    found = shelf.place(_list_cells(wanted.tracks.take(rows)))
    new = list(dict.fromkeys(track for track in found if track.is_new))
    cells = _make_columns([track.name for track in new])
    for track, number in zip(new, writer.add(cells, np.arange(len(new))).tolist(), strict=True):
        track.no = number
    filled = dict.fromkeys(track for track in found if track.is_filled and not track.is_new)
    writer.fill([_describe_gap(track.no, *track.name[2:]) for track in filled])
    return [track.no for track in found]


def _list_cells(tracks: TrackColumns) -> list[tuple[Any, ...]]:
    texts = (getattr(tracks, name).to_pylist() for name in TEXTS)
    return list(zip(tracks.artists.tolist(), *texts, strict=True))


def _describe_gap(no: int, isrc: str | None, released: str | None, upc: str | None) -> dict[str, Any]:
    return {"no": no, "isrc": isrc, "released": released, "upc": upc}


class _Writer:
    """Makes tracks, in the order of the indexes: rows that are inserted in their order cost half as much."""

    def __init__(self, connection: Connection, moment: int, created_by: str, most: int) -> None:
        self._connection, self._moment, self._created_by = connection, moment, created_by
        self._ids = np.sort(np.frombuffer(secrets.token_bytes(8 * most), dtype=np.uint64))
        self._used = 0

    def fill(self, gaps: list[dict[str, Any]]) -> None:
        """What was not known so far of tracks: no, isrc, released, upc."""
        if gaps:
            self._connection.execute(text(_FILL), gaps)

    def add(self, tracks: TrackColumns, rows: Rows) -> Numbers:
        """The new `no` of each of these rows."""
        numbers = np.zeros(len(rows), dtype=np.int64)
        order = np.argsort(tracks.artists[rows], kind="stable")
        for first in range(0, len(order), BATCH):
            places = order[first : first + BATCH]
            numbers[places] = self._insert(tracks.take(rows[places]))
        return numbers

    def _insert(self, tracks: TrackColumns) -> Numbers:
        count = len(tracks)
        folded = fold_texts(tracks.titles)
        table = pa.table({"artist": tracks.artists, "folded": folded})
        keys = [("artist", "ascending"), ("folded", "ascending")]
        order = pc.sort_indices(table, sort_keys=keys).to_numpy()
        tracks, folded = tracks.take(order), folded.take(pa.array(order))
        numbers = reserve_numbers(self._connection, t.track.c.no, count)
        columns = {
            "no": numbers,
            "id": self._take_ids(count),
            "artist_no": tracks.artists,
            "title": make_texts([title.strip() for title in tracks.titles.to_pylist()]),
            "folded": make_texts(folded.to_pylist()),
            "isrc": make_texts(tracks.isrcs.to_pylist()),
            "released": make_texts(tracks.released.to_pylist()),
            **describe_origin(self._moment, count, self._created_by),
        }
        if tracks.upcs.null_count < count:
            columns["upc"] = make_texts(tracks.upcs.to_pylist())
        insert_columns(self._connection, t.track, columns)
        made = np.empty(count, dtype=np.int64)
        made[order] = numbers
        return made

    def _take_ids(self, count: int) -> npt.NDArray[Any]:
        """Random, but ascending within an import."""
        taken = self._ids[self._used : self._used + count].astype(">u8").tobytes().hex()
        self._used += count
        return make_texts([f"trk_{taken[first : first + 16]}" for first in range(0, len(taken), 16)])
