"""The twenty points that a faithful sandbox must reproduce, one test each at least; 11 to 13 are in test_server_lists.py."""

from __future__ import annotations

import json
import re

import pytest

from backline.sandbox.answers import PREMIUM
from tests.sandbox.guest import CHALLENGE, REDIRECT, VERIFIER, Guest, make_guest

ONE = "spotify:track:"


def test_point_01_flows_and_both_shapes_of_errors() -> None:
    guest = make_guest()
    tokens = guest.sign_in()
    assert tokens["expires_in"] == 3600
    guest.sign_in_app()
    assert guest.get(f"artists/{next(iter(guest.stage.world.artists))}").status == 200
    assert guest.fetch(grant_type="refresh_token", refresh_token="no").data["error"] == "invalid_grant"
    assert guest.get("artists/" + "0" * 22).data == {
        "error": {"status": 404, "message": "Resource not found"}
    }


def test_point_02_redirect_rules() -> None:
    guest = make_guest()
    asked = {"client_id": guest.client.client_id, "response_type": "code", "scope": ""}
    guest.control("POST", "login", {"user": guest.person.id})
    for uri, status in (
        ("http://127.0.0.1:54321/callback", 303), ("http://[::1]:9/callback", 303), ("https://team.example/callback", 303),
        ("http://localhost:4444/callback", 400), ("http://192.168.1.5/callback", 400),
        ("https://team.example/callback/", 400), ("https://team.example/Callback", 400),
    ):  # fmt: skip
        reply = guest.ask("GET", "/authorize", query=asked | {"redirect_uri": uri}, token=None)
        assert reply.status == status, uri
    assert b"INVALID_CLIENT: Invalid redirect URI" in reply.body


@pytest.mark.parametrize("mode", ["keep", "rotate"])
def test_point_03_the_refresh_token_dies_six_months_after_the_consent(mode: str) -> None:
    guest = make_guest()
    guest.control("POST", "profile", {"switches": {"refresh": mode}})
    word = guest.sign_in()["refresh_token"]
    for _ in range(5):
        guest.control("POST", "clock", {"advance": 30 * 86_400})
        fresh = guest.fetch(grant_type="refresh_token", refresh_token=word)
        assert ("refresh_token" in fresh.data) is (mode == "rotate")
        word = fresh.data.get("refresh_token", word)
    guest.control("POST", "clock", {"set": "2027-05-22T10:00:00Z"})
    gone = guest.fetch(grant_type="refresh_token", refresh_token=word)
    assert (gone.status, gone.data) == (400, {"error": "invalid_grant"})


def test_point_03_invalid_grant_may_come_for_no_reason() -> None:
    guest = make_guest()
    word = guest.sign_in()["refresh_token"]
    guest.fail("invalid_grant")
    assert guest.fetch(grant_type="refresh_token", refresh_token=word).data["error"] == "invalid_grant"
    assert guest.fetch(grant_type="refresh_token", refresh_token=word).status == 200


def test_point_04_401_comes_with_its_header() -> None:
    guest = make_guest()
    missing, bad = guest.ask("GET", "/v1/me", token=None), guest.ask("GET", "/v1/me", token="no")
    assert (missing.status, missing.body) == (401, bad.body)
    assert 'error="missing_token"' in missing.headers["www-authenticate"]
    assert 'error="invalid_token"' in bad.headers["www-authenticate"]
    guest.sign_in()
    guest.control("POST", "clock", {"advance": 3600})
    assert guest.get("me").status == 401


def test_point_05_five_are_listed_and_the_owner_pays() -> None:
    guest = make_guest()
    sixth = list(guest.stage.world.people)[5]
    guest.sign_in(user=sixth)
    assert [guest.get(path).status for path in ("me", "me/tracks", "search?q=a&type=track")] == [403] * 3
    guest.sign_in()
    guest.edit("lapse_premium")
    reply = guest.get("me")
    assert (reply.status, reply.headers["content-type"]) == (403, "text/plain")
    assert reply.body == PREMIUM.encode()
    guest.sign_in_app()
    assert guest.get("search?q=a&type=track").status == 403
    guest.edit("restore_premium", hours=0.5)
    assert guest.get("search?q=a&type=track").status == 403
    guest.control("POST", "clock", {"advance": 1800})
    assert guest.get("search?q=a&type=track").status == 200


