"""Grow the catalogue of a world from a seed and counts: artists, releases of each date precision, tracks with ISRCs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from backline.sandbox.ids import Minter
from backline.sandbox.names import GENRES, LABELS, name_artist, name_title
from backline.sandbox.world import Artist, Release, Talk, Track, World

PINNED = (3, 10, 11, 40, 250, 0, 1)
LATEST = date(2026, 10, 23)


@dataclass(frozen=True)
class Counts:
    """How much grows. `releases`: how many the first artists have; the others draw from what is usual."""

    artists: int = 30
    listeners: int = 8
    playlists: int = 12
    releases: tuple[int, ...] = PINNED
    plays: int = 120


def grow_catalogue(minter: Minter, counts: Counts) -> World:
    """A world with artists, releases, tracks, shows and audiobooks, and nobody to listen."""
    world = World(minter)
    for number in range(counts.artists):
        artist = Artist(minter.take_id(), name_artist(minter.random, number))
        artist.genres = [GENRES[number % len(GENRES)]] if number % 3 == 0 else []
        artist.followers = int(minter.random.random() * 90_000)
        world.artists[artist.id] = artist
    everybody = list(world.artists)
    for number, artist_id in enumerate(everybody):
        size = counts.releases[number] if number < len(counts.releases) else _draw_size(minter)
        for _ in range(size):
            grow_release(world, [artist_id], guests=everybody)
    _grow_talk(world)
    return world


def grow_release(
    world: World, artists: list[str], guests: list[str], kind: str | None = None, on: date | None = None
) -> Release:
    """One more release of these artists; guests of its tracks are drawn from `guests`."""
    rng = world.minter.random
    kind = kind or _draw_kind(rng.random())
    day = on or LATEST - timedelta(days=int(rng.random() ** 2 * 14_000))
    text, precision = (day.isoformat(), "day") if on else _blur(day, rng.random())
    has_upc = rng.random() < 0.97
    upc = world.minter.take_upc(13 if rng.random() < 0.2 else 12) if has_upc else None
    label = LABELS[int(rng.random() * len(LABELS))]
    release = Release(world.minter.take_id(), name_title(rng), kind, text, precision, artists, upc, label)
    world.releases[release.id] = release
    for artist_id in artists:
        world.artists[artist_id].releases.append(release.id)
    _fill_release(world, release, guests, day.year)
    return release


def _fill_release(world: World, release: Release, guests: list[str], year: int) -> None:
    rng = world.minter.random
    most = {"album": 14, "single": 3, "compilation": 20}[release.kind]
    size = 1 + int(rng.random() * most) if release.kind == "single" else 6 + int(rng.random() * (most - 5))
    earlier = [one for artist in release.artists for one in world.artists[artist].releases[:-1]]
    for number in range(1, size + 1):
        chance = rng.random()
        former = world.releases[earlier[int(rng.random() * len(earlier))]] if earlier else None
        if former and former.tracks and chance < 0.2:
            again = world.tracks[former.tracks[int(rng.random() * len(former.tracks))]]
            # One recording on several releases keeps its ISRC; a new recording of the same title has its own.
            isrc = again.isrc if chance < 0.15 else world.minter.take_isrc(year)
            name, length = again.name, again.duration_ms
        else:
            isrc = world.minter.take_isrc(year) if rng.random() < 0.96 else None
            name, length = name_title(rng), 31_000 + int(rng.random() * 330_000)
        artists = list(release.artists)
        if rng.random() < 0.06 and (guest := guests[int(rng.random() * len(guests))]) not in artists:
            artists.append(guest)
        disc = 1 if number <= 12 else 2
        barred = ("DE",) if rng.random() < 0.03 else ()
        place = number if disc == 1 else number - 12
        world.place_track(
            Track(
                world.minter.take_id(), release.id, name, disc, place, length, rng.random() < 0.1, isrc, artists, barred
            )
        )  # fmt: skip


def _draw_size(minter: Minter) -> int:
    chance = minter.random.random()
    return int(chance * 10) if chance < 0.9 else 10 + int(minter.random.random() * 15)


def _draw_kind(chance: float) -> str:
    return "single" if chance < 0.6 else "album" if chance < 0.93 else "compilation"


def _blur(day: date, chance: float) -> tuple[str, str]:
    text = day.isoformat()
    if chance < 0.06:
        return text[:4], "year"
    return (text[:7], "month") if chance < 0.12 else (text, "day")


def _grow_talk(world: World) -> None:
    """Two shows with episodes and one audiobook with chapters: what playlists and libraries may hold beside music."""
    for kind, part, many in (("show", "episode", 4), ("show", "episode", 60), ("audiobook", "chapter", 5)):
        whole = Talk(world.minter.take_id(), kind, name_title(world.minter.random))
        world.talks[whole.id] = whole
        for number in range(many):
            day = (date(2025, 1, 1) + timedelta(days=7 * number)).isoformat()
            title = f"{part.title()} {number + 1}"
            one = Talk(world.minter.take_id(), part, title, whole.id, 1_800_000 + number * 1000, day)
            world.talks[one.id] = one
            whole.parts.append(one.id)
