"""What syncs of many artists ask: first, unchanged, changed and in full, beside the fewest requests there can be.

A sandbox grows so many artists; its budgets are off and its clock stands still but for a day between two passes. Every
artist is synced by the task itself, as a plain function on SQLite, whatever goes on with it included. The ledger of the
sandbox counts; CPU is that of this process without what the sandbox took in it.

The fewest that there can be (Client IDs of 2026: 10 releases a page, one release and one track a request; older ones:
50, 20 and 50), as somebody would ask who knew beforehand where something changed:

- first and full: the pages of the list, each release, each further 50 tracks of it, and each track (its ISRC stands
  nowhere else); for an artist without releases one more, for the name.
- unchanged: the first page.
- changed: the first page; for what is new each release, each further 50 tracks and each track; for a release with
  another number of tracks the release and its new tracks. A date, a title and a release that went: nothing more.
"""

from __future__ import annotations

import math
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from backline.sandbox.growth import Counts
from backline.sandbox.world import Artist, Release
from backline.storage.database import Database
from backline.storage.upgrade import upgrade_database
from tests.sandbox.transport import SandboxTransport
from tests.tasks.work.artist_stand import DAY, ArtistStand

ARTISTS: Final = (1, 100, 1000)
PROFILES: Final = ("dev-2026", "extended")
PASSES: Final = ("first", "unchanged", "changed", "full")
CHANGES: Final = ("add_release", "rerelease", "rename_release", "move_date", "remove_release", "add_track")
SHARE: Final = 10  # one artist in so many changes
Needs = Counter[str]  # requests by family


class Weighed(SandboxTransport):
    """Knows how much CPU the sandbox took; one thread asks."""

    spent = 0.0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        began = time.process_time()
        try:
            return super().handle_request(request)
        finally:
            Weighed.spent += time.process_time() - began


def measure_syncs(
    sizes: tuple[int, ...] = ARTISTS, profiles: tuple[str, ...] = PROFILES
) -> list[dict[str, Any]]:
    """A line for each profile, number of artists and pass."""
    lines = []
    for profile in profiles:
        for size in sizes:
            with _open_stand(profile, size) as stand:
                lines += [{"profile": profile} | line for line in _measure_passes(stand)]
    return lines


@contextmanager
def _open_stand(profile: str, size: int) -> Iterator[ArtistStand]:
    with tempfile.TemporaryDirectory(prefix="backline-bench-") as folder:
        database = Database(f"sqlite:///{Path(folder) / 'backline.db'}")
        upgrade_database(database)
        counts = Counts(artists=size, listeners=1, playlists=0, plays=0)
        yield ArtistStand(database, profile, transport=Weighed, counts=counts)
        database.close()


def _measure_passes(stand: ArtistStand) -> Iterator[dict[str, Any]]:
    artists = list(stand.room.world.artists.values())
    for name in PASSES:
        changes = change_world(stand, artists) if name == "changed" else {}
        needs: Needs = Counter()
        for one in artists:
            needs += count_least(stand, one, name, changes.get(one.id))
        yield measure_pass(stand, artists, name) | {"least": dict(needs), "changes": len(changes)}
        stand.room.advance(DAY)


def measure_pass(stand: ArtistStand, artists: list[Artist], name: str) -> dict[str, Any]:
    """Every artist once: requests by family, CPU and wall seconds, and how many are not yet told as they are."""
    asked: Needs = Counter()
    spent = Weighed.spent
    wall, cpu = time.perf_counter(), time.process_time()
    for artist in artists:
        stand.sync_whole(artist.id, full=name == "full", after=0)
        asked += Counter(stand.count())
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu - (Weighed.spent - spent)
    late = sum(not is_told(stand, artist) for artist in artists)
    releases = [one for artist in artists for one in list_releases(stand, artist)]
    return {
        "artists": len(artists), "releases": len(releases), "tracks": sum(len(one.tracks) for one in releases),
        "pass": name, "asked": dict(asked), "cpu_seconds": cpu, "seconds": wall, "late": late,
    }  # fmt: skip


def change_world(stand: ArtistStand, artists: list[Artist]) -> dict[str, tuple[str, str]]:
    """One change for every tenth artist that has a release, at least for one; the kinds in turn, all else by chance.

    By artist: the kind, and the release that it touched.
    """
    rng = random.Random("changes")
    able = [one for one in artists if list_releases(stand, one)]
    changed = {}
    for number, artist in enumerate(rng.sample(able, min(len(able), max(1, len(artists) // SHARE)))):
        kind, release = CHANGES[number % len(CHANGES)], rng.choice(list_releases(stand, artist)).id
        more = {
            "add_release": {"artist": artist.id, "tracks": rng.randint(1, 12)},
            "rename_release": {"release": release, "name": "Another Title"},
            "move_date": {"release": release, "date": "2026-12-24"},
        }
        touched = stand.edit(kind, **more.get(kind, {"release": release}))
        changed[artist.id] = (kind, touched.get("release", release))
    return changed


def count_least(
    stand: ArtistStand, artist: Artist, name: str, change: tuple[str, str] | None = None
) -> Needs:
    """The fewest requests for an artist, as the head of this file has it."""
    if name in {"first", "full"}:
        return Counter(stand.least(artist))
    kind, release = change or ("", "")
    needs: Needs = Counter({"artist-album": 1})
    if kind in {"add_release", "rerelease"}:
        tracks = len(stand.room.world.releases[release].tracks)
        needs["artist-album"] += math.ceil(tracks / 50)
        needs["tracks"] += tracks if stand.room.sender.profile == "dev_2026" else math.ceil(tracks / 50)
    elif kind == "add_track":
        needs += Counter({"artist-album": 1, "tracks": 1})
    return needs


def is_told(stand: ArtistStand, artist: Artist) -> bool:
    """Whether the catalogue says of an artist's releases what is true."""
    told = {
        key: (one.title, one.released, one.form, one.tracks)
        for key, one in stand.known(artist.id).releases.items()
    }
    return told == {
        one.id: (one.name, one.date, one.kind, len(one.tracks)) for one in list_releases(stand, artist)
    }


def list_releases(stand: ArtistStand, artist: Artist) -> list[Release]:
    """The releases that a sync looks at."""
    found = (stand.room.world.releases[key] for key in artist.releases)
    return [one for one in found if one.kind in stand.room.apps.release_groups]
