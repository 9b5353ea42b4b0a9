"""Releases appear and leave, and so do recordings on them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backline.storage.database import Database
from tests.storage.catalogue_stage import CatalogueStage, release, tell, track


@pytest.fixture
def stage(database: Database) -> CatalogueStage:
    return CatalogueStage(database)


def test_releases_appear_leave_and_come_back(stage: CatalogueStage) -> None:
    dawn, dusk = release("Dawn", track("One")), release("Dusk", track("Two"))
    stage.look(dawn)
    assert tell(stage.look(dawn, dusk, after=1)) == [("release", "Dusk", "listed", None, "2027-01-16")]
    assert tell(stage.look(dawn, gone=("dusk", "never seen"), after=3)) == [
        ("release", "Dusk", "listed", "2027-01-16", None)
    ]
    assert list(stage.known().releases) == ["dawn"]
    assert stage.count("entry", "gone_at IS NOT NULL AND source_id = 'dusk'") == 1
    assert stage.look(dawn, gone=("dusk",)) == []
    assert tell(stage.look(dawn, dusk, after=1)) == [("release", "Dusk", "listed", None, "2027-01-20")]
    assert stage.count("entry", "gone_at IS NOT NULL") == 0


def test_nothing_appears_before_the_list_was_read_whole(stage: CatalogueStage) -> None:
    dawn, dusk, noon = (release(name, track(f"On {name}")) for name in ("Dawn", "Dusk", "Noon"))
    assert stage.look(dawn, is_whole=False, total=None) == []
    assert stage.known().total is None
    assert stage.look(dawn, replace(dusk, recordings=None), is_whole=True) == []
    assert stage.look(dusk, is_whole=False) == []  # read later, but it was there
    assert len(stage.look(dawn, dusk, noon, is_whole=False)) == 1


def test_recordings_appear_on_a_release_and_leave_it(stage: CatalogueStage) -> None:
    stage.look(release("Dawn", track("One"), track("Two")))
    changes = stage.look(release("Dawn", track("Two"), track("Three")), after=1)
    assert tell(changes) == [
        ("recording", "One", "listed", "2027-01-15", None),
        ("recording", "Three", "listed", None, "2027-01-16"),
    ]
    assert dict(stage.known().releases["dawn"].recordings) == {"two": None, "three": None}
    rows = stage.ask(
        "SELECT recording_source, position FROM backline_appearance WHERE gone_at IS NULL ORDER BY position"
    )
    assert [tuple(row) for row in rows] == [("two", 1), ("three", 2)]
    assert stage.count("entry", "gone_at IS NOT NULL AND source_id = 'one'") == 1
    changes = stage.look(release("Dawn", track("One"), tracks=1), after=1)
    assert tell(changes) == [
        ("recording", "One", "listed", None, "2027-01-17"),
        ("recording", "Three", "listed", "2027-01-16", None),
        ("recording", "Two", "listed", "2027-01-15", None),  # seen again within a day: nothing was written
        ("release", "Dawn", "tracks", "2", "1"),
    ]
    assert dict(stage.known().releases["dawn"].recordings) == {"one": None}
    empty = replace(release("Dawn"), tracks=None)
    assert [row[1] for row in tell(stage.look(empty))] == ["One"]
    assert dict(stage.known().releases["dawn"].recordings) == {}


def test_a_release_of_two_artists_stays_while_one_lists_it(stage: CatalogueStage) -> None:
    both = release("Both", track("One"))
    stage.look(both)
    stage.look(both, artist=2)
    stage.look(gone=("both",))
    assert stage.known().releases == {} and set(stage.known(2).releases) == {"both"}
    assert stage.count("entry", "gone_at IS NOT NULL") == 0
    stage.look(gone=("both",), artist=2)
    assert stage.count("entry", "gone_at IS NOT NULL") == 1
