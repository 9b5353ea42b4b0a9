"""The outside world: each edit shows in what clients are answered."""

from __future__ import annotations

import re

import pytest

from backline.sandbox.edits import EDITS, edit_world
from tests.sandbox.guest import Guest


def first_artist(guest: Guest) -> str:
    return next(iter(guest.stage.world.artists))


def test_a_release_comes_moves_is_renamed_and_goes(guest: Guest) -> None:
    artist = first_artist(guest)
    path = f"artists/{artist}/albums"
    before = guest.get(path).data["total"]
    made = guest.edit("add_release", artist=artist, tracks=2, name="Fresh", kind="album")
    newest = guest.get(path).data["items"][0]
    assert (newest["id"], newest["name"], newest["release_date"], newest["total_tracks"]) == (
        made["release"], "Fresh", "2026-11-22", 2,
    )  # fmt: skip
    guest.edit("move_date", release=made["release"], date="2027-01")
    guest.edit("rename_release", release=made["release"], name="Fresher")
    moved = guest.get(f"albums/{made['release']}").data
    assert (moved["release_date"], moved["release_date_precision"], moved["name"]) == (
        "2027-01",
        "month",
        "Fresher",
    )
    assert guest.edit("remove_release", release=made["release"])["tracks"] == made["tracks"]
    assert guest.get(path).data["total"] == before
    assert guest.get(f"tracks/{made['tracks'][0]}").status == 404


def test_a_rerelease_has_the_isrcs_of_before(guest: Guest) -> None:
    release = guest.stage.world.artists[first_artist(guest)].releases[0]
    made = guest.edit("rerelease", release=release)
    old, new = ([guest.stage.world.tracks[one].isrc for one in guest.stage.world.releases[some].tracks]
                for some in (release, made["release"]))  # fmt: skip
    assert old == new
    assert made["of"] == release
    assert not set(made["tracks"]) & set(guest.stage.world.releases[release].tracks)
    assert (
        guest.get(f"albums/{made['release']}").data["external_ids"]
        != guest.get(f"albums/{release}").data["external_ids"]
    )


def test_tracks_come_are_renamed_and_go(guest: Guest) -> None:
    release = guest.stage.world.artists[first_artist(guest)].releases[0]
    made = guest.edit("add_track", release=release, isrc="ZZTST2600001")
    assert (
        guest.get("search", type="track", q="isrc:ZZTST2600001").data["tracks"]["items"][0]["id"]
        == made["track"]
    )
    guest.edit("rename_track", track=made["track"], name="Other")
    assert guest.get(f"tracks/{made['track']}").data["name"] == "Other"
    guest.edit("remove_track", track=made["track"])
    assert made["track"] not in [
        one["id"] for one in guest.get(f"albums/{release}/tracks", limit=50).data["items"]
    ]


def test_artists_come_and_are_renamed(guest: Guest) -> None:
    artist = guest.edit("add_artist", name="Neu", releases=2)
    guest.edit("rename_artist", artist=artist["artist"], name="Älter")
    assert guest.get(f"artists/{artist['artist']}").data["name"] == "Älter"
    assert guest.get(f"artists/{artist['artist']}/albums").data["total"] == 2


def test_an_artist_is_told_whole(guest: Guest) -> None:
    tracks = [{"name": "One", "isrc": "ZZABC2600001", "duration_ms": 61_000}, {"name": "Two"}]
    release = {
        "name": "First",
        "kind": "single",
        "date": "2026-05-15",
        "upc": "299000000017",
        "tracks": tracks,
    }
    told = guest.edit("add_artist", artist="OurArtist1", name="Ours", releases=[release])
    assert told["artist"] == "OurArtist1"
    album = guest.get(f"albums/{told['releases'][0]}").data
    assert (album["name"], album["release_date"], album["external_ids"]["upc"]) == (
        "First", "2026-05-15", "299000000017",
    )  # fmt: skip
    assert [one["name"] for one in album["tracks"]["items"]] == ["One", "Two"]
    track = guest.get(f"tracks/{album['tracks']['items'][0]['id']}").data
    assert (track["external_ids"]["isrc"], track["duration_ms"]) == ("ZZABC2600001", 61_000)
    with pytest.raises(ValueError, match="there already"):
        edit_world(guest.stage, {"do": "add_artist", "artist": "OurArtist1"})


def test_people_edit_their_lists_in_the_app(guest: Guest) -> None:
    ident = guest.edit("add_playlist", name="Mine", tracks=3)["playlist"]
    uri = f"spotify:track:{list(guest.stage.world.tracks)[9]}"
    before = guest.get(f"playlists/{ident}").data
    told = guest.edit("edit_playlist", playlist=ident, add=[uri], remove=[0], position=0)
    after = guest.get(f"playlists/{ident}").data
    assert after["snapshot_id"] == told["snapshot_id"] != before["snapshot_id"]
    assert (after["items"]["items"][0]["item"]["uri"], after["items"]["total"]) == (uri, 3)
    guest.edit("rename_playlist", playlist=ident, name="Ours")
    guest.edit("remove_playlist", playlist=ident)
    assert ident not in [one and one["id"] for one in guest.get("me/playlists", limit=50).data["items"]]
    assert guest.get(f"playlists/{ident}").data["name"] == "Ours"
    guest.edit("edit_playlist", playlist=ident, clear=True, settled=False)
    assert guest.get(f"playlists/{ident}/items").data["total"] == 3  # not yet seen


def test_people_save_and_follow(guest: Guest) -> None:
    artist = guest.edit("add_artist", name="New")["artist"]
    guest.edit("follow", uri=f"spotify:artist:{artist}")
    assert guest.get("me/library/contains", uris=f"spotify:artist:{artist}").data == [True]
    guest.edit("unfollow", uri=f"spotify:artist:{artist}")
    assert guest.get("me/library/contains", uris=f"spotify:artist:{artist}").data == [False]


def test_a_list_of_five_has_no_room_for_a_sixth(guest: Guest) -> None:
    people = list(guest.stage.world.people)
    with pytest.raises(ValueError, match="five people"):
        edit_world(guest.stage, {"do": "list_user", "user": people[5]})
    guest.edit("unlist_user", user=people[1])
    assert people[5] in guest.edit("relist_user", user=people[5])["listed"]
    guest.sign_in(user=people[5])
    assert guest.get("me").status == 200


def test_an_app_is_added_as_a_dashboard_does(guest: Guest) -> None:
    made = guest.edit("add_app", redirects=["http://127.0.0.1/x"], profile="dev-legacy")
    assert guest.stage.find_profile(guest.stage.world.apps[made["client_id"]]).name == "dev-legacy"
    with pytest.raises(ValueError, match="localhost"):
        edit_world(guest.stage, {"do": "add_app", "redirects": ["http://localhost:1/x"]})


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({}, "do must be one of"), ({"do": "fly"}, "do must be one of"),
        ({"do": "remove_release", "release": "no"}, "remove_release: 'no' is not there"),
        ({"do": "play", "wings": 2}, "play: "), ({"do": "move_date"}, "move_date: "),
        ({"do": "unsave", "uri": "spotify:track:no"}, "is not there"),
        ({"do": "rename_artist", "name": "x"}, "rename_artist: "),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said(guest: Guest, wanted: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        edit_world(guest.stage, wanted)


def test_the_edits_have_the_names_that_the_guide_tells() -> None:
    assert set(EDITS) >= {
        "add_release", "remove_release", "rename_artist", "rename_release", "rename_track", "move_date", "rerelease",
        "play", "edit_playlist", "follow", "save", "unsave", "lapse_premium", "restore_premium", "relist_user",
    }  # fmt: skip
