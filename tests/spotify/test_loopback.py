"""The way back from a sign-in, over a real socket."""

from __future__ import annotations

import socket
from concurrent.futures import Future, ThreadPoolExecutor

import httpx
import pytest

from backline.errors import BadInput, NeedsHuman
from backline.spotify.loopback import Declined, Listener, make_state, read_address
from backline.spotify.tokens import make_pair, write_authorize_url
from tests.spotify.stand_ins import Room


def hear(listener: Listener, pool: ThreadPoolExecutor) -> Future[str]:
    return pool.submit(listener.hear, 20)


def test_a_whole_sign_in_by_pkce_comes_back_to_the_listener() -> None:
    room, pair, state = Room(), make_pair(), make_state()
    room.stage.browser = room.person.id
    with Listener(state) as listener, ThreadPoolExecutor(1) as pool, httpx.Client() as browser:
        heard = hear(listener, pool)
        url = write_authorize_url(
            room.hosts, room.tokens.app, listener.redirect, ["user-top-read"], state, pair
        )
        page = browser.get(room.web.get(url).headers["location"])
        assert (page.status_code, "Your answer has arrived" in page.text) == (200, True)
        assert (page.headers["referrer-policy"], page.headers["cache-control"]) == ("no-referrer", "no-store")
        answer = room.tokens.exchange(heard.result(20), pair, listener.redirect)
    assert answer.scope == "user-top-read"
    assert answer.refresh_token


def test_others_who_knock_change_nothing() -> None:
    with Listener("right") as listener, ThreadPoolExecutor(1) as pool, httpx.Client() as browser:
        heard = hear(listener, pool)
        home = listener.redirect.removesuffix("/callback")
        assert browser.get(f"{home}/favicon.ico").status_code == 404
        assert browser.get(f"{listener.redirect}?code=evil&state=wrong").status_code == 400
        assert browser.get(f"{listener.redirect}?code=evil").status_code == 400
        assert not heard.done()
        browser.get(f"{listener.redirect}?code=good&state=right")
        assert heard.result(20) == "good"


def test_a_no_is_heard() -> None:
    with Listener("s") as listener, ThreadPoolExecutor(1) as pool:
        heard = hear(listener, pool)
        assert "You said no" in httpx.get(f"{listener.redirect}?error=access_denied&state=s").text
        with pytest.raises(Declined):
            heard.result(20)


def test_it_listens_on_this_machine_only_and_not_for_ever() -> None:
    with Listener("s") as listener:
        assert listener.redirect.startswith("http://127.0.0.1:")
        port = int(listener.redirect.split(":")[2].partition("/")[0])
        with pytest.raises(BadInput, match="is taken"):
            Listener("s", port)
        with pytest.raises(NeedsHuman, match="paste the address"):
            listener.hear(0.01)
    with socket.socket() as knock:
        assert knock.connect_ex(("127.0.0.1", port)) != 0


def test_a_browser_that_hangs_up_does_not_end_it() -> None:
    with Listener("s") as listener, ThreadPoolExecutor(1) as pool:
        heard = hear(listener, pool)
        port = int(listener.redirect.split(":")[2].partition("/")[0])
        with socket.create_connection(("127.0.0.1", port)) as knock:
            knock.sendall(b"nonsense\r\n\r\n")
        httpx.get(f"{listener.redirect}?code=good&state=s")
        assert heard.result(20) == "good"


def test_an_address_that_was_pasted_is_read() -> None:
    address = " http://127.0.0.1:1/callback?code=a%2Bb&state=s \n"
    assert read_address(address, "s") == "a+b"
    with pytest.raises(Declined):
        read_address("http://127.0.0.1:1/callback?error=access_denied&state=s", "s")
    for wrong in (
        "", "http://[", "hello", "http://127.0.0.1:1/callback?code=a", "http://127.0.0.1:1/callback?code=a&state=t",
        "http://127.0.0.1:1/callback?state=s", "http://127.0.0.1:1/callback?error=server_error&state=s",
    ):  # fmt: skip
        with pytest.raises(BadInput):
            read_address(wrong, "s")
