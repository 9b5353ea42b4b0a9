"""The table of routes, held against the routes that the sandbox knows."""

from __future__ import annotations

import pytest

from backline.errors import BadInput
from backline.sandbox import server  # noqa: F401 - its import enlists the routes
from backline.sandbox.routes import find_route
from backline.spotify import routes
from backline.spotify.routes import ROUTES, Profile, Route

FAMILIES = {"artist-album": "catalogue", "playlist-read": "playlist_read", "playlist-write": "playlist_write"}


def name_route(route: Route) -> str:
    return f"{route}{'' if route.again else ' once'}"


@pytest.mark.parametrize("route", ROUTES, ids=name_route)
def test_the_sandbox_has_each_route_in_the_same_family_and_gone_at_the_same_time(route: Route) -> None:
    found = find_route(route.method, "/v1" + route.template.replace("{id}", "x").replace("{kind}", "artists"))
    assert found
    known = found[0]
    assert known.template.partition("{")[0] == "/v1" + route.template.partition("{")[0]
    assert FAMILIES.get(known.family, known.family) == route.family
    assert known.gone == route.gone
    assert known.person <= route.person
    if known.scopes:
        assert set(known.scopes) == set(route.scopes)


def test_what_was_taken_away_is_there_for_those_who_still_have_it() -> None:
    told = {
        route: [profile.name for profile in Profile if route.exists_on(profile)]
        for route in (routes.ROWS, routes.TRACKS, routes.RELATED_ARTISTS)
    }
    assert told == {
        routes.ROWS: ["DEV_2026", "DEV_LEGACY", "EXTENDED"],
        routes.TRACKS: ["DEV_LEGACY", "EXTENDED"],
        routes.RELATED_ARTISTS: ["EXTENDED"],
    }


def test_pages_are_as_long_as_the_profile_lets_them_be() -> None:
    caps = [[route.cap(profile) for profile in Profile] for route in (routes.SEARCH, routes.SAVED_TRACKS)]
    assert caps == [[10, 50, 50], [50, 50, 50]]


def test_what_must_not_be_asked_twice_is_marked() -> None:
    once = {str(route) for route in ROUTES if not route.again}
    assert once == {"POST /me/playlists", "POST /playlists/{id}/items", "PUT /playlists/{id}/items"}
    assert routes.REPLACE_ROWS.again
    assert all(route.again for route in ROUTES if route.method == "GET")


def test_a_name_cannot_lead_elsewhere() -> None:
    assert routes.ARTIST_ALBUMS.fill("4Z8W4fKeB5YxbusRsdQVPb") == "/artists/4Z8W4fKeB5YxbusRsdQVPb/albums"
    for name in ("", " ", "..", "a/b", "a?b", "spotify:artist:a"):
        with pytest.raises(BadInput, match="no id"):
            routes.ARTIST.fill(name)
