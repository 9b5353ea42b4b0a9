"""Random faults, ends of quotas and waits: what is read is always the truth, and nobody asks inside a pause."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from backline.errors import TryLater
from backline.spotify.faults import Hiccup
from backline.spotify.payloads import list_things
from tests.spotify.stand_ins import Room

KINDS = ["5xx", "cut", "reset", "html", "text", "429", "quota"]
MOST = 400  # times that one is told to wait


def read_through(room: Room, walk: Callable[[int], Iterator[Any]]) -> list[Any]:
    """All entries, resumed at the last page after each wait; the clock goes on by what was ordered and no more."""
    found: list[Any] = []
    at: int | None = 0
    for _ in range(MOST):
        try:
            for page in walk(at or 0):
                found += list_things(page.items)
                at = page.resume_at
                if at is None:
                    return found
        except TryLater as wait:
            room.stage.clock.advance(wait.seconds)
        except Hiccup:
            room.stage.clock.advance(2)
    raise AssertionError("It never ended.")


@pytest.mark.parametrize(
    "seed", [*range(9), *(pytest.param(one, marks=pytest.mark.long) for one in range(9, 150))]
)
def test_what_is_read_is_the_truth_whatever_goes_wrong(seed: int) -> None:
    room = Room(("dev-2026", "dev-legacy", "extended")[seed % 3], quick=False)
    room.limits.budgets = {"me": 9, "playlist-read": 5, "artist-album": 7}
    room.limits.most = 20
    account = room.sign_in()
    own = [one for one in room.world.playlists.values() if one.owner == room.person.id]
    busy = max(room.world.artists.values(), key=lambda one: len(one.releases))
    room.fail_by_chance(seed, KINDS)
    room.fail("bad_token", skip=seed % 5)
    client = room.speak(account)
    for playlist in own:
        rows = read_through(room, lambda at, key=playlist.id: client.playlists.walk_rows(key, at))
        assert len(rows) == len(playlist.rows)
        pairs = zip(rows, playlist.rows, strict=True)
        assert all(row.thing is None or row.thing.uri == true.uri for row, true in pairs)
    kept = read_through(room, client.library.walk_tracks)
    assert len({one.track.id for one in kept if one.track}) == len(kept) > 50
    groups = ("album", "single", "compilation")
    releases = read_through(room, lambda at: client.catalogue.walk_releases(busy.id, groups, at))
    assert sorted(one.id for one in releases) == sorted(busy.releases)
    told = room.stage.ledger.tell()
    assert told["inside_ban"] == 0
    assert room.stage.faults.delivered > 0
