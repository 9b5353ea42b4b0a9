"""Facts between the file and the database."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from backline.storage.spool import Spool, SpoolFile
from tests.storage.spooled import Told, make_batch, make_spool

FACTS = [
    Told("Ann", 1, 5, "One", "DE", isrc="DEA", released="2020-01-01"),
    Told("ANN", 1, -6, "one", "DE", isrc="DEA", released="2020-01-01"),
    Told("Bo", 2, 2**62, None, "", "listeners", scale=2),
]


def test_blocks_come_back_and_may_be_asked_for_again(tmp_path: Path) -> None:
    spool = make_spool(tmp_path, "artist", FACTS[:2], FACTS[2:])
    for _ in range(2):
        blocks = list(spool.blocks())
        assert [block["value"].tolist() for block in blocks] == [[5, -6], [2**62]]
        assert [block["artist"].tolist() for block in blocks] == [[0, 0], [1]]
        assert [block["track"].tolist() for block in blocks] == [[1, 1], [0]]
        assert blocks[1]["scale"].tolist() == [2]
    assert spool.artists.texts == ["Ann", "Bo"]
    tracks = spool.tracks.columns()
    texts = (tracks.titles, tracks.isrcs, tracks.released)
    assert [tracks.artists.tolist(), *(column.to_pylist() for column in texts)] == [
        [0], ["One"], ["DEA"], ["2020-01-01"],
    ]  # fmt: skip
    assert spool.texts["measure"].texts == ["streams", "listeners"]


def test_no_file_is_left_to_be_found(tmp_path: Path) -> None:
    spool = make_spool(tmp_path, "artist", FACTS)
    assert list(tmp_path.iterdir()) == []
    assert len(list(spool.blocks())) == 1


def test_files_of_a_run_share_one_temp_file(tmp_path: Path) -> None:
    file = SpoolFile(tmp_path)
    spools = []
    for number in range(3):
        Spool(file, "artist").add(make_batch(FACTS))  # of a file that is refused in its middle
        spool = Spool(file, "artist")
        spool.add(make_batch([Told("Ann", 1, number)]))
        spool.add(make_batch([Told("Ann", 2, number)]))
        spool.close()
        spools.append(spool)
    together = zip(*(spool.blocks() for spool in spools), strict=True)
    values = [[block["value"].tolist() for block in blocks] for blocks in together]
    assert values == [[[0], [1], [2]], [[0], [1], [2]]]


def test_what_was_refused_takes_no_room(tmp_path: Path) -> None:
    file = SpoolFile(tmp_path)
    refused = Spool(file, "artist")
    refused.add(make_batch(FACTS))
    assert Spool(file, "artist").kind == "artist"
    assert file.append(make_batch(FACTS).select(["line"]))[0] == 0


@pytest.mark.parametrize(
    ("kind", "scopes"), [("artist", [0, 0, 1]), ("track", [1, 1, 2]), ("chart", [0, 0, 1])]
)
def test_scopes_by_kind(tmp_path: Path, kind: str, scopes: list[int]) -> None:
    spool = make_spool(tmp_path, kind, [*FACTS[:2], FACTS[2]._replace(track="Two")])
    assert spool.scopes(next(iter(spool.blocks()))).tolist() == scopes


def test_a_file_of_tracks_names_one_in_every_row(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="names one in every row"):
        make_spool(tmp_path, "track", FACTS)


def test_tracks_differ_by_artist_title_isrc_and_release(tmp_path: Path) -> None:
    facts = [
        Told("Ann", 1, 1, "One"),
        Told("Bo", 1, 1, "One"),
        Told("Ann", 1, 1, "One", isrc="X"),
        Told("Ann", 1, 1, "One", released="2020"),
        Told("Ann", 1, 1, " ONE "),
    ]
    (block,) = make_spool(tmp_path, "artist", facts).blocks()
    assert len(set(block["track"].tolist())) == 4
    assert block["track"][0] == block["track"][4]


def test_rejected_rows_find_their_scope(tmp_path: Path) -> None:
    day = date(1970, 1, 3)
    for kind, facts, scope in [("artist", FACTS, 1), ("track", FACTS[:1], 1), ("chart", FACTS[:1], 0)]:
        spool = make_spool(tmp_path, kind, facts)
        spool.reject("bo", day)
        spool.reject("bo", None)
        assert dict(spool.rejected) == {(scope, 2): 1}
    for kind, facts in [("artist", FACTS[:1]), ("chart", FACTS)]:
        spool = make_spool(tmp_path, kind, facts)
        spool.reject("bo", day)
        assert not spool.rejected


def test_a_name_of_rejected_rows_alone_is_no_artist(tmp_path: Path) -> None:
    batch = make_batch([Told("Ann", 2, 1, "One", "DE"), Told("Cy", 2, 1, "Two", "FR")])
    spool = Spool(SpoolFile(tmp_path), "artist")
    spool.add(batch.slice(0, 1))  # as of a block whose second row was rejected: its words are still there
    spool.reject("Cy", date(1970, 1, 3))
    spool.reject("ann", date(1970, 1, 3))
    spool.close()
    assert spool.artists.texts == ["Ann"]
    assert spool.tracks.columns().titles.to_pylist() == ["One"]
    assert spool.texts["country"].texts == ["DE"]
    assert dict(spool.rejected) == {(0, 2): 1}
