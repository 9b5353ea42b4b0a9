"""Answers read: what is absent, null or odd, and dates of each precision."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from backline.spotify.payloads import Album, Artist, OffsetPage, Track, list_things, read_release_date
from backline.spotify.payloads_lists import PlaylistStub
from tests.sandbox.guest import Guest, make_guest


@pytest.mark.parametrize(
    ("text", "precision", "first", "last"),
    [
        ("1999", "year", date(1999, 1, 1), date(1999, 12, 31)),
        ("2024-02", "month", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-11-20", "day", date(2026, 11, 20), date(2026, 11, 20)),
        ("2026-11", "day", date(2026, 11, 1), date(2026, 11, 30)),
        ("2026-01-01", "year", date(2026, 1, 1), date(2026, 12, 31)),
        ("1999", None, date(1999, 1, 1), date(1999, 12, 31)),
    ],
)
def test_a_date_is_as_precise_as_its_text_and_no_more(
    text: str, precision: str | None, first: date, last: date
) -> None:
    found = read_release_date(text, precision)
    assert found
    assert (found.first, found.last) == (first, last)


@pytest.mark.parametrize("text", [None, "", "0000", "2026-13", "2026-02-30", "soon", "1-2-3-4"])
def test_a_date_that_is_none_is_none(text: str | None) -> None:
    assert read_release_date(text, "day") is None


@pytest.mark.parametrize("thing", [{"type": "episode"}, {"type": "track", "episode": True}])
def test_an_episode_is_one_in_either_dress(thing: dict[str, Any]) -> None:
    assert Track.model_validate(thing).is_episode
    assert not Track.model_validate({"id": "a", "type": "track", "episode": False}).is_episode


def test_an_isrc_loses_its_dashes_and_an_ean_stands_in_for_a_upc() -> None:
    assert Track.model_validate({"external_ids": {"isrc": "zz-aaa-26-00001"}}).isrc == "ZZAAA2600001"
    assert Album.model_validate({"id": "a", "external_ids": {"ean": "2000000000008"}}).upc == "2000000000008"
    assert Album.model_validate({"id": "a"}).upc is None


def test_the_next_offset_is_counted_and_null_entries_are_left_out() -> None:
    page = OffsetPage[Track].model_validate(
        {"items": [None, {"id": "a"}], "offset": 50, "limit": 50, "next": "x"}
    )
    assert page.resume_at == 100
    assert [one.id for one in list_things(page.items)] == ["a"]
    assert OffsetPage[Track].model_validate({"items": [], "next": None}).resume_at is None


@pytest.mark.parametrize("profile", ["dev-2026", "dev-legacy", "extended"])
def test_every_profile_of_the_sandbox_can_be_read(profile: str) -> None:
    guest = make_guest(profile=profile)
    guest.sign_in()
    artist_id = next(iter(guest.stage.world.artists))
    artist = Artist.model_validate(guest.get(f"artists/{artist_id}").data)
    assert (artist.popularity is None) == (profile == "dev-2026")
    for release in guest.stage.world.releases.values():
        album = Album.model_validate(guest.get(f"albums/{release.id}").data)
        assert album.released
        assert (album.released.text, album.released.precision) == (release.date, release.precision)
        assert album.upc == release.upc
        break
    lists = OffsetPage[PlaylistStub].model_validate(guest.get("me/playlists", limit=50).data)
    assert None in lists.items
    assert all(isinstance(one.total, int) for one in list_things(lists.items) if _is_own(guest, one))


def _is_own(guest: Guest, playlist: PlaylistStub) -> bool:
    return bool(playlist.owner and playlist.owner.id == guest.person.id)
