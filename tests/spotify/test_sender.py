"""One call: stored answers, equal requests, one new token, and what all workers are told."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest

from backline.errors import NotAllowed, TryLater
from backline.sandbox.server import Sandbox
from backline.spotify import routes
from backline.spotify.faults import (
    Disconnected,
    Hiccup,
    NotListed,
    OutcomeUnknown,
    QuotaSpent,
    RateLimited,
    RouteGone,
)
from backline.spotify.sender import Call
from tests.sandbox.transport import SandboxTransport
from tests.spotify.stand_ins import Aged, Room


def find_artist(room: Room) -> Call:
    return Call(routes.ARTIST, (next(iter(room.world.artists)),))


def test_the_second_time_an_answer_is_only_confirmed_and_counts_all_the_same() -> None:
    room = Room()
    call = find_artist(room)
    assert room.sender.send(call) == room.sender.send(call)
    entries = [one for one in room.stage.ledger.entries if one.family == "artist-album"]
    assert [one.status for one in entries] == [200, 304]
    assert room.budget.taken["catalogue"] == 2


def test_what_changed_is_seen_although_something_was_stored() -> None:
    room = Room()
    call = find_artist(room)
    room.sender.send(call)
    room.world.artists[call.names[0]].name = "Other"
    assert room.sender.send(call)["name"] == "Other"


def test_a_fresh_answer_is_not_asked_for() -> None:
    room = Room(transport=Aged)
    call = find_artist(room)
    for seconds in (0, 59, 2):
        room.stage.clock.advance(seconds)
        room.sender.send(call)
    assert len(room.list_asked("/v1/")) == 2


def test_what_was_asked_since_a_moment_is_not_asked_again_even_by_who_asks_anew() -> None:
    room = Room(transport=Aged)
    call = find_artist(room)
    room.sender.send(call)
    began = room.clock.now()
    for one, asked in (
        (replace(call, since=began), 1), (replace(call, since=began, anew=True), 1),
        (replace(call, since=began + 1), 1),  # it is fresh
        (replace(call, since=began + 1, anew=True), 2), (replace(call, anew=True), 3),
    ):  # fmt: skip
        room.sender.send(one)
        assert len(room.list_asked("/v1/")) == asked, one


def test_an_answer_is_kept_with_whose_it_is_so_that_it_can_go_with_them() -> None:
    room = Room()
    account = room.sign_in()
    room.sender.send(Call(routes.ME, account_id=account))
    room.sender.send(find_artist(room))
    assert [one.account_id for one in room.answers.answers.values()] == [account, None]


def test_no_answer_is_kept_for_another_account_or_another_query() -> None:
    keys = {
        call.make_key(client)
        for client in ("one", "two")
        for call in (
            Call(routes.ME, account_id="a"), Call(routes.ME, account_id="b"), Call(routes.MY_PLAYLISTS, account_id="a"),
            Call(routes.MY_PLAYLISTS, query={"offset": 50}, account_id="a"),
        )
    }  # fmt: skip
    assert len(keys) == 8
    open_query: dict[str, Any] = {"offset": 50, "market": None}
    assert Call(routes.SEARCH, query=open_query).make_key("c") == Call(
        routes.SEARCH, query={"offset": 50}
    ).make_key("c")


class Held(SandboxTransport):
    """Answers of `/v1` wait until they are let go; `asked` tells that one has come."""

    def __init__(self, app: Sandbox) -> None:
        super().__init__(app)
        self.asked, self.go = threading.Event(), threading.Event()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/v1/"):
            self.asked.set()
            assert self.go.wait(20)
        return super().handle_request(request)


def test_equal_requests_at_the_same_time_go_out_once() -> None:
    held: list[Held] = []
    room = Room(transport=lambda app: held.append(Held(app)) or held[0])
    room.tokens.give(None)
    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(room.sender.send, find_artist(room)) for _ in range(8)]
        for _ in range(7):
            assert room.answers.waiting.acquire(timeout=20)
        held[0].go.set()
        names = {one.result(20)["name"] for one in found}
    assert len(names) == 1
    assert len(room.list_asked("/v1/")) == room.budget.taken["catalogue"] == 1


def test_in_a_storm_of_429_one_waits_for_all() -> None:
    held: list[Held] = []
    room = Room(transport=lambda app: held.append(Held(app)) or held[0])
    room.tokens.give(None)
    room.fail("429", retry_after=79_200)
    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(room.sender.send, find_artist(room)) for _ in range(8)]
        for _ in range(7):
            assert room.answers.waiting.acquire(timeout=20)
        held[0].go.set()
        waits = []
        for one in found:
            with pytest.raises(TryLater) as caught:
                one.result(20)
            waits.append(caught.value.seconds)
    assert waits == [79_200] * 8
    assert len(room.list_asked("/v1/")) == 1
    assert room.stage.ledger.tell()["inside_ban"] == 0


def test_a_rate_holds_for_all_and_a_quota_for_its_family() -> None:
    room = Room()
    account = room.sign_in()
    room.fail("quota", retry_after=3600)
    with pytest.raises(QuotaSpent):
        room.sender.send(find_artist(room))
    assert (room.budget.told[-1][:2], room.budget.spent) == (("catalogue", 3600), ["catalogue"])
    room.sender.send(Call(routes.ME, account_id=account))
    room.fail("429", retry_after=2)
    with pytest.raises(RateLimited):
        room.sender.send(Call(routes.ME, account_id=account))
    assert room.budget.told[-1][:2] == (None, 2)
    with pytest.raises(TryLater):
        room.sender.send(Call(routes.SEARCH, query={"q": "a", "type": "artist"}))
    room.stage.clock.advance(2)
    room.sender.send(Call(routes.ME, account_id=account))
    assert room.stage.ledger.tell()["inside_ban"] == 0


def test_a_token_that_is_refused_is_renewed_once() -> None:
    room = Room()
    account = room.sign_in()
    before = room.tokens.give(account)
    room.fail("bad_token")
    assert room.sender.send(Call(routes.ME, account_id=account))["account_id"] == account
    assert room.tokens.give(account).access_token != before.access_token
    assert room.budget.taken["me"] == 2
    room.fail("bad_token", times=2)
    with pytest.raises(Disconnected):
        room.sender.send(Call(routes.ME, account_id=account))
    assert room.budget.taken["me"] == 4


def test_an_app_by_itself_is_told_that_a_person_is_needed_and_no_token_is_wasted() -> None:
    room = Room()
    with pytest.raises(NotAllowed, match="belongs to a person"):
        room.sender.send(Call(routes.ME))
    assert len(room.list_asked("/api/token")) == 1


def test_what_is_known_to_be_gone_costs_nothing() -> None:
    room = Room("dev-2026")
    with pytest.raises(RouteGone):
        room.sender.send(Call(routes.TRACKS, query={"ids": "a"}))
    assert room.list_asked() == []


@pytest.mark.parametrize("kind", ["cut", "html"])
def test_a_body_that_is_cut_is_not_kept(kind: str) -> None:
    room = Room()
    call = find_artist(room)
    room.fail(kind, status=200)
    with pytest.raises(Hiccup):
        room.sender.send(call)
    assert room.answers.answers == {}
    assert room.sender.send(call)["id"] == call.names[0]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("kind", ["5xx", "cut", "reset"])
def test_a_write_whose_answer_is_lost_is_never_sent_twice(kind: str, after: bool) -> None:
    room = Room()
    account = room.sign_in()
    room.fail(kind, after=after)
    with pytest.raises(OutcomeUnknown):
        room.speak(account).playlists.make("Once")
    assert room.list_asked("/v1/me/playlists") == ["POST /v1/me/playlists"]


def test_who_was_taken_off_the_list_is_found_out_by_asking_who_they_are() -> None:
    room = Room()
    account = room.sign_in()
    other = next(
        one for one in room.world.playlists.values() if one.owner != room.person.id and not one.editorial
    )
    room.fail("forbidden", match="*/items")
    room.fail("forbidden", match="/v1/me")
    with pytest.raises(NotListed):
        next(room.speak(account).playlists.walk_rows(other.id))
    assert room.list_asked("/v1/me") == ["GET /v1/me"]
