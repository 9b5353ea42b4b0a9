"""Releases read whole: in their order, for the fewest requests, and what is gone meanwhile."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from backline.sandbox.edits import edit_world
from backline.spotify.readings import Isrcs, Reading, read_releases
from tests.spotify.stand_ins import PROFILES, Room


def read(room: Room, ids: list[str], known: Isrcs | None = None) -> tuple[list[Reading], Counter[str], int]:
    """What was read, the requests by family, and how often it asked whether it may."""
    asked: list[int] = []
    found = list(
        read_releases(
            room.speak().catalogue,
            PROFILES[room.stage.profile],
            ids,
            lambda some: {one: known[one] for one in some if known and one in known},
            lambda: asked.append(1),
        )
    )
    entries = [one for one in room.stage.ledger.entries if "/v1/" in one.path]
    return found, Counter(one.family for one in entries), len(asked)


@pytest.mark.parametrize("profile", list(PROFILES))
def test_all_of_it_for_the_fewest_requests(profile: str) -> None:
    room = Room(profile)
    ids = [one.id for one in room.world.releases.values()][:45]
    long = edit_world(
        room.stage, {"do": "add_release", "artist": next(iter(room.world.artists)), "tracks": 130}
    )
    ids.append(long["release"])
    found, cost, asked = read(room, ids)
    tracks = sum(len(room.world.releases[one].tracks) for one in ids)
    few = profile != "dev-2026"
    assert cost["artist-album"] == (math.ceil(46 / 20) if few else 46) + 2
    assert cost["tracks"] == (math.ceil(tracks / 50) if few else tracks)
    assert [one.release_id for one in found] == ids and asked == cost.total()
    for one in found:
        true = [room.world.tracks[key] for key in room.world.releases[one.release_id].tracks]
        assert [(track.id, one.isrcs[str(track.id)]) for track in one.tracks] == [
            (t.id, t.isrc) for t in true
        ]


@pytest.mark.parametrize("profile", list(PROFILES))
def test_known_tracks_are_not_asked_for(profile: str) -> None:
    room = Room(profile)
    release = next(one for one in room.world.releases.values() if len(one.tracks) > 3)
    known: dict[str, str | None] = dict.fromkeys(release.tracks[1:])
    found, cost, _ = read(room, [release.id], known)
    assert cost == {"artist-album": 1, "tracks": 1}
    assert [found[0].isrcs[key] for key in release.tracks[1:]] == [None] * (len(release.tracks) - 1)


@pytest.mark.parametrize("profile", list(PROFILES))
def test_what_is_not_there_any_more_is_told(profile: str) -> None:
    room = Room(profile)
    first, second, third = list(room.world.releases)[:3]
    track = room.world.releases[third].tracks[0]
    edit_world(room.stage, {"do": "remove_release", "release": second})
    room.fail("world", match="GET /v1/tracks*", edits=[{"do": "remove_track", "track": track}])
    found, _, _ = read(room, [first, second, third])
    assert [one.album is None for one in found] == [False, True, False]
    assert len(found) == 3 and all(one.is_whole for one in found)
