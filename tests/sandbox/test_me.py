"""What a person keeps, follows, made and played most."""

from __future__ import annotations

import pytest

from tests.sandbox.guest import Guest


@pytest.mark.parametrize("kind", ["track", "album", "episode", "show", "audiobook"])
def test_what_is_saved_comes_newest_first(guest: Guest, kind: str) -> None:
    ident = next(
        iter({"track": guest.stage.world.tracks, "album": guest.stage.world.releases}.get(kind, ())), None
    )
    ident = ident or next(one.id for one in guest.stage.world.talks.values() if one.kind == kind)
    guest.edit(
        "unsave", uri=f"spotify:{kind}:{ident}"
    ) if f"spotify:{kind}:{ident}" in guest.person.saved else None
    guest.edit("save", uri=f"spotify:{kind}:{ident}")
    page = guest.get(f"me/{kind}s", limit=50).data
    assert page["items"][0][kind]["id"] == ident
    assert page["items"][0]["added_at"] == "2026-11-22T10:00:00Z"
    moments = [one["added_at"] for one in page["items"]]
    assert moments == sorted(moments, reverse=True)
    assert page["total"] == sum(uri.startswith(f"spotify:{kind}:") for uri in guest.person.saved)


def test_a_release_that_went_is_no_longer_in_the_library(guest: Guest) -> None:
    before = guest.get("me/albums").data["total"]
    kept = next(uri for uri in guest.person.saved if uri.startswith("spotify:album:"))
    guest.edit("remove_release", release=kept.rpartition(":")[2])
    assert guest.get("me/albums").data["total"] == before - 1


def test_follows_are_read_by_cursor(guest: Guest) -> None:
    seen: list[str] = []
    path = "me/following?type=artist&limit=10"
    while path:
        page = guest.get(path).data["artists"]
        seen += [one["id"] for one in page["items"]]
        assert page["cursors"]["after"] == (seen[-1] if page["next"] else None)
        path = (page["next"] or "").removeprefix("http://sandbox.test")
    assert len(seen) == page["total"] == len(set(seen)) == 24
    assert guest.get("me/following").status == 400


def test_private_lists_need_their_scope(guest: Guest) -> None:
    with_all = guest.get("me/playlists", limit=50).data["total"]
    guest.sign_in(scope="user-top-read")
    without = guest.get("me/playlists", limit=50).data
    assert without["total"] == with_all - 2
    assert all(one is None or one["public"] for one in without["items"])


def test_foreign_lists_are_metadata_only(guest: Guest) -> None:
    for one in guest.get("me/playlists", limit=50).data["items"]:
        if one is None:
            continue
        readable = one["owner"]["id"] == guest.person.id or one["collaborative"]
        assert ("items" in one) is readable
        assert "tracks" not in one


def test_what_was_played_most_within_a_span(guest: Guest) -> None:
    track = list(guest.stage.world.tracks)[7]
    guest.edit("play", track=track, times=300, apart=60, at="2026-11-21T10:00:00Z")
    assert guest.get("me/top/tracks", time_range="short_term").data["items"][0]["id"] == track
    artist = guest.stage.world.tracks[track].artists[0]
    assert guest.get("me/top/artists", time_range="short_term").data["items"][0]["id"] == artist
    guest.control("POST", "clock", {"advance": 200 * 86_400})
    guest.sign_in()
    assert guest.get("me/top/tracks", time_range="short_term").data["total"] == 0
    assert guest.get("me/top/genres").status == guest.get("me/top/tracks?time_range=ever").status == 400
