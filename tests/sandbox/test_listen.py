"""On a real socket: answers, broken connections, and an end in order."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import httpx
import pytest

from backline.sandbox.listen import is_loopback, open_socket, tell_address
from tests.sandbox.stand import Stand, open_stand

pytestmark = pytest.mark.xdist_group("sandbox")


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with open_stand("--artists", "8", "--no-budgets") as one:
        yield one


def test_it_answers_and_links_to_where_it_listens(stand: Stand) -> None:
    artist = next(iter(stand.control("GET", "world?rooms=artists")["artists"]))
    page = stand.web.get(
        f"/v1/artists/{artist}/albums", headers=stand.sign_in_app(), params={"limit": 1}
    ).json()
    assert page["next"].startswith(stand.address)
    assert stand.web.get(page["next"], headers=stand.sign_in_app()).status_code == 200


def test_a_reset_comes_before_anything_is_said(stand: Stand) -> None:
    stand.control("POST", "faults", [{"kind": "reset", "match": "GET /v1/search"}])
    head = stand.sign_in_app()
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        stand.web.get("/v1/search?q=a&type=track", headers=head)
    assert stand.web.get("/v1/search?q=a&type=track", headers=head).status_code == 200


def test_a_cut_body_is_shorter_than_it_said(stand: Stand) -> None:
    stand.control("POST", "faults", [{"kind": "cut"}])
    with pytest.raises(httpx.RemoteProtocolError, match=r"incomplete|without sending complete"):
        stand.web.get("/v1/search?q=a&type=track", headers=stand.sign_in_app())


def test_a_slow_answer_outlasts_a_client(stand: Stand) -> None:
    head = stand.sign_in_app()
    stand.control("POST", "faults", [{"kind": "stall", "seconds": 0.5}])
    with pytest.raises(httpx.ReadTimeout):
        stand.web.get("/v1/search?q=a&type=track", headers=head, timeout=0.1)


def test_it_listens_on_this_machine_only() -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.org"):
        assert not is_loopback(host)
        with pytest.raises(ValueError, match="does not listen on"):
            open_socket(host, 0)
    assert is_loopback("localhost")
    assert is_loopback("::1")


def test_an_address_is_told_with_its_port() -> None:
    with open_socket("127.0.0.1", 0) as listener:
        assert tell_address(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(OSError, match="in use"):
            open_socket("127.0.0.1", listener.getsockname()[1])
    if socket.has_ipv6:
        with open_socket("::1", 0) as listener:
            assert tell_address(listener).startswith("http://[::1]:")


def test_it_ends_when_told() -> None:
    with open_stand("--artists", "1", "--playlists", "0") as one:
        one.process.terminate()
        assert one.process.wait(timeout=10) == 0
