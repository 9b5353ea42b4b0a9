"""A selector that names what is not there is an error and never an empty playlist."""

from __future__ import annotations

from typing import Any

import pytest

from backline.errors import BrokenContract
from backline.sandbox.fields import read_fields
from backline.spotify.fields import HEAD_FIELDS, ROW_FIELDS, BrokenSelector, check_head, check_rows
from backline.spotify.payloads import list_things
from backline.spotify.routes import PLAYLIST, ROWS
from tests.spotify.stand_ins import Room


@pytest.mark.parametrize(
    "page",
    [
        {"items": [{}, {}], "total": 2},
        {"items": [{"added_at": None}], "total": 1, "offset": 0},
        {"total": 3},
        {"items": None, "total": 3},
        {"items": []},
        {},
        None,
    ],
)
def test_rows_that_were_emptied_are_an_error(page: Any) -> None:
    with pytest.raises(BrokenSelector) as caught:
        check_rows(page, ROWS)
    assert isinstance(caught.value, BrokenContract)


@pytest.mark.parametrize(
    "page",
    [
        {"items": [], "total": 0},
        {"items": [], "total": 60, "offset": 60},
        {"items": [{"item": None}], "total": 1},
        {"items": [{"track": {"id": "a"}}], "total": 1},
    ],
)
def test_empty_lists_and_gaps_are_fine(page: Any) -> None:
    assert check_rows(page, ROWS) is page


def test_a_playlist_without_its_id_is_an_error() -> None:
    with pytest.raises(BrokenSelector):
        check_head({}, PLAYLIST)
    assert check_head({"id": "a"}, PLAYLIST) == {"id": "a"}


@pytest.mark.parametrize("profile", ["dev-2026", "dev-legacy", "extended"])
def test_our_selectors_bring_everything_on_each_profile(profile: str) -> None:
    room = Room(profile)
    playlists = room.speak(room.sign_in()).playlists
    for playlist in room.world.playlists.values():
        if playlist.owner == room.person.id:
            rows = [one for page in playlists.walk_rows(playlist.id) for one in list_things(page.items)]
            assert len(rows) == len(playlist.rows)
            told = [row.thing.uri for row in rows if row.thing]
            assert set(told) <= {row.uri for row in playlist.rows}
            assert all(row.thing.name for row in rows if row.thing)
            assert playlists.get(playlist.id).total == len(playlist.rows)


def test_the_old_selector_is_caught_at_the_sandbox() -> None:
    room = Room("dev-2026")
    playlists = room.speak(room.sign_in()).playlists
    own = next(one for one in room.world.playlists.values() if one.owner == room.person.id and one.rows)
    with pytest.raises(BrokenSelector, match="not an empty playlist"):
        next(playlists.walk_rows(own.id, fields="items(track(id,uri)),next,total"))


def test_the_selectors_are_well_formed() -> None:
    assert read_fields(ROW_FIELDS).kept["total"] is None
    assert read_fields(HEAD_FIELDS).kept["snapshot_id"] is None