def test_point_06_profiles_differ() -> None:
    for profile, limit, old in (("dev-2026", 10, 403), ("dev-legacy", 50, 200), ("extended", 50, 200)):
        guest = make_guest(profile)
        guest.sign_in()
        track = next(iter(guest.stage.world.tracks))
        assert guest.get("search?q=a&type=track", limit=limit).status == 200
        assert guest.get("search?q=a&type=track", limit=limit + 1).status == 400
        assert guest.get("tracks", ids=track).status == old
    guest.control("POST", "profile", {"profile": "shared-id"})
    assert guest.get("me").status == 429


def test_point_07_removed_routes_and_limits(guest: Guest) -> None:
    world = guest.stage.world
    artist = next(iter(world.artists))
    foreign = next(
        one.id for one in world.playlists.values() if one.owner != guest.person.id and not one.editorial
    )
    editorial = next(one.id for one in world.playlists.values() if one.editorial)
    for path in (
        "markets",
        "browse/new-releases",
        "users/x",
        f"artists/{artist}/top-tracks",
        "recommendations",
    ):
        assert guest.get(path).data == {"error": {"status": 403, "message": "Forbidden"}}, path
    guest.control("POST", "profile", {"switches": {"gone_2024": 404}})
    assert guest.get("recommendations").status == 404
    for path in ("search?q=a&type=track&limit=11", f"artists/{artist}/albums?limit=11"):
        assert (guest.get(path).status, guest.get(path).message) == (400, "Invalid limit")
    guest.control("POST", "profile", {"switches": {"bad_limit": "empty"}})
    assert guest.get(path).body == b""
    assert guest.get(f"playlists/{foreign}/items").status == 403
    assert "items" not in guest.get(f"playlists/{foreign}").data
    assert guest.get(f"playlists/{editorial}").status == 404


def test_point_08_a_wrong_selector_gives_empty_objects(guest: Guest) -> None:
    ident = next(iter(guest.stage.world.playlists))
    right = guest.get(f"playlists/{ident}/items", fields="items(item(id,album.name)),next,total").data
    wrong = guest.get(f"playlists/{ident}/items", fields="items(track(id)),next,total").data
    assert set(right) == {"items", "next", "total"}
    assert set(right["items"][0]["item"]) == {"id", "album"}
    assert wrong["total"] == right["total"] > 0
    assert wrong["items"] == [{}] * 20
    without = guest.get(f"playlists/{ident}/items", fields="items.item(!album,artists)").data
    assert "album" not in without["items"][0]["item"]


def test_point_09_one_hidden_budget_for_all_client_ids_of_a_developer() -> None:
    guest = make_guest(quick=False)
    guest.control("POST", "profile", {"budgets": {"search": 3}})
    first, second, other = guest.stage.world.apps.values()
    statuses = []
    for app in (first, second, first, second, other):
        form = {"client_id": app.client_id, "client_secret": app.secret, "grant_type": "client_credentials"}
        guest.token = guest.fetch(**form).data["access_token"]
        statuses.append(guest.get("search?q=a&type=artist").status)
    assert statuses == [200, 200, 200, 429, 200]
    assert "search" not in json.dumps(guest.get("search?q=a&type=artist").headers)


def test_point_09_a_rolling_window_lies_on_top() -> None:
    guest = make_guest(quick=False)
    guest.control("POST", "profile", {"window": {"most": 5, "seconds": 30}})
    guest.sign_in()
    replies = [guest.get("me") for _ in range(6)]
    assert [reply.status for reply in replies] == [200] * 5 + [429]
    assert 1 <= int(replies[-1].headers["retry-after"]) <= 11
    assert not any(name.startswith("x-ratelimit") for name in replies[0].headers)
    guest.control("POST", "clock", {"advance": 30})
    assert guest.get("me").status == 200


