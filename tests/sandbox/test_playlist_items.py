"""Rows are added, replaced, moved and deleted as the platform does it."""

from __future__ import annotations

import random
from typing import Any

import pytest

from backline.sandbox.answers import Refused
from backline.sandbox.playlist_items import move_range
from backline.sandbox.world import Row
from tests.sandbox.guest import Guest, make_guest


def names(rows: list[Row]) -> str:
    return "".join(row.uri for row in rows)


def move(text: str, start: Any, before: Any, length: Any = 1) -> str:
    return names(move_range([Row(sign, 0, None) for sign in text], start, before, length))


def test_a_range_moves_in_front_of_a_row() -> None:
    assert move("abcdef", 0, 3) == "bcadef"
    assert move("abcdef", 0, 6) == "bcdefa"
    assert move("abcdef", 4, 0, 2) == "efabcd"
    assert move("abcdef", 1, 2, 2) == "abcdef"  # into itself: nothing happens
    assert move("abcdef", 1, 5, 2) == "adebcf"


def test_moving_keeps_every_row() -> None:
    rng = random.Random(1)
    for _ in range(300):
        start = rng.randrange(8)
        length = rng.randrange(1, 9 - start)
        moved = move("abcdefgh", start, rng.randrange(9), length)
        assert sorted(moved) == list("abcdefgh")
        assert "abcdefgh"[start : start + length] in moved


@pytest.mark.parametrize("numbers", [(0, 9), (5, 0, 2), (-1, 0), ("a", 0), (0, 1, 0)])
def test_what_cannot_be_moved(numbers: tuple[Any, ...]) -> None:
    with pytest.raises(Refused):
        move("abcdef", *numbers)


def add(guest: Guest, ident: str, **more: Any) -> int:
    return guest.ask("POST", f"/v1/playlists/{ident}/items", **more).status


def test_additions_go_to_the_end_or_a_position(guest: Guest) -> None:
    ident = guest.edit("add_playlist", tracks=2)["playlist"]
    a, b, c, d = [f"spotify:track:{one}" for one in list(guest.stage.world.tracks)[10:14]]
    assert add(guest, ident, data={"uris": [a]}) == 201
    assert add(guest, ident, data={"uris": [b], "position": 0}) == 201
    assert add(guest, ident, query={"uris": c, "position": "1"}, data={"uris": [d]}) == 201  # the query wins
    uris = [row.uri for row in guest.stage.world.playlists[ident].rows]
    assert (uris[:2], uris[-1], len(uris)) == ([b, c], a, 5)
    assert add(guest, ident, data=[a]) == 201  # a list by itself, as spotipy sends it
    episode = next(one.id for one in guest.stage.world.talks.values() if one.kind == "episode")
    assert add(guest, ident, data={"uris": [f"spotify:episode:{episode}"]}) == 201


@pytest.mark.parametrize(
    "data",
    [
        {}, {"uris": []}, {"uris": ["spotify:local:a:b:c:1"]}, {"uris": ["spotify:track:" + "0" * 22]}, {"uris": "x"},
        {"uris": None}, {"uris": [3]},
    ],
)  # fmt: skip
def test_what_cannot_be_added(guest: Guest, data: dict[str, Any]) -> None:
    assert add(guest, next(iter(guest.stage.world.playlists)), data=data) == 400


def test_a_position_beyond_the_end_is_400(guest: Guest) -> None:
    ident = guest.edit("add_playlist", tracks=2)["playlist"]
    uris = [f"spotify:track:{next(iter(guest.stage.world.tracks))}"]
    for position in (3, -1, "x"):
        assert add(guest, ident, data={"uris": uris, "position": position}) == 400


def test_replacing_and_reordering_exclude_each_other(guest: Guest) -> None:
    ident = guest.edit("add_playlist", tracks=3)["playlist"]
    path, rows = f"/v1/playlists/{ident}/items", guest.stage.world.playlists[ident].rows
    assert guest.ask("PUT", path, data={"uris": [], "range_start": 0, "insert_before": 1}).status == 400
    assert guest.ask("PUT", path, data={}).status == 400
    assert guest.ask("PUT", path, data={"range_start": 0, "insert_before": 3}).status == 200
    assert guest.stage.world.playlists[ident].rows == (*rows[1:], rows[0])
    assert guest.ask("PUT", path, data={"uris": []}).status == 200
    assert guest.stage.world.playlists[ident].rows == ()


@pytest.mark.parametrize(
    "data", [{}, {"items": []}, {"items": ["x"]}, {"items": [{"uri": "x"}] * 101}, {"tracks": [{"uri": "x"}]}]
)
def test_what_cannot_be_deleted(guest: Guest, data: dict[str, Any]) -> None:
    ident = next(iter(guest.stage.world.playlists))
    assert guest.ask("DELETE", f"/v1/playlists/{ident}/items", data=data).status == 400


def test_a_private_list_needs_its_scope(guest: Guest) -> None:
    private = next(
        one for one in guest.stage.world.playlists.values() if not one.public and not one.collaborative
    )
    assert guest.get(f"playlists/{private.id}/items").status == 200
    guest.sign_in(scope="playlist-read-collaborative")
    assert guest.get(f"playlists/{private.id}/items").status == 403


def test_a_collaborator_reads_and_writes(guest: Guest) -> None:
    shared = next(one for one in guest.stage.world.playlists.values() if one.collaborative)
    guest.sign_in(user=list(guest.stage.world.people)[2])
    assert guest.get(f"playlists/{shared.id}/items").status == 200
    assert (
        add(guest, shared.id, data={"uris": [f"spotify:track:{next(iter(guest.stage.world.tracks))}"]}) == 201
    )


def test_the_old_name_is_there_for_older_client_ids() -> None:
    guest = make_guest("dev-legacy")
    guest.sign_in()
    ident = next(iter(guest.stage.world.playlists))
    page = guest.get(f"playlists/{ident}/tracks", limit=100).data
    assert page["items"][0]["track"] == page["items"][0]["item"]
    uri = page["items"][0]["track"]["uri"]
    assert guest.ask("DELETE", f"/v1/playlists/{ident}/tracks", data={"tracks": [{"uri": uri}]}).status == 200
    assert guest.get(f"playlists/{ident}/items", limit=100).status == 400


@pytest.mark.parametrize(
    ("keys", "there"), [("both", {"item", "track"}), ("track", {"track"}), ("item", {"item"})]
)
def test_rows_may_be_named_either_way(guest: Guest, keys: str, there: set[str]) -> None:
    guest.control("POST", "profile", {"switches": {"row_keys": keys}})
    ident = next(iter(guest.stage.world.playlists))
    assert set(guest.get(f"playlists/{ident}/items").data["items"][0]) & {"item", "track"} == there


def test_a_write_whose_answer_was_lost_has_happened(guest: Guest) -> None:
    ident = guest.edit("add_playlist", tracks=0)["playlist"]
    uris = [f"spotify:track:{next(iter(guest.stage.world.tracks))}"]
    guest.fail("5xx", match="POST *", after=True, status=502)
    guest.fail("5xx", match="POST *", status=502)
    assert [add(guest, ident, data={"uris": uris}) for _ in range(2)] == [502, 502]
    assert len(guest.stage.world.playlists[ident].rows) == 1
