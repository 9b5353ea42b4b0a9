"""Artists, releases and tracks as the sandbox's world has them, on each profile."""

from __future__ import annotations

import pytest

from backline.spotify.payloads import list_things
from tests.spotify.stand_ins import Room

ALL = ["dev-2026", "dev-legacy", "extended"]


@pytest.mark.parametrize("profile", ALL)
def test_the_catalogue_is_read_as_it_is(profile: str) -> None:
    room = Room(profile)
    catalogue = room.speak().catalogue
    artist = max(room.world.artists.values(), key=lambda one: len(one.releases))
    assert catalogue.get_artist(artist.id).name == artist.name
    pages = catalogue.walk_releases(artist.id, ("album", "single", "compilation"))
    found = [one for page in pages for one in list_things(page.items)]
    assert {one.id for one in found} == set(artist.releases)
    release = room.world.releases[artist.releases[0]]
    album = catalogue.get_release(release.id)
    assert (album.name, album.upc, album.total_tracks) == (release.name, release.upc, len(release.tracks))
    stubs = [one for page in catalogue.walk_release_tracks(release.id) for one in list_things(page.items)]
    assert [one.id for one in stubs] == release.tracks
    track = catalogue.get_track(release.tracks[0])
    assert track.isrc == room.world.tracks[release.tracks[0]].isrc


@pytest.mark.parametrize(("profile", "requests"), [("dev-2026", 60), ("dev-legacy", 2), ("extended", 2)])
def test_several_tracks_cost_as_little_as_the_profile_allows(profile: str, requests: int) -> None:
    room = Room(profile)
    wanted = list(room.world.tracks)[:60]
    assert [one.id for one in room.speak().catalogue.list_tracks(wanted)] == wanted
    assert room.budget.taken["tracks"] == requests


def test_a_recording_is_found_on_all_its_releases_and_a_release_by_its_upc() -> None:
    room = Room()
    catalogue = room.speak(room.sign_in()).catalogue
    isrc, tracks = max(room.world.recordings.items(), key=lambda pair: len(pair[1]))
    assert len(tracks) > 1
    assert {one.id for one in catalogue.find_isrc(isrc)} == set(tracks)
    release = next(one for one in room.world.releases.values() if one.upc)
    assert [one.id for one in catalogue.find_upc(release.upc or "")] == [release.id]
    artist = next(iter(room.world.artists.values()))
    assert artist.id in {one.id for one in catalogue.find_artists(artist.name)}
    assert room.budget.taken["search"] == 3
