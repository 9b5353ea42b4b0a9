"""What was played lately, by cursors with which nothing is missed; and a radio that is told what to do."""

from __future__ import annotations

import pytest

from tests.sandbox.guest import Guest


def read_after(guest: Guest, after: int, limit: int) -> list[str]:
    seen: list[str] = []
    path = f"me/player/recently-played?after={after}&limit={limit}"
    while path:
        page = guest.get(path).data
        seen += [one["played_at"] for one in reversed(page["items"])]
        path = (page["next"] or "").removeprefix("http://sandbox.test")
    return seen


@pytest.mark.parametrize("limit", [1, 7, 50])
def test_following_next_after_a_cursor_misses_nothing(guest: Guest, limit: int) -> None:
    last = round(guest.person.plays[-1].at * 1000)
    made = guest.edit("play", times=20, apart=90, at="2026-11-22T08:00:00Z")["plays"]
    assert read_after(guest, last, limit) == [one["played_at"] for one in made]


def test_neither_bound_is_included(guest: Guest) -> None:
    plays = guest.person.plays
    third, last = (round(plays[at].at * 1000) for at in (-3, -1))
    page = guest.get("me/player/recently-played", after=third).data
    assert [one["track"]["id"] for one in page["items"]] == [plays[-1].track, plays[-2].track]
    assert (
        guest.get("me/player/recently-played", before=last, limit=1).data["items"][0]["track"]["id"]
        == plays[-2].track
    )


def test_what_lies_further_back_than_fifty_is_out_of_reach(guest: Guest) -> None:
    made = guest.edit("play", times=60, apart=60, at="2026-11-22T08:00:00Z")["plays"]
    assert read_after(guest, 0, 50) == [one["played_at"] for one in made[10:]]


def test_what_is_not_yet_played_is_not_shown(guest: Guest) -> None:
    guest.edit("play", at="2026-11-22T10:00:01Z")
    assert len(read_after(guest, round(guest.person.plays[-2].at * 1000), 50)) == 0
    guest.control("POST", "clock", {"advance": 1})
    assert len(read_after(guest, round(guest.person.plays[-2].at * 1000), 50)) == 1


@pytest.mark.parametrize("query", ["after=soon", "before=-1", "limit=51"])
def test_cursors_are_numbers(guest: Guest, query: str) -> None:
    assert guest.get(f"me/player/recently-played?{query}").status == 400


def test_the_player_tells_what_plays(guest: Guest) -> None:
    assert guest.get("me/player").status == 204
    made = guest.edit("play", at="2026-11-22T09:59:50Z")["plays"][0]
    state = guest.get("me/player").data
    assert (state["item"]["id"], state["progress_ms"], state["device"]["name"]) == (
        made["track"],
        10_000,
        "Kitchen Radio",
    )
    assert "device" not in guest.get("me/player/currently-playing").data
    assert guest.get("me/player/devices").data["devices"][0]["is_active"]
    assert guest.get("me/player/queue").data["queue"] == []


def test_orders_need_premium(guest: Guest) -> None:
    assert guest.ask("PUT", "/v1/me/player/pause").status == 204
    guest.person.product = "free"
    reply = guest.ask("POST", "/v1/me/player/next")
    assert (reply.status, reply.data["error"]["reason"]) == (403, "PREMIUM_REQUIRED")
