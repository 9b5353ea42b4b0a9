"""An artist brought over from the sandbox: what it costs, what is noted, and what a kill or a spent budget leaves."""

from __future__ import annotations

from typing import Any

import pytest

from backline.errors import BadInput, TryLater, UnknownName
from backline.runtime.task import Job
from backline.spotify.faults import Hiccup
from backline.storage.artists import add_artist
from backline.storage.catalogue_links import find_by_platform, link_artist
from backline.storage.database import Database
from backline.tasks.data_sync import SyncArtistData, name_lock, sync_artist_data
from tests.tasks.work.artist_stand import ArtistStand

PROFILES = ["dev-2026", "dev-legacy", "extended"]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("releases", [0, 1, 10, 11, 45])
def test_a_first_sync_costs_the_least_there_is_and_an_unchanged_one_or_two(
    database: Database, profile: str, releases: int
) -> None:
    stand = ArtistStand(database, profile)
    artist = stand.make(releases, tracks=3)
    answer = stand.sync(artist.id)
    assert stand.count() == stand.least(artist)
    stand.check(artist)
    assert answer.artist and len(answer.artist.new) == answer.artist.read == releases
    assert sum(answer.requests.values()) == sum(stand.least(artist).values())
    assert stand.history() == [] and answer.due_at is None
    for _ in range(6):
        answer = stand.sync(artist.id)
        size = 10 if profile == "dev-2026" else 50
        assert stand.count() == {"artist-album": 1 if releases <= size else 2}
        assert answer.artist and not (answer.artist.new or answer.artist.changed or answer.artist.gone)
    stand.check(artist)
    assert stand.history() == []
