"""Tracks by number."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from backline.storage.text_columns import hash_texts
from backline.storage.track_index import TrackIndex

Track = tuple[int, str | None, str | None, str | None]
ARTISTS = hash_texts(pa.array(["ann", "bo"]))


def encode(index: TrackIndex, *tracks: Track, is_coded: bool = True) -> tuple[list[int], list[list[int]]]:
    """Numbers and hashes of tracks by artist 0 or 1."""
    artists, *texts = zip(*tracks, strict=True)
    columns = [pa.array(column, type=pa.string()) for column in texts]
    title, isrc, released = (column.dictionary_encode() if is_coded else column for column in columns)
    upcs = pa.array([None] * len(artists), type=pa.string()).dictionary_encode()
    numbers, hashes = index.encode(np.array(artists, dtype=np.int32), ARTISTS, (title, isrc, released), upcs)
    return numbers.tolist(), hashes.tolist()


@pytest.mark.parametrize("is_coded", [True, False])
def test_numbers_go_on_over_blocks_in_the_order_of_first_sight(is_coded: bool) -> None:
    index = TrackIndex()
    found = []
    for block in (
        [(0, "Two", None, None), (0, None, None, None), (0, "One", "DEA", None), (0, " two", "", "")],
        [(1, "Two", None, None), (0, "ONE", "DEA", None), (0, "One", "DEB", None), (0, "", "DEA", None)],
        [(0, "TWO", None, "2020-01-01"), (1, "two", None, None)],
    ):
        found.append(encode(index, *block, is_coded=is_coded)[0])
    assert found == [[1, 0, 2, 1], [3, 2, 4, 0], [5, 3]]
    columns = index.columns()
    assert columns.artists.tolist() == [0, 0, 1, 0, 0]
    assert columns.titles.to_pylist() == ["Two", "One", "Two", "One", "TWO"]
    assert columns.isrcs.to_pylist() == [None, "DEA", None, "DEB", None]
    assert columns.released.to_pylist() == [None, None, None, None, "2020-01-01"]
    assert len(index) == 5


def test_hashes_depend_on_the_track_alone() -> None:
    tracks = [
        (0, "One", None, None),
        (0, "One", "DEA", None),
        (0, "One", None, "DEA"),
        (1, "One", None, None),
    ]
    _, forward = encode(TrackIndex(), *tracks)
    _, backward = encode(TrackIndex(), *tracks[::-1])
    assert forward == backward[::-1]
    assert len(np.unique(forward)) == 2 * len(tracks)


def test_many_blocks_are_found_again() -> None:
    index = TrackIndex()
    blocks = [
        [(0, f"Track {number}", None, None) for number in range(first, first + 50)]
        for first in range(0, 1_000, 25)
    ]
    found = [encode(index, *block)[0] for block in blocks]
    assert found == [list(range(first + 1, first + 51)) for first in range(0, 1_000, 25)]
    index.close()
    assert index.columns().titles.to_pylist() == [f"Track {number}" for number in range(1_025)]


def test_no_tracks() -> None:
    index = TrackIndex()
    assert encode(index, (0, None, None, None)) == ([0], [[0, 0]])
    assert len(index.columns()) == len(index) == 0


def test_the_upc_is_that_of_the_first_row() -> None:
    index = TrackIndex()
    columns = [pa.array(words, type=pa.string()) for words in (["One", "ONE", "Two"], [None] * 3, [None] * 3)]
    upcs = pa.array(["036000291452", "859000000001", None]).dictionary_encode()
    numbers, hashes = index.encode(
        np.zeros(3, dtype=np.int32), ARTISTS, (columns[0], columns[1], columns[2]), upcs
    )
    assert numbers.tolist() == [1, 1, 2] and hashes[0].tolist() == hashes[1].tolist()
    assert index.columns().upcs.to_pylist() == ["036000291452", None]
