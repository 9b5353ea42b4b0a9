"""What the team told before is found again; see test_catalogue_own and the clerk's tests for what comes of it."""

from __future__ import annotations

import pytest

from backline.storage.catalogue_finder import Finder, OwnRelease, OwnTrack, merge_credits
from backline.storage.database import Database
from tests.storage.test_catalogue_own import OwnStage


@pytest.fixture
def stage(database: Database) -> OwnStage:
    return OwnStage(database)


@pytest.mark.parametrize(
    ("known", "told", "merged"),
    [
        ((), ("Nova", "Kay"), ("Nova", "Kay")),
        (("Nova",), ("Kay",), ("Nova", "Kay")),
        (("Nova", "Kay"), ("KAY", "Nova"), ("KAY", "Nova")),
        (("Nova", "Kay"), ("Kay",), ("Nova", "Kay")),
    ],
)
def test_credits_add_up(known: tuple[str, ...], told: tuple[str, ...], merged: tuple[str, ...]) -> None:
    assert merge_credits(known, told) == merged


def test_two_tracks_of_one_title_by_two_artists_are_two(stage: OwnStage) -> None:
    nova, kay = OwnTrack("Intro", position=1, artists=(1,)), OwnTrack("Intro", position=2, artists=(2,))
    stage.say(OwnRelease("Best", tracks=(nova,), artists=(1,)))
    stage.say(OwnRelease("Best", tracks=(kay, nova), artists=(1, 2)))
    assert [title for title, _ in stage.names("recording")] == ["Intro", "Intro"]
    with stage.database.read() as connection:
        best = OwnRelease("Best", artists=(2,))
        finder = Finder(connection, [2], [best], [])
        known = finder.find_release(best)
        assert known is not None and known.artists == {2}
        assert [row.position for row in finder.list_left(known.source_id, best)] == [1]
        assert finder.take_track(known.source_id, kay).credits == ("Artist 2",)
