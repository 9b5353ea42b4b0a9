"""One client for an account or for the app, and an account that becomes known."""

from __future__ import annotations

from urllib.parse import urlencode

import httpx
import pytest

from backline.spotify.client import connect_account
from backline.spotify.faults import NotListed
from backline.spotify.tokens import Pair, make_pair
from tests.spotify.stand_ins import Room

REDIRECT = "http://127.0.0.1:4444/callback"


def fetch_code(room: Room, user: str, pair: Pair) -> str:
    asked = urlencode({
        "client_id": room.client.client_id, "response_type": "code", "redirect_uri": REDIRECT, "state": "s",
        "code_challenge": pair.challenge, "code_challenge_method": "S256", "scope": "user-top-read",
    })  # fmt: skip
    form = {"continue": asked, "user": user, "action": "agree"}
    answer = room.web.post(f"{room.hosts.accounts}/login", data=form)
    return str(httpx.URL(answer.headers["location"]).params["code"])


@pytest.mark.parametrize("profile", ["dev-2026", "dev-legacy", "extended"])
def test_an_account_is_kept_under_what_never_changes(profile: str) -> None:
    room, pair = Room(profile), make_pair()
    code = fetch_code(room, room.person.id, pair)
    grant, me = connect_account(room.sender, room.tokens, code, pair, REDIRECT)
    assert grant.account_id == me.key == room.person.account_id
    assert grant.authorized_at == room.clock.now()
    assert room.speak(grant.account_id).library.get_me() == me


def test_nobody_is_kept_whom_the_app_may_not_serve() -> None:
    room, pair = Room(), make_pair()
    stranger = list(room.world.people.values())[5]
    code = fetch_code(room, stranger.id, pair)
    with pytest.raises(NotListed, match="room for five"):
        connect_account(room.sender, room.tokens, code, pair, REDIRECT)
    assert room.store.writes == []
