"""Artists, releases and tracks by their ids, and discographies in their groups and orders."""

from __future__ import annotations

import pytest

from tests.sandbox.guest import Guest


def read_discography(guest: Guest, artist: str, **query: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    path = f"artists/{artist}/albums"
    total = guest.get(path, **query).data["total"]
    for offset in range(0, total, 10):
        rows += guest.get(path, limit=10, offset=offset, **query).data["items"]
    return rows


@pytest.mark.parametrize("kind", ["artists", "albums", "tracks"])
def test_an_id_is_wrong_or_not_there(guest: Guest, kind: str) -> None:
    assert (guest.get(f"{kind}/short").status, guest.get(f"{kind}/short").message) == (
        400,
        "Invalid base62 id",
    )
    assert guest.get(f"{kind}/{'0' * 22}").status == 404


def test_each_object_says_where_it_is(guest: Guest) -> None:
    ident = next(iter(guest.stage.world.tracks))
    data = guest.get(f"tracks/{ident}").data
    assert guest.get(data["href"].removeprefix("http://sandbox.test")).data == data
    assert data["uri"] == f"spotify:track:{ident}"
    assert guest.get(f"albums/{data['album']['id']}").data["tracks"]["items"][0]["id"] == ident


def test_a_long_discography_is_whole_and_newest_first(guest: Guest) -> None:
    artist = max(guest.stage.world.artists.values(), key=lambda one: len(one.releases))
    rows = read_discography(guest, artist.id, include_groups="album,single,compilation")
    assert [row["id"] for row in rows] != artist.releases
    assert {row["id"] for row in rows} == set(artist.releases)
    dates = [str(row["release_date"]) for row in rows]
    assert dates == sorted(dates, reverse=True)


def test_groups_choose(guest: Guest) -> None:
    artist = next(one for one in guest.stage.world.artists.values() if one.appears_on)
    rows = read_discography(guest, artist.id, include_groups="appears_on")
    assert {row["id"] for row in rows} == set(artist.appears_on)
    assert guest.get(f"artists/{artist.id}/albums", include_groups="mixtape").status == 400


def test_the_order_is_a_habit_that_can_be_broken(guest: Guest) -> None:
    artist = max(guest.stage.world.artists.values(), key=lambda one: len(one.releases)).id
    newest = [row["id"] for row in read_discography(guest, artist, include_groups="single,album")]
    guest.control("POST", "profile", {"switches": {"discography": "grouped"}})
    grouped = read_discography(guest, artist, include_groups="single,album")
    kinds = [row["album_type"] for row in grouped]
    assert kinds == sorted(kinds, reverse=True)
    guest.control("POST", "profile", {"switches": {"discography": "shuffled"}})
    shuffled = [row["id"] for row in read_discography(guest, artist, include_groups="single,album")]
    assert newest != shuffled
    assert set(newest) == set(shuffled) == {row["id"] for row in grouped}


def test_tracks_of_a_release_by_pages(guest: Guest) -> None:
    release = max(guest.stage.world.releases.values(), key=lambda one: len(one.tracks))
    page = guest.get(f"albums/{release.id}/tracks", limit=5, offset=5).data
    assert [one["id"] for one in page["items"]] == release.tracks[5:10]
    assert page["total"] == len(release.tracks)
