"""What is put into a world is found in all its places, and what is taken away in none."""

from __future__ import annotations

from backline.sandbox.ids import Minter
from backline.sandbox.world import Artist, Person, Release, Track, World


def make_world() -> World:
    world = World(Minter(1))
    for name in ("a", "b"):
        world.artists[name] = Artist(name, name.upper())
    world.releases["r"] = Release("r", "R", "album", "2020", "year", ["a"], None, "L")
    world.artists["a"].releases.append("r")
    world.place_track(Track("t", "r", "T", 1, 1, 1000, False, "ZZAAA2000001", ["a", "b"]))
    return world


def test_a_track_is_on_its_release_and_on_the_guests_page() -> None:
    world = make_world()
    assert world.releases["r"].tracks == ["t"]
    assert world.recordings == {"ZZAAA2000001": ["t"]}
    assert world.artists["a"].appears_on == []
    assert world.artists["b"].appears_on == ["r"]


def test_a_release_goes_with_all_that_is_on_it() -> None:
    world = make_world()
    assert world.take_away_release("r") == ["t"]
    assert not world.releases
    assert not world.tracks
    assert world.recordings == {"ZZAAA2000001": []}
    assert world.artists["a"].releases == world.artists["b"].appears_on == []


def test_a_person_has_a_uri() -> None:
    assert Person("ada", "x", "Ada", "DE").uri == "spotify:user:ada"
