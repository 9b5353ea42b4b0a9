"""`/me/library` keeps and follows by URI, with the scope that each kind needs."""

from __future__ import annotations

import pytest

from tests.sandbox.guest import Guest


def test_artists_people_and_lists_are_followed(guest: Guest) -> None:
    world = guest.stage.world
    artist = guest.edit("add_artist", name="New")["artist"]
    person = list(world.people)[1]
    foreign = next(one.id for one in world.playlists.values() if one.id not in guest.person.playlists)
    uris = [f"spotify:artist:{artist}", f"spotify:user:{person}", f"spotify:playlist:{foreign}"]
    assert guest.ask("PUT", "/v1/me/library", query={"uris": ",".join(uris)}).status == 200
    assert guest.get("me/library/contains", uris=",".join(uris)).data == [True] * 3
    assert guest.get("me/playlists").data["items"][0]["id"] == foreign
    assert guest.ask("DELETE", "/v1/me/library", query={"uris": ",".join(uris)}).status == 200
    assert guest.get("me/library/contains", uris=",".join(uris)).data == [False] * 3
    assert world.playlists[foreign]


def test_whether_artists_are_taken_can_be_switched(guest: Guest) -> None:
    guest.control("POST", "profile", {"switches": {"artist_follow": False}})
    uri = "spotify:artist:" + next(iter(guest.stage.world.artists))
    assert guest.ask("PUT", "/v1/me/library", query={"uris": uri}).status == 400
    assert guest.get("me/library/contains", uris=uri).status == 200


@pytest.mark.parametrize("uris", ["", "spotify:track", "track:x", "spotify:track:", "x"])
def test_what_is_no_uri_is_400(guest: Guest, uris: str) -> None:
    for method, place in (("PUT", "library"), ("DELETE", "library"), ("GET", "library/contains")):
        assert guest.ask(method, f"/v1/me/{place}", query={"uris": uris}).status == 400


def test_each_kind_needs_its_scope(guest: Guest) -> None:
    guest.sign_in(scope="user-library-modify")
    track = "spotify:track:" + next(iter(guest.stage.world.tracks))
    assert guest.ask("PUT", "/v1/me/library", query={"uris": track}).status == 200
    assert guest.ask("PUT", "/v1/me/library", query={"uris": f"{track},spotify:user:x"}).status == 403
    assert guest.get("me/library/contains", uris=track).status == 403
