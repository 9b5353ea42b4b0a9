"""Routes that were taken away in 2026 work for older Client IDs."""

from __future__ import annotations

import pytest

from tests.sandbox.guest import Guest, make_guest


@pytest.fixture
def legacy() -> Guest:
    guest = make_guest("dev-legacy")
    guest.sign_in()
    return guest


@pytest.mark.parametrize(
    "name", ["tracks", "artists", "albums", "episodes", "shows", "audiobooks", "chapters"]
)
def test_several_at_once(legacy: Guest, name: str) -> None:
    world = legacy.stage.world
    talks = [one.id for one in world.talks.values() if name.startswith(one.kind)]
    ids = {"tracks": list(world.tracks), "artists": list(world.artists), "albums": list(world.releases)}.get(
        name, talks
    )
    found = legacy.get(name, ids=",".join([ids[0], "0" * 22])).data[name]
    assert found[0]["id"] == ids[0]
    assert found[1] is None
    assert legacy.get(name).status == legacy.get(name, ids=",".join(["x"] * 51)).status == 400


@pytest.mark.parametrize("kind", ["track", "album", "episode", "show", "audiobook"])
def test_libraries_by_kind(legacy: Guest, kind: str) -> None:
    path = f"/v1/me/{kind}s"
    assert legacy.ask("PUT", path, query={"ids": "a,b"}).status == 200
    assert legacy.ask("DELETE", path, data={"ids": ["a"]}).status == 200
    assert legacy.ask("DELETE", path, data=["c"]).status == 200
    assert legacy.get(f"{path}/contains", ids="a,b").data == [False, True]


def test_follows_by_kind(legacy: Guest) -> None:
    assert legacy.ask("PUT", "/v1/me/following", query={"type": "user", "ids": "x"}).status == 204
    assert legacy.get("me/following/contains", type="user", ids="x,y").data == [True, False]
    assert legacy.ask("DELETE", "/v1/me/following", query={"type": "user", "ids": "x"}).status == 204
    assert legacy.get("me/following/contains", type="user", ids="x").data == [False]
    assert legacy.get("me/following/contains", type="label", ids="x").status == 400


def test_lists_of_others(legacy: Guest) -> None:
    world = legacy.stage.world
    foreign = next(one for one in world.playlists.values() if one.id not in legacy.person.playlists)
    path = f"/v1/playlists/{foreign.id}/followers"
    assert legacy.ask("PUT", path).status == 200
    assert legacy.get(f"{path}/contains").data == [True]
    assert legacy.ask("DELETE", path).status == 200
    assert legacy.get(f"{path}/contains").data == [False]
    assert legacy.get(f"users/{foreign.owner}").data["id"] == foreign.owner
    assert foreign.id in [one["id"] for one in legacy.get(f"users/{foreign.owner}/playlists").data["items"]]
    assert legacy.get("users/nobody").status == 404
    assert legacy.ask("POST", f"/v1/users/{legacy.person.id}/playlists", data={"name": "x"}).status == 201
