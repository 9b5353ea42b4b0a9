"""The team's own word: told again it is found again, and it takes over nothing of others."""

from __future__ import annotations

from typing import Any

import pytest

from backline.storage.artists import find_artist
from backline.storage.catalogue_finder import OwnRelease, OwnTrack
from backline.storage.catalogue_own import find_entered, write_catalogue
from backline.storage.database import Database
from tests.storage.catalogue_stage import ISRCS, CatalogueStage, release, tell, track

UPC, OTHER = "036000291452", "859000000001"


class OwnStage(CatalogueStage):
    """What the team says, one word after the other."""

    def say(self, *releases: OwnRelease, alone: tuple[OwnTrack, ...] = ()) -> list[Any]:
        """What had changed."""
        with self.write() as connection:
            artists = [find_artist(connection, f"Artist {number}") for number in (1, 2)]
            self.news = write_catalogue(connection, self.now, artists, releases, alone, by="ann")
        return tell(self.news.changes)

    def names(self, kind: str) -> list[tuple[str, int]]:
        """(title, number) of own entries."""
        rows = self.ask(
            f"SELECT title, thing_no FROM backline_entry WHERE kind = '{kind}' AND provenance = 'own' ORDER BY no"
        )
        return [(row[0], row[1]) for row in rows]


@pytest.fixture
def stage(database: Database) -> OwnStage:
    return OwnStage(database)


@pytest.mark.parametrize(
    ("first", "then", "is_same"),
    [
        (OwnRelease("Dawn"), OwnRelease("DAWN", released="2026"), True),
        (OwnRelease("Dawn", released="2026"), OwnRelease("Dawn", released="2026-03-01"), True),
        (OwnRelease("Dawn", released="2026"), OwnRelease("Dawn", released="2025"), False),
        (OwnRelease("Dawn"), OwnRelease("Dawn", UPC), True),
        (OwnRelease("Dawn", UPC), OwnRelease("Dawn!", UPC), True),
        (OwnRelease("Dawn", UPC), OwnRelease("Dawn", OTHER), False),
    ],
)
def test_a_release_told_again(stage: OwnStage, first: OwnRelease, then: OwnRelease, is_same: bool) -> None:
    stage.say(first)
    stage.say(then)
    assert len({number for _, number in stage.names("release")}) == (1 if is_same else 2)


def test_of_two_that_it_may_be_it_is_neither(stage: OwnStage) -> None:
    single, album = OwnRelease("Dawn", released="2025"), OwnRelease("Dawn", released="2026")
    stage.say(single, album)
    stage.say(album, single)
    assert len(stage.names("release")) == 2
    stage.say(OwnRelease("Dawn"))
    assert len(stage.names("release")) == 3


@pytest.mark.parametrize(
    ("first", "then", "is_same"),
    [
        (OwnTrack("One", position=1), OwnTrack("ONE", ISRCS[0], position=2), True),
        (OwnTrack("One", ISRCS[0]), OwnTrack("One (Mix)", ISRCS[0]), True),
        (OwnTrack("One", ISRCS[0]), OwnTrack("One", ISRCS[1]), False),
        (OwnTrack("One"), OwnTrack("Two"), False),
    ],
)
@pytest.mark.parametrize("on_release", [True, False])
def test_a_track_told_again(
    stage: OwnStage, first: OwnTrack, then: OwnTrack, is_same: bool, on_release: bool
) -> None:
    for one in (first, then):
        if on_release:
            stage.say(OwnRelease("Dawn", tracks=(one,)))
        else:
            stage.say(alone=(one,))
    assert len({number for _, number in stage.names("recording")}) == (1 if is_same else 2)


def test_two_tracks_of_one_title_are_told_apart_by_their_places(stage: OwnStage) -> None:
    dawn = OwnRelease("Dawn", tracks=(OwnTrack("Intro", position=1), OwnTrack("Intro", position=9)))
    stage.say(dawn)
    before = stage.names("recording")
    assert stage.say(dawn) == [] and stage.names("recording") == before and len(before) == 2


def test_a_code_makes_it_one_thing_with_what_others_say_and_nothing_is_taken_over(stage: OwnStage) -> None:
    stage.look(release("Dawn", track("One", ISRCS[0]), track("Two", ISRCS[1]), upc=UPC))
    stage.say(OwnRelease("Our Dawn", UPC, tracks=(OwnTrack("Our One", ISRCS[0]),)))
    assert stage.count("release") == 1 and stage.count("recording") == 2
    with stage.database.read() as connection:
        number = find_entered(connection, 1, "release", "Our Dawn", UPC)
        assert number == find_entered(connection, 1, "release", "our dawn", None)
    assert stage.names("recording") == [("Our One", 1)]
    assert stage.count("entry", "provenance = 'own' AND title IN ('Dawn', 'One', 'Two')") == 0
    assert stage.count("artist_sync", "platform_id <> 'p1'") == 0
