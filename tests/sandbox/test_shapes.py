"""With extended quota everything is still there; with a market in force another track of the recording may come."""

from __future__ import annotations

from tests.sandbox.guest import make_guest


def test_extended_quota_keeps_all_fields() -> None:
    guest = make_guest("extended")
    guest.sign_in(scope="user-read-private user-read-email")
    world = guest.stage.world
    artist = guest.get(f"artists/{next(iter(world.artists))}").data
    album = guest.get(f"albums/{next(iter(world.releases))}").data
    track = guest.get(f"tracks/{next(iter(world.tracks))}").data
    assert {"followers", "popularity"} <= set(artist)
    assert artist["genres"]
    assert {"available_markets", "label", "popularity"} <= set(album)
    assert {"available_markets", "popularity"} <= set(track)
    assert {"country", "email", "product"} <= set(guest.get("me").data)


def test_a_market_relinks_bars_or_leaves_alone() -> None:
    guest = make_guest("extended")
    guest.sign_in_app()
    world = guest.stage.world
    barred = [one for one in world.tracks.values() if one.barred]
    alone = next(one for one in barred if len(world.recordings.get(one.isrc or "", [])) < 2)
    shared = next(
        one for one in barred
        if any(not world.tracks[other].barred for other in world.recordings.get(one.isrc or "", []))
    )  # fmt: skip
    assert "is_playable" not in guest.get(f"tracks/{alone.id}").data
    assert guest.get(f"tracks/{alone.id}?market=DE").data["restrictions"] == {"reason": "market"}
    assert guest.get(f"tracks/{alone.id}?market=FR").data["is_playable"] is True
    moved = guest.get(f"tracks/{shared.id}?market=DE").data
    assert moved["id"] != shared.id
    assert moved["linked_from"]["id"] == shared.id
    assert moved["external_ids"]["isrc"] == shared.isrc


def test_the_country_of_a_person_is_stronger_than_the_market_asked_for() -> None:
    guest = make_guest()
    guest.sign_in()
    assert guest.person.country == "DE"
    world = guest.stage.world
    alone = next(
        one for one in world.tracks.values() if one.barred and len(world.recordings.get(one.isrc or "", [])) < 2
    )  # fmt: skip
    assert guest.get(f"tracks/{alone.id}?market=FR").data["is_playable"] is False


def test_a_release_of_more_than_fifty_tracks_has_pages() -> None:
    guest = make_guest()
    guest.sign_in_app()
    artist = next(iter(guest.stage.world.artists))
    made = guest.edit("add_release", artist=artist, tracks=60)
    tracks = guest.get(f"albums/{made['release']}").data["tracks"]
    assert (len(tracks["items"]), tracks["total"]) == (50, 60)
    rest = guest.get(tracks["next"].removeprefix("http://sandbox.test")).data
    assert [one["id"] for one in rest["items"]] == made["tracks"][50:]
