"""Every route that the platform still has is there, and every one that was taken away is known as such."""

from __future__ import annotations

from backline.sandbox import server
from backline.sandbox.profiles import FAMILIES
from backline.sandbox.routes import find_route, list_routes

assert server  # brings the routes
ALIVE = """
GET /v1/albums/{id}; GET /v1/albums/{id}/tracks; GET /v1/artists/{id}; GET /v1/artists/{id}/albums; GET /v1/audiobooks/{id}
GET /v1/audiobooks/{id}/chapters; GET /v1/chapters/{id}; GET /v1/episodes/{id}; GET /v1/me; GET /v1/me/albums
GET /v1/me/audiobooks; GET /v1/me/episodes; GET /v1/me/following; GET /v1/me/library/contains; DELETE /v1/me/library
PUT /v1/me/library; GET /v1/me/player; PUT /v1/me/player; GET /v1/me/player/currently-playing; GET /v1/me/player/devices
POST /v1/me/player/next; PUT /v1/me/player/pause; PUT /v1/me/player/play; POST /v1/me/player/previous
GET /v1/me/player/queue; POST /v1/me/player/queue; GET /v1/me/player/recently-played; PUT /v1/me/player/repeat
PUT /v1/me/player/seek; PUT /v1/me/player/shuffle; PUT /v1/me/player/volume; GET /v1/me/playlists; POST /v1/me/playlists
GET /v1/me/shows; GET /v1/me/top/{kind}; GET /v1/me/tracks; GET /v1/playlists/{id}; PUT /v1/playlists/{id}
GET /v1/playlists/{id}/images; PUT /v1/playlists/{id}/images; DELETE /v1/playlists/{id}/items; GET /v1/playlists/{id}/items
POST /v1/playlists/{id}/items; PUT /v1/playlists/{id}/items; GET /v1/search; GET /v1/shows/{id}; GET /v1/shows/{id}/episodes
GET /v1/tracks/{id}
"""


def test_what_is_alive_in_2026() -> None:
    wanted = {one.strip() for line in ALIVE.strip().splitlines() for one in line.split(";")}
    there = {f"{one.method} {one.template}" for one in list_routes() if one.gone is None}
    assert {one for one in there if " /v1/" in one} == wanted
    assert there - wanted == {"GET /authorize", "GET /login", "POST /login", "POST /api/token"}


def test_what_was_taken_away() -> None:
    gone = [one for one in list_routes() if one.gone]
    assert {one.gone for one in gone} == {"2024", "2026"}
    assert len([one for one in gone if one.gone == "2024"]) == 8
    assert len([one for one in gone if one.gone == "2026"]) == 40


def test_each_is_counted_on_a_family() -> None:
    assert {one.family for one in list_routes()} == {*FAMILIES, "accounts"}


def test_literal_parts_win_over_names() -> None:
    found = find_route("GET", "/v1/recommendations/available-genre-seeds")
    assert found
    assert found[1] == {}
    named = find_route("GET", "/v1/artists/abc/albums")
    assert named
    assert named[1] == {"id": "abc"}
    assert find_route("PATCH", "/v1/me") is None