def test_point_10_each_face_of_429() -> None:
    guest = make_guest(quick=False)
    guest.sign_in()
    guest.fail("429", retry_after=2)
    guest.fail("quota", retry_after=79_200)
    guest.fail("quota")
    guest.fail("429")
    short = guest.get("me")
    assert (short.message, short.headers["retry-after"]) == ("API rate limit exceeded", "2")
    guest.control("POST", "clock", {"advance": 2})
    long = guest.get("me")
    assert (long.data["error"]["reason"], long.headers["retry-after"]) == ("QUOTA_EXCEEDED", "79200")
    guest.control("POST", "clock", {"advance": 79_200})
    guest.sign_in()
    assert "retry-after" not in guest.get("me").headers
    assert guest.get("me").message == "API rate limit exceeded"


def test_point_10_probing_may_extend_the_ban(guest: Guest) -> None:
    guest.control("POST", "profile", {"extend": 100})
    guest.fail("429", retry_after=10)
    waits = [int(guest.get("me").headers["retry-after"]) for _ in range(3)]
    assert waits == [10, 110, 210]


def test_point_14_the_library_takes_uris_in_the_query(guest: Guest) -> None:
    tracks = [ONE + one for one in list(guest.stage.world.tracks)[-41:]]
    assert guest.ask("PUT", "/v1/me/library", data={"uris": tracks[:1]}).status == 400
    assert guest.ask("PUT", "/v1/me/library", query={"uris": ",".join(tracks)}).status == 400
    assert guest.ask("PUT", "/v1/me/library", query={"uris": "spotify:nothing:1"}).status == 400
    assert guest.ask("PUT", "/v1/me/library", query={"uris": ",".join(tracks[:2])}).status == 200
    asked = [tracks[1], "spotify:track:" + "0" * 22, tracks[0]]
    assert guest.get("me/library/contains", uris=",".join(asked)).data == [True, False, True]
    guest.ask("DELETE", "/v1/me/library", query={"uris": tracks[1]})
    assert guest.get("me/library/contains", uris=",".join(asked)).data == [False, False, True]


def test_point_15_recently_played_reaches_back_fifty_plays(guest: Guest) -> None:
    first = guest.get("me/player/recently-played", limit=30).data
    second = guest.get(first["next"].removeprefix("http://sandbox.test")).data
    assert [len(page["items"]) for page in (first, second)] == [30, 20]
    assert second["next"] is None
    moments = [item["played_at"] for page in (first, second) for item in page["items"]]
    assert moments == sorted(moments, reverse=True)
    assert len(set(moments)) == 50
    assert isinstance(first["cursors"]["after"], str)
    assert {item["context"] is None for item in first["items"]} == {True, False}
    none = guest.get("me/player/recently-played", after=first["cursors"]["after"]).data
    assert (none["items"], none["cursors"], none["next"]) == ([], None, None)
    assert guest.get("me/player/recently-played", after=1, before=2).status == 400


def test_point_16_totals_change_between_pages(guest: Guest) -> None:
    artist = max(guest.stage.world.artists.values(), key=lambda one: len(one.releases)).id
    page = guest.get(f"artists/{artist}/albums", limit=10).data
    guest.fail("world", match="GET /v1/artists/*/albums", edits=[{"do": "add_release", "artist": artist}])
    after = guest.get(page["next"].removeprefix("http://sandbox.test")).data
    assert after["total"] == page["total"] + 1
    assert after["items"][0]["id"] == page["items"][-1]["id"]  # everything has moved by one


def test_point_16_lists_have_holes_and_pictures_expire(guest: Guest) -> None:
    items = guest.get("me/playlists", limit=50).data["items"]
    assert None in items
    url = items[0]["images"][0]["url"].removeprefix("http://sandbox.test")
    assert guest.ask("GET", url).status == 200
    guest.control("POST", "clock", {"advance": 86_400})
    assert guest.ask("GET", url).status == 403


