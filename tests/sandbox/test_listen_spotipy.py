"""The judge from outside: spotipy as it comes, with nothing but its hosts redirected, on the profile of new Client IDs."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import spotipy
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import SpotifyClientCredentials, SpotifyOauthError, SpotifyPKCE

from tests.sandbox.guest import SCOPES
from tests.sandbox.stand import Stand, open_stand

pytestmark = pytest.mark.xdist_group("sandbox")
REDIRECT = "http://127.0.0.1:45871/callback"


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with open_stand("--artists", "24", "--no-budgets") as one:
        yield one


def redirect_auth(stand: Stand, auth: Any) -> Any:
    auth.OAUTH_AUTHORIZE_URL = f"{stand.address}/authorize"
    auth.OAUTH_TOKEN_URL = f"{stand.address}/api/token"
    return auth


def redirect_api(stand: Stand, auth: Any) -> spotipy.Spotify:
    client = spotipy.Spotify(auth_manager=auth, retries=0, status_retries=0)
    client.prefix = f"{stand.address}/v1/"
    return client


def agree(stand: Stand, address: str) -> str:
    """What a person does in a browser; the address to which they come back."""
    page = stand.web.get(address)
    onward = dict(parse_qsl(urlsplit(page.headers["location"]).query))["continue"]
    form = {"continue": onward, "user": stand.control("GET", "")["users"][0]["id"], "action": "agree"}
    return str(stand.web.post("/login", data=form).headers["location"])


def sign_in(stand: Stand) -> SpotifyPKCE:
    auth = redirect_auth(
        stand, SpotifyPKCE(stand.facts["client_id"], REDIRECT, scope=SCOPES, cache_handler=MemoryCacheHandler())
    )  # fmt: skip
    state, code = auth.parse_auth_response_url(agree(stand, auth.get_authorize_url(state="s")))
    assert state == "s"
    auth.get_access_token(code)
    return auth


@pytest.fixture(scope="module")
def person(stand: Stand) -> spotipy.Spotify:
    return redirect_api(stand, sign_in(stand))


def read_all(client: spotipy.Spotify, page: dict[str, Any]) -> list[Any]:
    rows = list(page["items"])
    while page["next"]:
        page = client.next(page)
        rows += page["items"]
    return rows


def test_it_signs_in_as_an_app_and_pages_a_long_discography(stand: Stand) -> None:
    auth = SpotifyClientCredentials(
        stand.facts["client_id"], stand.facts["client_secret"], cache_handler=MemoryCacheHandler()
    )  # fmt: skip
    app = redirect_api(stand, redirect_auth(stand, auth))
    truth = stand.control("GET", "world?rooms=artists")["artists"]
    biggest = max(truth.values(), key=lambda one: len(one["releases"]))
    page = app.artist_albums(biggest["id"], include_groups="album,single,compilation", limit=10)
    assert {one["id"] for one in read_all(app, page)} == set(biggest["releases"])
    assert app.artist(f"spotify:artist:{biggest['id']}")["name"] == biggest["name"]
    with pytest.raises(spotipy.SpotifyException, match="user authentication"):
        app.me()


def test_it_finds_a_recording_by_its_isrc(stand: Stand, person: spotipy.Spotify) -> None:
    tracks = stand.control("GET", "world?rooms=tracks")["tracks"]
    isrc = next(one["isrc"] for one in tracks.values() if one["isrc"])
    found = person.search(f"isrc:{isrc}", type="track", limit=10)["tracks"]["items"]
    assert {one["id"] for one in found} == {one["id"] for one in tracks.values() if one["isrc"] == isrc}
    assert found[0]["external_ids"] == {"isrc": isrc}
    with pytest.raises(spotipy.SpotifyException, match="Invalid limit"):
        person.search("a", limit=11)


def test_it_reads_what_a_person_has(stand: Stand, person: spotipy.Spotify) -> None:
    truth = stand.control("GET", "world?rooms=people")["people"][person.me()["id"]]
    assert person.me()["account_id"] == truth["account_id"]
    saved = read_all(person, person.current_user_saved_tracks(limit=50))
    assert {one["track"]["uri"] for one in saved} == {uri for uri in truth["saved"] if ":track:" in uri}
    played = person.current_user_recently_played(limit=50)["items"]
    assert [one["played_at"] for one in played] == [one["played_at"] for one in truth["plays"][:-51:-1]]
    followed = person.current_user_followed_artists(limit=50)["artists"]["items"]
    assert {one["uri"] for one in followed} == set(truth["follows"])
    assert person.current_user_top_tracks(time_range="long_term")["items"]
    track = truth["plays"][0]["track"]
    person.current_user_saved_tracks_add([track])
    assert person.current_user_saved_tracks_contains([track]) == [True]
    person.current_user_saved_tracks_delete([track])
    assert person.current_user_saved_tracks_contains([track]) == [False]


def test_it_reads_a_list_with_every_odd_row(stand: Stand, person: spotipy.Spotify) -> None:
    ident, truth = list(stand.control("GET", "world?rooms=playlists")["playlists"].items())[1]
    assert ident in [one["id"] for one in read_all(person, person.current_user_playlists()) if one]
    rows = read_all(person, person.playlist_items(ident, limit=50))
    assert len(rows) == len(truth["rows"])
    uris = [row["item"]["uri"] if row["item"] else None for row in rows]
    differ = [(seen, row["uri"]) for seen, row in zip(uris, truth["rows"], strict=True) if seen != row["uri"]]
    assert [seen for seen, _ in differ] == [None]
    picked = person.playlist_items(ident, fields="items(item(uri)),total", limit=50)
    assert set(picked) == {"items", "total"}


def test_it_makes_and_changes_a_list(stand: Stand, person: spotipy.Spotify) -> None:
    stand.control("POST", "clock", {"freeze": True})
    tracks = [
        f"spotify:track:{one}" for one in list(stand.control("GET", "world?rooms=tracks")["tracks"])[:6]
    ]
    ident = person.current_user_playlist_create("Ours", public=False, description="d")["id"]

    def see() -> list[str]:
        stand.control("POST", "clock", {"advance": 31})
        return [row["item"]["uri"] for row in person.playlist_items(ident)["items"]]

    person.playlist_add_items(ident, tracks[:3])
    person.playlist_add_items(ident, tracks[:1], position=1)
    assert see() == [tracks[0], tracks[0], *tracks[1:3]]
    answered = person.playlist_reorder_items(ident, range_start=0, insert_before=4)["snapshot_id"]
    assert see() == [tracks[0], *tracks[1:3], tracks[0]]
    assert person.playlist(ident, fields="snapshot_id") == {"snapshot_id": answered}
    person.playlist_remove_all_occurrences_of_items(ident, tracks[:1])
    assert see() == tracks[1:3]
    person.playlist_replace_items(ident, tracks[3:])
    assert see() == tracks[3:]
    person.playlist_change_details(ident, name="Theirs")
    person.playlist_upload_cover_image(ident, base64.b64encode(b"\xff\xd8\xff" + bytes(99)))
    stand.control("POST", "clock", {"advance": 31, "run": True})
    assert person.playlist(ident)["name"] == "Theirs"
    assert person.playlist_cover_image(ident)


def test_it_is_refused_as_it_is_by_the_platform(stand: Stand, person: spotipy.Spotify) -> None:
    logging.getLogger("spotipy.client").setLevel(logging.CRITICAL)
    with pytest.raises(spotipy.SpotifyException, match="Forbidden"):
        person.tracks([next(iter(stand.control("GET", "world?rooms=tracks")["tracks"]))])
    stand.control("POST", "faults", [{"kind": "429", "retry_after": 1}])
    with pytest.raises(spotipy.SpotifyException) as refused:
        person.me()
    assert refused.value.http_status == 429
    stand.control("POST", "clock", {"advance": 2})
    assert person.me()["id"]


def test_it_refreshes_until_six_months_are_over(stand: Stand) -> None:
    auth = sign_in(stand)
    word = auth.cache_handler.get_cached_token()["refresh_token"]
    assert auth.refresh_access_token(word)["access_token"]
    stand.control("POST", "clock", {"advance": 190 * 86_400})
    with pytest.raises(SpotifyOauthError, match="invalid_grant"):
        auth.refresh_access_token(word)
