"""The truth comes out whole, and room by room."""

from __future__ import annotations

import json

import pytest

from backline.sandbox.export import ROOMS, export_world
from tests.sandbox.guest import Guest


def test_all_of_it_is_json(guest: Guest) -> None:
    told = json.loads(json.dumps(export_world(guest.stage.world)))
    assert set(told) == set(ROOMS)
    world = guest.stage.world
    assert set(told["releases"]) == set(world.releases)
    track = next(iter(world.tracks.values()))
    assert told["tracks"][track.id]["isrc"] == track.isrc
    assert len(told["people"][guest.person.id]["plays"]) == len(guest.person.plays)


def test_a_list_is_told_as_it_truly_is(guest: Guest) -> None:
    ident = next(iter(guest.stage.world.playlists))
    uri = f"spotify:track:{next(iter(guest.stage.world.tracks))}"
    answered = guest.ask("PUT", f"/v1/playlists/{ident}/items", data={"uris": [uri]}).data["snapshot_id"]
    told = export_world(guest.stage.world, ["playlists"])["playlists"][ident]
    assert [row["uri"] for row in told["rows"]] == [uri]
    assert told["snapshot_id"] == answered


def test_a_room_that_there_is_not(guest: Guest) -> None:
    with pytest.raises(ValueError, match="cellar"):
        export_world(guest.stage.world, ["cellar"])
