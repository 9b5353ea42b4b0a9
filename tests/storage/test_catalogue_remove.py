"""The team takes its word back, and what another source says of the same stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from backline.errors import BadInput
from backline.storage.artists import find_artist
from backline.storage.catalogue_finder import OwnRelease, OwnTrack
from backline.storage.catalogue_own import write_catalogue
from backline.storage.catalogue_read import find_thing, read_things
from backline.storage.catalogue_remove import Removed, remove_own
from backline.storage.database import Database
from tests.storage.catalogue_stage import ISRCS, CatalogueStage, release, track
from tests.storage.test_catalogue_own import UPC, OwnStage
from tests.storage.test_joins import JoinStage, Told

ONE, TWO = OwnTrack("One", ISRCS[0], position=1), OwnTrack("Two", ISRCS[1], position=2)
OF_OWN = ("entry", "appearance", "discography", "performer", "catalogue_change", "release", "recording")


@pytest.fixture
def stage(database: Database) -> OwnStage:
    return OwnStage(database)


def remove(stage: CatalogueStage, kind: str, number: int) -> Removed:
    with stage.write() as connection:
        (thing,) = read_things(connection, kind, [number])
        return remove_own(connection, stage.now, thing, by="ann")


def test_a_release_takes_along_what_is_on_it_alone(stage: OwnStage) -> None:
    stage.say(OwnRelease("Dawn", UPC, tracks=(ONE, TWO)), OwnRelease("Best", tracks=(ONE,)))
    removed = remove(stage, "release", 1)
    assert [(one.kind, one.no) for one in removed.things] == [("release", 1), ("recording", 2)]
    assert removed.stays == frozenset()
    assert (stage.names("release"), stage.names("recording")) == ([("Best", 2)], [("One", 1)])
    remove(stage, "release", 2)
    assert [stage.count(table) for table in OF_OWN] == [0] * len(OF_OWN)


def test_a_recording_leaves_its_releases(stage: OwnStage) -> None:
    stage.say(OwnRelease("Dawn", UPC, tracks=(ONE, TWO)))
    remove(stage, "recording", 1)
    assert stage.ask("SELECT tracks FROM backline_entry WHERE kind = 'release'") == [(1,)]
    assert stage.ask("SELECT field, old, new FROM backline_catalogue_change") == [("tracks", "2", "1")]
    stage.say(OwnRelease("Dawn", UPC, tracks=(ONE, TWO)))
    assert stage.ask("SELECT tracks FROM backline_entry WHERE kind = 'release'") == [(2,)]


def test_what_another_source_tells_stays(stage: OwnStage) -> None:
    stage.look(release("Dawn", track("One", ISRCS[0]), upc=UPC))
    before = stage.counts()
    stage.say(OwnRelease("Dawn", UPC, tracks=(ONE, TWO)))
    removed = remove(stage, "release", 1)
    assert len(removed.stays) == 2 and len(removed.things) == 3
    assert stage.counts() == before
    with pytest.raises(BadInput, match="nothing that you entered"):
        remove(stage, "release", 1)
    with stage.write() as connection, pytest.raises(BadInput, match="nothing that you entered"):
        artist = stage.ask("SELECT id FROM backline_artist WHERE no = 1")[0][0]
        remove_own(connection, stage.now, find_thing(connection, artist), by="ann")


def test_joins_are_made_anew(database: Database, tmp_path: Path) -> None:
    stage = JoinStage(database, tmp_path)
    said = [OwnRelease("Dawn", UPC, tracks=(TWO,)), OwnRelease("Best", tracks=(TWO,))]
    with stage.write() as connection:
        write_catalogue(connection, stage.now, [find_artist(connection, "Artist 1")], said, by="ann")
    stage.report(Told("Artist 1", 20_000, 5, "Two", upc=UPC))
    assert stage.joins() == [("Two", "Two", "upc", "joined")]
    remove(stage, "release", 1)
    assert stage.joins() == [("Two", "Two", "title", "proposed")]
    remove(stage, "recording", 1)
    assert stage.joins() == [] and stage.count("track_join") == 0
