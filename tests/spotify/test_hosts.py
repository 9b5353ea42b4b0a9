"""Where requests go, and a client that does nothing by itself."""

from __future__ import annotations

import httpx

from backline.spotify.hosts import Hosts, open_web


def test_a_sandbox_stands_for_both_hosts() -> None:
    assert Hosts.find_sandbox("http://127.0.0.1:9/") == Hosts("http://127.0.0.1:9/v1", "http://127.0.0.1:9")


def test_neither_redirects_nor_errors_are_followed_by_another_request() -> None:
    asked: list[str] = []

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(302, headers={"location": "/elsewhere", "retry-after": "1"})

    with open_web(httpx.MockTransport(reply)) as web:
        assert web.get("https://api.spotify.com/v1/me").status_code == 302
    assert asked == ["/v1/me"]
