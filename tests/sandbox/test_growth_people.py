"""People, playlists and apps grow from the seed; the second playlist has every odd row."""

from __future__ import annotations

from dataclasses import asdict

from backline.sandbox.growth import Counts
from backline.sandbox.growth_people import grow_world
from backline.sandbox.world import World

COUNTS = Counts(artists=60)


def tell(world: World) -> list[object]:
    rooms = (
        world.artists,
        world.releases,
        world.tracks,
        world.talks,
        world.people,
        world.playlists,
        world.apps,
    )
    return [[asdict(one) for one in room.values()] for room in rooms]


def test_the_same_seed_gives_the_same_world() -> None:
    assert tell(grow_world(5, COUNTS)) == tell(grow_world(5, COUNTS))
    assert tell(grow_world(5, COUNTS)) != tell(grow_world(6, COUNTS))


def test_the_second_playlist_has_every_odd_row() -> None:
    world = grow_world(1, COUNTS)
    rows = list(world.playlists.values())[1].rows
    uris = [row.uri for row in rows]
    tracks = [uri.rpartition(":")[2] for uri in uris if uri.startswith("spotify:track:")]
    assert any(one not in world.tracks for one in tracks)
    assert any(uri.startswith("spotify:local:") for uri in uris)
    assert any(uri.startswith("spotify:episode:") for uri in uris)
    assert max(uris.count(uri) for uri in uris) == 3
    assert any(row.at is None and row.by is None for row in rows)
    barred = [world.tracks[one] for one in tracks if one in world.tracks and world.tracks[one].barred]
    assert {len(world.recordings.get(track.isrc or "", [])) > 1 for track in barred} == {True, False}


def test_playlists_are_of_every_kind() -> None:
    world = grow_world(1, COUNTS)
    lists = list(world.playlists.values())
    first = next(iter(world.people.values()))
    assert [len(one.rows) for one in lists[:6]][2] == 260
    assert lists[3].collaborative
    assert not lists[3].public
    assert lists[4].editorial
    assert lists[5].rows == ()
    assert first.playlists[-1] is None
    assert any(one.owner != first.id for one in lists)


def test_two_apps_share_a_developer_and_five_people_are_listed() -> None:
    world = grow_world(1, COUNTS)
    apps = list(world.apps.values())
    assert [app.account for app in apps] == ["developer-1", "developer-1", "developer-2"]
    assert all(len(app.listed) == 5 for app in apps)
    assert len(world.people) > 5


def test_plays_are_in_order() -> None:
    for person in grow_world(1, COUNTS).people.values():
        moments = [play.at for play in person.plays]
        assert len(moments) == 120
        assert moments == sorted(set(moments))
        assert {play.context is None for play in person.plays} == {True, False}


def test_a_world_may_be_empty() -> None:
    world = grow_world(1, Counts(artists=0, listeners=1))
    assert not world.tracks
    assert len(world.playlists) == 12
