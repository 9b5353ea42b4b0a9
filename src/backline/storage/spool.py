"""Facts of files on their way into the database: numbers in one unnamed temp file, texts in memory.

Nothing of a file is written to the database before the whole file is known to be good; until then its
facts lie here. All files of a run share one temp file, since a process may hold few open. It has no
name, so that it is gone with the process that made it, however that ends.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from backline.music import fold_name, to_day
from backline.storage.claim_sums import ClaimSums, Sums, hash_rows, make_keys, mix
from backline.storage.text_index import Hashes, TextIndex
from backline.storage.track_index import TrackIndex

TEXTS = ("country", "source", "measure", "currency")
_SCHEMA = pa.schema(
    [
        ("artist", pa.int32()),
        ("track", pa.int32()),
        ("day", pa.int32()),
        *((name, pa.int32()) for name in TEXTS),
        ("value", pa.int64()),
        ("scale", pa.int8()),
    ]
)
Block = dict[str, npt.NDArray[Any]]


class SpoolFile:
    """Blocks one behind the other, each found by its place. Files are taken one at a time."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  # it lives as long as this object
        self._kept = 0

    def drop(self) -> None:
        """Forget what stands behind the last that was kept: the blocks of a file that was refused."""
        self._file.truncate(self._kept)

    def append(self, batch: pa.RecordBatch) -> tuple[int, int]:
        """Write a block; where it begins, and its length in bytes."""
        place = self._file.seek(0, os.SEEK_END)
        return place, self._file.write(batch.serialize())

    def keep(self) -> None:
        """What was written so far stays as long as the file."""
        self._kept = self._file.seek(0, os.SEEK_END)

    def read(self, place: int, length: int, schema: pa.Schema) -> pa.RecordBatch:
        """A block again."""
        self._file.seek(place)
        return pa.ipc.read_record_batch(pa.py_buffer(self._file.read(length)), schema)


class Spool:
    """Takes a file's blocks (columns of `reports.format.FACT_SCHEMA`), gives them back as numbers.

    `kind` is what a scope of the file is: an artist (of playlists, too), a track, a chart's region (the fact's
    country), or an artist in one statement of a distributor.
    Track 0 is the artist as a whole. `file` may be shared; of its spools only the newest takes blocks.
    """

    def __init__(self, file: SpoolFile, kind: str) -> None:
        self.kind = kind
        self.artists = TextIndex()
        self.tracks = TrackIndex()
        self.texts = {name: TextIndex() for name in TEXTS}
        self.statements = TextIndex()
        self.pairs: dict[tuple[int, int], int] = {}  # of a statement: (artist, statement) to scope
        self.rejected: Counter[tuple[int, int]] = Counter()  # of (scope, day)
        self.doubted: set[tuple[int, int]] = set()  # (scope, day) of which a rejected row may be
        self._schema = _SCHEMA.append(pa.field("scope", pa.int32())) if kind == "statement" else _SCHEMA
        self._sums = ClaimSums()
        self._places: list[tuple[int, int]] = []
        self._file = file
        file.drop()

    def add(self, batch: pa.RecordBatch) -> None:
        """Keep one block of facts; a row of the file has all its facts in one block."""
        block: Block = {"artist": self.artists.encode(batch.column("artist"), fold_name)}
        told = batch.column("track"), batch.column("isrc"), batch.column("released")
        hashes = self.artists.hashes()
        block["track"], tracks = self.tracks.encode(block["artist"], hashes, told, batch.column("upc"))
        assert self.kind != "track" or block["track"].all(), "a file of tracks names one in every row"
        block["day"] = batch.column("day").cast(pa.int32()).to_numpy()
        for name, index in self.texts.items():
            block[name] = index.encode(batch.column(name))
        if self.kind == "statement":
            block["scope"] = self._pair(block["artist"], self.statements.encode(batch.column("statement")))
        block["value"] = batch.column("value").to_numpy()
        block["scale"] = batch.column("scale").to_numpy()
        keys = make_keys(self.scopes(block), block["day"])
        self._sums.add(keys, batch.column("line").to_numpy(), *self._hash(block, tracks))
        columns = [pa.array(block[name]) for name in self._schema.names]
        self._places.append(self._file.append(pa.RecordBatch.from_arrays(columns, schema=self._schema)))

    def reject(self, artist: str | None, day: date | None) -> None:
        """Count a row that could not be used, where it is known whose and of which day it is."""
        if day is None:
            return
        found = [(scope, to_day(day)) for scope in self._find_scopes(artist)]
        self.doubted.update(found)
        if len(found) == 1:
            self.rejected[found[0]] += 1

    def close(self) -> None:
        """No more blocks."""
        self.tracks.close()
        self._file.keep()

    def blocks(self) -> Iterator[Block]:
        """Everything again, from the start; may be asked for more than once."""
        for place, length in self._places:
            batch = self._file.read(place, length, self._schema)
            yield {name: batch.column(name).to_numpy() for name in self._schema.names}

    def sums(self) -> Sums:
        """The claims, by the numbers of their scopes (see `scopes`) and day."""
        return self._sums.total()

    def scopes(self, block: Block) -> npt.NDArray[Any]:
        """For each fact the number of its scope: of the artist, the track, the country or the pair."""
        return block[
            {"chart": "country", "statement": "scope", "playlist": "artist"}.get(self.kind, self.kind)
        ]

    def _pair(self, artists: npt.NDArray[Any], statements: npt.NDArray[Any]) -> npt.NDArray[Any]:
        told = artists.astype(np.int64) << 32 | statements
        distinct, places = np.unique(told, return_inverse=True)
        pairs = [(int(pair >> 32), int(pair & 0xFFFFFFFF)) for pair in distinct.tolist()]
        numbers = [self.pairs.setdefault(pair, len(self.pairs)) for pair in pairs]
        return np.array(numbers, dtype=np.int32)[places]

    def _find_scopes(self, artist: str | None) -> list[int]:
        """Scopes of which a rejected row may be; it tells neither its region nor its statement."""
        if self.kind == "chart":  # a file of one region has one scope
            return [0] if len(self.texts["country"]) == 1 else []
        if self.kind == "track":  # a file of one song: its rejected rows can only be that song's
            return [1] if len(self.tracks) == 1 else []
        found = None if artist is None else self.artists.find(fold_name(artist))
        if self.kind == "statement":
            return [scope for (owner, _), scope in self.pairs.items() if owner == found]
        return [] if found is None else [found]

    def _hash(self, block: Block, tracks: Hashes) -> list[npt.NDArray[np.uint64]]:
        """Two hashes of each row."""
        texts = [index.hashes()[block[name]] for name, index in self.texts.items()]
        cells = [self.artists.hashes()[block["artist"]], tracks, *texts]
        numbers = block["value"].astype(np.uint64), block["scale"].astype(np.uint64)
        return [
            hash_rows(
                [
                    *(cell[:, lane] for cell in cells),
                    *(mix(number + np.uint64(lane + 1)) for number in numbers),
                ]
            )
            for lane in (0, 1)
        ]
