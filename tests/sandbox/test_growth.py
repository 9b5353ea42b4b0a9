"""A catalogue grows from a seed and counts, with everything in it that trips a client."""

from __future__ import annotations

import time
from datetime import date

from backline.sandbox.growth import PINNED, Counts, grow_catalogue, grow_release
from backline.sandbox.ids import Minter, sum_check_digit
from backline.sandbox.world import World


def grow(seed: int = 1, artists: int = 60) -> World:
    return grow_catalogue(Minter(seed), Counts(artists=artists))


def test_the_first_artists_have_the_sizes_that_matter() -> None:
    world = grow()
    sizes = [len(artist.releases) for artist in world.artists.values()]
    assert tuple(sizes[: len(PINNED)]) == PINNED
    assert {0, 3, 10, 11, 40, 250} <= set(sizes)


def test_dates_come_in_each_precision() -> None:
    lengths = {"year": 4, "month": 7, "day": 10}
    releases = grow().releases.values()
    assert {release.precision for release in releases} == set(lengths)
    assert all(len(release.date) == lengths[release.precision] for release in releases)


def test_upcs_are_right_and_sometimes_absent() -> None:
    upcs = [release.upc for release in grow().releases.values()]
    there = [upc for upc in upcs if upc]
    assert None in upcs
    assert {len(upc) for upc in there} == {12, 13}
    assert all(int(upc[-1]) == sum_check_digit(upc[:-1]) for upc in there)
    assert len(set(there)) == len(there)


def test_recordings_lie_across_releases_and_titles_across_recordings() -> None:
    world = grow()
    assert any(len({world.tracks[one].release for one in tracks}) > 1 for tracks in world.recordings.values())
    assert any(track.isrc is None for track in world.tracks.values())
    titles: dict[tuple[str, str], set[str]] = {}
    for track in world.tracks.values():
        if track.isrc:
            titles.setdefault((track.artists[0], track.name), set()).add(track.isrc)
    assert any(len(isrcs) > 1 for isrcs in titles.values())


def test_guests_second_discs_and_countries_occur() -> None:
    world = grow()
    assert any(artist.appears_on for artist in world.artists.values())
    assert any(track.disc == 2 for track in world.tracks.values())
    assert any(track.barred for track in world.tracks.values())
    assert {talk.kind for talk in world.talks.values()} == {"show", "episode", "audiobook", "chapter"}


def test_a_release_can_be_added_later() -> None:
    world = grow()
    artist = next(iter(world.artists))
    release = grow_release(world, [artist], [artist], kind="single", on=date(2026, 11, 20))
    assert (release.date, release.precision, release.kind) == ("2026-11-20", "day", "single")
    assert world.artists[artist].releases[-1] == release.id
    assert release.tracks


def test_a_thousand_artists_grow_in_no_time() -> None:
    started = time.process_time()
    assert len(grow(artists=1000).artists) == 1000
    assert time.process_time() - started < 3
