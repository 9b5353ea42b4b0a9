"""A person's word which artist of a platform one is, made, moved and taken back."""

from __future__ import annotations

import pytest

from backline.errors import Conflict, UnknownName
from backline.storage.catalogue_links import (
    find_by_platform,
    find_platform_id,
    link_artist,
    list_links,
    make_artist_from,
    unlink_artist,
)
from backline.storage.database import Database
from tests.storage.catalogue_stage import KEEP, CatalogueStage, release, track


@pytest.fixture
def stage(database: Database) -> CatalogueStage:
    return CatalogueStage(database)


def link(stage: CatalogueStage, platform_id: str, artist_no: int) -> bool:
    with stage.write() as connection:
        return link_artist(connection, stage.now, "spotify", platform_id, artist_no, made_by="ann")


def make(stage: CatalogueStage, platform_id: str = "p9", name: str = "Made") -> int:
    with stage.write() as connection:
        row = make_artist_from(
            connection, stage.now, "spotify", platform_id, name, keep_until=stage.now + KEEP, run_id="run-1"
        )
    return int(row.no)


def find(stage: CatalogueStage, platform_id: str) -> int | None:
    with stage.database.read() as connection:
        row = find_by_platform(connection, "spotify", platform_id)
    return None if row is None else int(row.no)


def test_a_link_is_found_both_ways(stage: CatalogueStage) -> None:
    assert find(stage, "p1") is None
    assert link(stage, "p1", 1) and not link(stage, "p1", 1)
    assert find(stage, "p1") == 1
    with stage.database.read() as connection:
        assert find_platform_id(connection, "spotify", 1) == "p1"
        assert find_platform_id(connection, "spotify", 2) is None
        (row,) = list_links(connection, 1)
    assert (row.platform, row.platform_id, row.made_at, row.made_by) == ("spotify", "p1", stage.now, "ann")


def test_an_id_is_one_artist_and_an_artist_one_id(stage: CatalogueStage) -> None:
    link(stage, "p1", 1)
    with pytest.raises(Conflict, match="is Artist 1 already"):
        link(stage, "p1", 2)
    with pytest.raises(Conflict, match="is p1 on spotify already"):
        link(stage, "p2", 1)
    number = make(stage)
    with pytest.raises(Conflict, match="is p9 on spotify already"):
        link(stage, "p3", number)
    assert link(stage, "p9", number)


def test_an_artist_is_made_once_and_found_without_a_link(stage: CatalogueStage) -> None:
    number = make(stage)
    assert make(stage, name="Another Name") == number
    (row,) = stage.ask("SELECT * FROM backline_artist WHERE no = :no", no=number)
    assert (row.name, row.folded, row.provenance, row.created_by) == ("Made", "made", "spotify_api", "run-1")
    assert not row.confirmed and row.id.startswith("art_")
    assert find(stage, "p9") == number
    assert stage.known(number).name == "Made"
    link(stage, "p1", 1)
    assert make(stage, "p1") == 1


def test_what_was_read_goes_over_to_the_linked_artist(stage: CatalogueStage) -> None:
    number = make(stage)
    both = release("Both", track("One"))
    stage.look(both, release("Dawn", track("Two")), artist=number, platform_id="p9", next_offset=10)
    stage.look(both, artist=2, name=None)
    stage.look(both, artist=number, platform_id="p9", gone=("dawn",), total=1, next_offset=20)
    before = stage.known(number)
    assert link(stage, "p9", 1)
    assert stage.known(1) == before
    assert find(stage, "p9") == 1
    assert stage.ask("SELECT count(*) FROM backline_artist WHERE no = :no", no=number) == [(0,)]
    assert stage.ask("SELECT DISTINCT artist_no FROM backline_catalogue_change") == [(1,)]
    assert set(stage.known(2).releases) == {"both"}
    # And where the artist had the release from another list already.
    other = make(stage, "p8")
    stage.look(both, artist=other, platform_id="p8")
    assert link(stage, "p8", 2)
    assert set(stage.known(2).releases) == {"both"}


def test_a_word_taken_back_takes_along_what_was_read(stage: CatalogueStage) -> None:
    link(stage, "p1", 1)
    stage.look(release("Dawn", track("One")))
    with stage.write() as connection:
        assert unlink_artist(connection, "spotify", "p1")["entries"] == 3
    assert find(stage, "p1") is None
    assert (stage.count("entry"), stage.count("artist_sync"), stage.count("artist")) == (0, 0, 2)
    made = make(stage)  # nobody linked it, and it may be let go all the same
    with stage.write() as connection:
        assert unlink_artist(connection, "spotify", "p9")["artists"] == 1
    assert stage.ask("SELECT count(*) FROM backline_artist WHERE no = :no", no=made) == [(0,)]
    with pytest.raises(UnknownName, match="No artist is"), stage.write() as connection:
        unlink_artist(connection, "spotify", "p1")
