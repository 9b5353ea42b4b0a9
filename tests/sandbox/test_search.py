"""The search finds by words, by filters, by ISRC and by UPC, and has an end."""

from __future__ import annotations

import pytest

from backline.sandbox.search import read_query
from tests.sandbox.guest import Guest


def find(guest: Guest, kind: str, text: str) -> list[str]:
    page = guest.get("search", type=kind, q=text, limit=10).data[f"{kind}s"]
    return [one["id"] for one in page["items"]]


def test_a_query_is_taken_apart() -> None:
    wanted = read_query('Zoë artist:"Two Words" year:1999-2001 rain')
    assert wanted.words == ("zoë", "rain")
    assert wanted.filters == {"artist": "two words", "year": "1999-2001"}


def test_an_isrc_finds_all_its_tracks(guest: Guest) -> None:
    isrc, tracks = max(guest.stage.world.recordings.items(), key=lambda pair: len(pair[1]))
    assert find(guest, "track", f"isrc:{isrc}") == tracks
    assert find(guest, "track", f"isrc:{isrc.lower()}") == tracks
    assert find(guest, "track", "isrc:ZZZZZ9999999") == []


def test_a_upc_finds_its_release(guest: Guest) -> None:
    release = next(one for one in guest.stage.world.releases.values() if one.upc)
    assert find(guest, "album", f"upc:{release.upc}") == [release.id]
    assert find(guest, "album", f"upc:0{release.upc}") == [release.id]


def test_words_and_filters_narrow(guest: Guest) -> None:
    world = guest.stage.world
    track = next(one for one in world.tracks.values() if one.isrc)
    artist = world.artists[track.artists[0]]
    page = guest.get("search", type="track", q=f'track:"{track.name}" artist:"{artist.name}"').data["tracks"]
    assert page["total"] >= 1
    assert all(artist.id in [one["id"] for one in row["artists"]] for row in page["items"])
    assert artist.id in find(guest, "artist", artist.name)
    year = world.releases[track.release].date[:4]
    assert guest.get("search", type="album", q=f"year:{year}").data["albums"]["total"] == sum(
        release.date.startswith(year) for release in world.releases.values()
    )


def test_new_releases_have_a_tag(guest: Guest) -> None:
    assert find(guest, "album", "tag:new") == []
    made = guest.edit("add_release", artist=next(iter(guest.stage.world.artists)), date="2026-11-20")
    assert find(guest, "album", "tag:new") == [made["release"]]


def test_several_types_have_a_page_each(guest: Guest) -> None:
    data = guest.get("search", type="artist,playlist,show,episode,audiobook", q="e").data
    assert set(data) == {"artists", "playlists", "shows", "episodes", "audiobooks"}
    assert len(data["episodes"]["items"]) == 5
    assert data["episodes"]["total"] == 64


def test_an_app_without_a_market_misses_what_is_barred_somewhere(guest: Guest) -> None:
    barred = next(one for one in guest.stage.world.tracks.values() if one.barred and one.isrc)
    assert barred.id in find(guest, "track", f"isrc:{barred.isrc}")
    guest.sign_in_app()
    assert barred.id not in find(guest, "track", f"isrc:{barred.isrc}")
    page = guest.get("search", type="track", q=f"isrc:{barred.isrc}", market="FR").data["tracks"]
    assert barred.id in [one["id"] for one in page["items"]]


@pytest.mark.parametrize(
    "query",
    [
        "type=track",
        "q=+&type=track",
        "q=a",
        "q=a&type=song",
        "q=a&type=track&offset=1001",
        "q=a&type=track&limit=11",
    ],
)
def test_what_cannot_be_searched(guest: Guest, query: str) -> None:
    assert guest.get(f"search?{query}").status == 400
