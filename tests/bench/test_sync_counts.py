"""The counts of requests: passes over one artist, the fewest that there can be, and what was not seen yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from backline.sandbox.growth import Counts
from backline.storage.database import Database
from backline.storage.upgrade import upgrade_database
from bench import tables
from bench.__main__ import main
from bench.sync_counts import (
    CHANGES,
    PASSES,
    Weighed,
    change_world,
    count_least,
    is_told,
    list_releases,
    measure_pass,
    measure_syncs,
)
from tests.tasks.work.artist_stand import DAY, ArtistStand


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[ArtistStand]:
    database = Database(f"sqlite:///{tmp_path / 'backline.db'}")
    upgrade_database(database)
    yield ArtistStand(database, transport=Weighed)
    database.close()


def test_an_artist_of_three_releases_costs_the_least_in_every_pass() -> None:
    lines = measure_syncs((1,), ("extended",))
    assert [one["pass"] for one in lines] == list(PASSES)
    assert [one["asked"] for one in lines] == [one["least"] for one in lines]
    assert [one["changes"] for one in lines] == [0, 0, 1, 0]
    assert {one["late"] for one in lines} == {0}
    assert all(one["cpu_seconds"] > 0 for one in lines)
    tables.show_syncs(Console(quiet=True), lines)


def test_what_a_pass_did_not_see_is_counted(stand: ArtistStand) -> None:
    artist = stand.find(3)
    assert measure_pass(stand, [artist], "first")["late"] == 0
    release = list_releases(stand, artist)[0].id
    stand.edit("move_date", release=release, date="2026-12-24")
    assert not is_told(stand, artist)
    assert measure_pass(stand, [artist], "changed")["late"] == 1  # in the same moment nothing is asked again
    stand.room.advance(DAY)
    assert measure_pass(stand, [artist], "changed")["late"] == 0


def test_of_sixty_artists_six_change_each_in_its_way_and_twice_the_same() -> None:
    counts = Counts(artists=60, listeners=1, playlists=0, plays=0)
    rooms = [ArtistStand(Database("sqlite:///:memory:"), counts=counts) for _ in range(2)]
    drawn = [change_world(one, list(one.room.world.artists.values())) for one in rooms]
    assert drawn[0] == drawn[1]
    assert [kind for kind, _ in drawn[0].values()] == list(CHANGES)
    gone = dict(drawn[0].values())["remove_release"]
    assert gone not in rooms[0].room.world.releases
    only = change_world(rooms[0], [rooms[0].find(3)])
    assert [kind for kind, _ in only.values()] == ["add_release"]


def test_the_least_is_the_page_and_what_is_new(stand: ArtistStand) -> None:
    artist = stand.find(10)
    release = max(list_releases(stand, artist), key=lambda one: len(one.tracks))
    many = len(release.tracks)
    assert count_least(stand, artist, "unchanged") == Counter({"artist-album": 1})
    for kind in ("move_date", "rename_release", "remove_release"):
        assert count_least(stand, artist, "changed", (kind, release.id)) == Counter({"artist-album": 1})
    assert count_least(stand, artist, "changed", ("add_track", release.id)) == {
        "artist-album": 2,
        "tracks": 1,
    }
    assert count_least(stand, artist, "changed", ("rerelease", release.id)) == {
        "artist-album": 2,
        "tracks": many,
    }
    assert count_least(stand, artist, "full")["artist-album"] == 1 + 10


def test_what_needs_no_services_is_measured_once(tmp_path: Path) -> None:
    assert main(["--stack", "redis", "--only", "requests", "--quick"], tmp_path) == 0
    (kept,) = tmp_path.iterdir()
    assert kept.read_text() == "[]"
