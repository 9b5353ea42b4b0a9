"""Browsing and discovery: gone in 2026 and 2024, there with extended quota."""

from __future__ import annotations

import pytest

from tests.sandbox.guest import make_guest

ARTIST, TRACK = "{artist}", "{track}"


@pytest.mark.parametrize(
    ("path", "name", "legacy"),
    [
        ("artists/{artist}/top-tracks", "tracks", 200), ("artists/{artist}/related-artists", "artists", 403),
        ("markets", "markets", 200), ("browse/new-releases", "albums", 200), ("browse/categories", "categories", 200),
        ("browse/categories/sandbox", "name", 200), ("browse/featured-playlists", "playlists", 403),
        ("browse/categories/sandbox/playlists", "playlists", 403), ("audio-features/{track}", "tempo", 403),
        ("audio-features?ids={track},no", "audio_features", 403), ("audio-analysis/{track}", "beats", 403),
        ("recommendations?limit=3", "tracks", 403), ("recommendations/available-genre-seeds", "genres", 403),
    ],
)  # fmt: skip
def test_who_still_has_it(path: str, name: str, legacy: int) -> None:
    guest = make_guest("extended")
    world = guest.stage.world
    place = path.format(artist=next(iter(world.artists)), track=next(iter(world.tracks)))
    guest.sign_in_app()
    found = guest.get(place)
    assert (found.status, name in found.data) == (200, True)
    for profile, status in (("dev-legacy", legacy), ("dev-2026", 403)):
        guest.control("POST", "profile", {"profile": profile})
        assert guest.get(place).status == status


def test_a_category_that_is_not_there() -> None:
    guest = make_guest("extended")
    guest.sign_in_app()
    assert guest.get("browse/categories/x").status == 404
