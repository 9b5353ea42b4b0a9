"""Playlists are made, renamed and given covers by those who may."""

from __future__ import annotations

import base64

import pytest

from tests.sandbox.guest import Guest


def test_a_new_list_is_public_and_comes_first(guest: Guest) -> None:
    made = guest.ask("POST", "/v1/me/playlists", data={"name": "Ночь", "description": "d"})
    assert made.status == 201
    assert (made.data["public"], made.data["collaborative"], made.data["items"]["total"]) == (True, False, 0)
    assert guest.get("me/playlists").data["items"][0]["id"] == made.data["id"]


@pytest.mark.parametrize("data", [{}, {"name": ""}, {"name": 3}, {"name": "x", "collaborative": True}])
def test_what_makes_no_list(guest: Guest, data: object) -> None:
    assert guest.ask("POST", "/v1/me/playlists", data=data).status == 400


def test_each_kind_of_list_needs_its_scope(guest: Guest) -> None:
    guest.sign_in(scope="playlist-modify-public")
    assert guest.ask("POST", "/v1/me/playlists", data={"name": "x"}).status == 201
    assert guest.ask("POST", "/v1/me/playlists", data={"name": "x", "public": False}).status == 403


def test_only_the_owner_changes_a_list(guest: Guest) -> None:
    mine, *_ = guest.stage.world.playlists.values()
    foreign = next(
        one
        for one in guest.stage.world.playlists.values()
        if one.owner != guest.person.id and not one.editorial
    )
    assert guest.ask("PUT", f"/v1/playlists/{mine.id}", data={"name": "N", "description": "D"}).status == 200
    assert (mine.name, mine.description) == ("N", "D")
    assert guest.ask("PUT", f"/v1/playlists/{foreign.id}", data={"name": "N"}).status == 403
    assert guest.ask("PUT", f"/v1/playlists/{mine.id}", data={"collaborative": True}).status == 400


@pytest.mark.parametrize("change", ["name", "cover", "privacy"])
def test_the_snapshot_changes_with_what_is_no_row(guest: Guest, change: str) -> None:
    one = next(iter(guest.stage.world.playlists.values()))
    before, rows = guest.get(f"playlists/{one.id}").data["snapshot_id"], one.rows
    if change == "cover":
        body = base64.b64encode(b"\xff\xd8\xff" + bytes(20))
        assert guest.ask("PUT", f"/v1/playlists/{one.id}/images", body=body).status == 202
    else:
        guest.ask(
            "PUT", f"/v1/playlists/{one.id}", data={"name": "N"} if change == "name" else {"public": False}
        )
    guest.control("POST", "clock", {"advance": 60})
    assert guest.get(f"playlists/{one.id}").data["snapshot_id"] != before
    assert one.rows == rows


def test_fields_hold_for_a_list_too(guest: Guest) -> None:
    ident = next(iter(guest.stage.world.playlists))
    data = guest.get(f"playlists/{ident}", fields="name,items(items(item(uri)),total)").data
    assert set(data) == {"name", "items"}
    assert set(data["items"]) == {"items", "total"}
    assert guest.get(f"playlists/{ident}", fields="name(").status == 400


def test_a_late_snapshot_on_demand(guest: Guest) -> None:
    ident = next(iter(guest.stage.world.playlists))
    guest.fail("snapshot_lag", seconds=600)
    uris = ["spotify:track:" + next(iter(guest.stage.world.tracks))]
    answered = guest.ask("PUT", f"/v1/playlists/{ident}/items", data={"uris": uris}).data["snapshot_id"]
    guest.control("POST", "clock", {"advance": 60})
    assert guest.get(f"playlists/{ident}").data["snapshot_id"] != answered
    assert guest.get(f"playlists/{ident}/items").data["total"] == 1
    guest.control("POST", "clock", {"advance": 600})
    assert guest.get(f"playlists/{ident}").data["snapshot_id"] == answered
