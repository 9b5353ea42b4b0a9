"""Whom a look is about, how much it may ask, and where the turn through the pages goes."""

from __future__ import annotations

import pytest

from backline.errors import BadInput, UnknownName
from backline.storage.artists import add_artist
from backline.storage.catalogue_links import link_artist
from backline.storage.database import Database
from backline.tasks.work.artist_clerk import MOST, Target, find_target
from tests.tasks.work.artist_stand import DAY, ArtistStand

KEY = "4Z8W4fKeB5YxbusRsdQVPb"


def test_a_target_is_found_by_all_its_names(database: Database) -> None:
    address = f"https://open.spotify.com/artist/{KEY}?si=1"
    assert find_target(database, address) == Target(KEY)
    with database.write() as connection:
        ours = add_artist(connection, database.now_sql, "Velvet", created_by="ann").row
        link_artist(connection, database.now(connection), "spotify", KEY, ours.no, made_by="ann")
        add_artist(connection, database.now_sql, "Unlinked", created_by="ann")
    found = {
        find_target(database, text) for text in (KEY, address, "velvet", ours.id, f"spotify:artist:{KEY}")
    }
    assert found == {Target(KEY, ours.no, ours.id)}
    with pytest.raises(BadInput, match="artist link"):
        find_target(database, "Unlinked")
    with pytest.raises(UnknownName):
        find_target(database, "Nobody")


def test_a_run_asks_so_much_and_another_goes_on_at_once(database: Database) -> None:
    stand = ArtistStand(database)
    artist = stand.make(245, tracks=1)
    first, second = stand.sync_whole(artist.id)
    assert sum(first.requests.values()) == MOST and first.due_at and first.artist and first.artist.left > 0
    assert stand.count() == stand.least(artist) == {"artist-album": 25 + 245, "tracks": 245}
    assert sum(second.requests.values()) == 515 - MOST
    stand.check(artist)


def test_the_turn_goes_faster_where_looks_are_far_apart(database: Database) -> None:
    stand = ArtistStand(database, "dev-2026")
    artist = stand.make(65, tracks=1)
    stand.sync(artist.id)
    stand.sync(artist.id, after=10 * DAY)
    assert stand.count()["artist-album"] == 1 + 4
    for _ in range(6):
        stand.sync(artist.id, after=10 * DAY)
        assert stand.count()["artist-album"] == 1 + 4
    stand.check(artist)
    assert stand.history() == []


def test_a_market_that_shows_others_of_a_recording_changes_nothing(database: Database) -> None:
    stand = ArtistStand(database, market="DE")
    artist = stand.find(11)
    stand.sync(artist.id)
    stand.check(artist)
    stand.sync(artist.id)
    assert stand.history() == []
