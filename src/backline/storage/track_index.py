"""Tracks of a file, each kept once: found by a hash, their texts in Arrow columns.

A track is told by its artist, folded title, ISRC and day of release. Two of one file are taken for the
same where 64 bits of their hashes are equal (the chance of an accident in a million tracks is about 3e-8).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from backline.storage.claim_sums import hash_rows
from backline.storage.text_columns import Hashes, fold_texts, hash_texts

Places = npt.NDArray[np.int32]

TEXTS = ("titles", "isrcs", "released", "upcs")  # of the columns those that are texts
_NOTHING = hash_texts(pa.array([""]))


@dataclass(frozen=True)
class TrackColumns:
    """One row per track: who it is by (a number), title, and ISRC, day of release (ISO 8601) and UPC or null."""

    artists: npt.NDArray[Any]
    titles: pa.Array
    isrcs: pa.Array
    released: pa.Array
    upcs: pa.Array

    def __len__(self) -> int:
        return len(self.artists)

    def take(self, rows: npt.NDArray[Any]) -> TrackColumns:
        """Some of the rows."""
        texts = (getattr(self, name).take(pa.array(rows)) for name in TEXTS)
        return TrackColumns(self.artists[rows], *texts)


class TrackIndex:
    """Numbers tracks from 1 in the order of their first sight; 0 is no track."""

    def __init__(self) -> None:
        self._count = 0
        self._parts: list[TrackColumns] = []
        self._runs: list[tuple[Hashes, Places]] = []  # sorted hashes and the numbers of their tracks

    def __len__(self) -> int:
        return self._count

    def encode(
        self,
        artists: Places,
        artist_hashes: Hashes,
        columns: tuple[pa.Array, pa.Array, pa.Array],
        upcs: pa.Array,
    ) -> tuple[Places, Hashes]:
        """The number of each row's track, and two hashes of it. Columns: title, ISRC, day of release. UPCs tell
        no track from another: of each the one of its first row is kept.

        An empty text counts as none; a row without a title has no track: 0, and hashes of 0.
        """
        coded = [
            column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
            for column in columns
        ]
        texts = [column.dictionary.cast(pa.string()).fill_null("") for column in coded]
        tables = [hash_texts(fold_texts(texts[0])), *(hash_texts(words) for words in texts[1:])]
        told = [_spread(column, table, _NOTHING) for column, table in zip(coded, tables, strict=True)]
        parts = [artist_hashes[artists], *told]
        hashes = np.stack([hash_rows([part[:, lane] for part in parts]) for lane in (0, 1)], axis=1)
        is_named = _spread(coded[0], pc.binary_length(texts[0]).to_numpy() > 0, np.zeros(1, dtype=bool))
        hashes[~is_named] = 0
        rows, numbers = np.flatnonzero(is_named), np.zeros(len(artists), dtype=np.int32)
        numbers[rows], fresh = self._place(hashes[rows, 0])
        if len(fresh):
            self._keep(rows[fresh], artists, [*coded, upcs])
        return numbers, hashes

    def close(self) -> None:
        """No more tracks: what is needed only to find them goes."""
        self._runs = []

    def columns(self) -> TrackColumns:
        """All tracks in the order of their numbers, from 1."""
        if len(self._parts) != 1:
            artists = [np.zeros(0, dtype=np.int32), *(part.artists for part in self._parts)]
            nothing = pa.array([], type=pa.string())
            texts = (
                pa.concat_arrays([nothing, *(getattr(part, name) for part in self._parts)]) for name in TEXTS
            )
            self._parts = [TrackColumns(np.concatenate(artists), *texts)]
        return self._parts[0]

    def _keep(self, rows: npt.NDArray[Any], artists: Places, coded: list[pa.Array]) -> None:
        texts = []
        for column in coded:
            found = column.take(pa.array(rows)).cast(pa.string())
            texts.append(pc.if_else(pc.equal(pc.binary_length(found), 0), None, found))
        self._parts.append(TrackColumns(artists[rows], *texts))

    def _place(self, hashes: npt.NDArray[np.uint64]) -> tuple[Places, npt.NDArray[Any]]:
        """The number of each hash, and the rows in which a track stands first."""
        order = np.argsort(hashes, kind="stable")
        ordered = hashes[order]
        starts = np.flatnonzero(
            np.concatenate((np.ones(min(len(order), 1), dtype=bool), ordered[1:] != ordered[:-1]))
        )
        keys, first = ordered[starts], order[starts]
        found = np.zeros(len(keys), dtype=np.int32)
        for known, numbers in self._runs:
            at = np.minimum(np.searchsorted(known, keys), len(known) - 1)
            is_known = known[at] == keys
            found[is_known] = numbers[at[is_known]]
        new = np.flatnonzero(found == 0)
        new = new[np.argsort(first[new])]
        found[new] = np.arange(self._count + 1, self._count + 1 + len(new), dtype=np.int32)
        self._count += len(new)
        new_keys = np.sort(new)
        self._remember(keys[new_keys], found[new_keys])
        places = np.empty(len(order), dtype=np.int32)
        places[order] = np.repeat(found, np.diff(np.append(starts, len(order))))
        return places, first[new]

    def _remember(self, hashes: npt.NDArray[np.uint64], numbers: Places) -> None:
        """A run is merged with those before it that are not much larger, so that there are few."""
        while self._runs and len(self._runs[-1][0]) < 2 * len(hashes):
            known, places = self._runs.pop()
            hashes, numbers = np.concatenate((known, hashes)), np.concatenate((places, numbers))
        if len(hashes):
            order = np.argsort(hashes, kind="stable")
            self._runs.append((hashes[order], numbers[order]))


def _spread(coded: pa.Array, table: npt.NDArray[Any], nothing: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """What a table has for each word of a dictionary, for every row; `nothing` (one row) where it is null."""
    codes = coded.indices.fill_null(len(table)).to_numpy(zero_copy_only=False)
    spread: npt.NDArray[Any] = np.concatenate((table, nothing))[codes]
    return spread
