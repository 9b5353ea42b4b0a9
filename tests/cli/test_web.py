"""`backline web` listens on loopback only."""

from __future__ import annotations

import socket

from tests.cli.conftest import Call


def test_other_addresses_are_not_allowed(call: Call) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.org"):
        result = call("web", "--host", host, "--port", "0")
        assert result.code == 3, result
        assert "no sign-in" in result.err


def test_taken_port(call: Call) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = call("web", "--port", str(taken.getsockname()[1]))
    assert result.code == 2
    assert "web.port" in result.err