def test_point_17_fields_are_masked(guest: Guest) -> None:
    world = guest.stage.world
    artist = guest.get(f"artists/{next(iter(world.artists))}").data
    album = guest.get(f"albums/{next(iter(world.releases))}").data
    track = guest.get(f"tracks/{next(iter(world.tracks))}").data
    me = guest.get("me").data
    assert not {"followers", "popularity"} & set(artist)
    assert artist["genres"] == album["genres"] == []
    assert not {"available_markets", "label", "popularity", "album_group"} & set(album)
    assert not {"available_markets", "linked_from", "popularity"} & set(track)
    assert not {"country", "email", "explicit_content", "followers", "product"} & set(me)
    assert me["account_id"] == guest.person.account_id != me["id"]
    assert track["preview_url"] is None
    assert re.fullmatch(r"ZZ[A-Z]{3}\d{7}", track["external_ids"]["isrc"])
    assert set(album["external_ids"]) <= {"upc", "ean"}
    assert "external_ids" not in album["tracks"]["items"][0]
    big = max(world.artists.values(), key=lambda one: len(one.releases)).id
    pages = [
        guest.get(f"artists/{big}/albums", limit=10, offset=at).data["items"] for at in range(0, 250, 10)
    ]
    assert {one["release_date_precision"] for page in pages for one in page} == {"year", "month", "day"}
    assert not any("album_group" in one for one in pages[0])


def test_point_18_faults(guest: Guest) -> None:
    for status in (500, 502, 503, 504):
        guest.fail("5xx", status=status)
        assert guest.get("me").data["error"]["status"] == status
    guest.fail("html")
    assert b"<html>" in guest.get("me").body
    guest.fail("stall", seconds=0.01)
    assert guest.get("me").status == 200
    guest.fail("cut")
    with pytest.raises(json.JSONDecodeError):
        _ = guest.get("me").data
    guest.fail("reset")
    with pytest.raises(ConnectionResetError):
        guest.get("me")


def test_point_19_304_counts_as_a_request(guest: Guest) -> None:
    first = guest.get("me")
    assert first.headers["cache-control"]
    again = guest.ask("GET", "/v1/me", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    assert guest.control("GET", "ledger")["spent"]["me"] == 2
    guest.edit("rename_artist", artist=next(iter(guest.stage.world.artists)), name="Other")
    path = f"/v1/artists/{next(iter(guest.stage.world.artists))}"
    assert guest.ask("GET", path, headers={"If-None-Match": first.headers["etag"]}).status == 200


def test_point_20_the_ledger_can_be_read_and_the_clock_set(guest: Guest) -> None:
    guest.control("DELETE", "ledger")
    guest.get("me")
    guest.get("search?q=a&type=track")
    guest.ask("GET", "/v1/me", token=None)
    told = guest.control("GET", "ledger")
    assert told["spent"] == {"me": 1, "search": 1}
    assert [(one["path"], one["status"], one["counted"], one["why"]) for one in told["requests"]] == [
        ("/v1/me", 200, True, None), ("/v1/search", 200, True, None), ("/v1/me", 401, False, "missing_token"),
    ]  # fmt: skip
    assert told["requests"][0]["user"] == guest.person.id
    assert (
        guest.control("POST", "clock", {"set": "2027-01-01T00:00:00Z"})["now"] == "2027-01-01T00:00:00.000Z"
    )


def test_a_challenge_stands_for_its_verifier() -> None:
    assert len(CHALLENGE) == 43
    guest = make_guest()
    form = {"grant_type": "authorization_code", "redirect_uri": REDIRECT}
    assert (
        guest.fetch(code=guest.agree()["code"], code_verifier="w" * 43, **form).data["error"]
        == "invalid_grant"
    )
    assert guest.fetch(code=guest.agree()["code"], code_verifier=VERIFIER, **form).status == 200
