"""Only this machine: names, addresses and sockets."""

from __future__ import annotations

import pytest

from backline.errors import BadInput, NotAllowed
from backline.web.loopback import is_loopback, open_socket


def test_what_is_this_machine() -> None:
    assert is_loopback("localhost.") and is_loopback("127.0.0.9") and is_loopback("::1")
    assert not is_loopback("localhost.localdomain.example") and not is_loopback("0.0.0.0")


def test_only_loopback() -> None:
    for host in ("0.0.0.0", "192.0.2.1", "example.org"):
        with pytest.raises(NotAllowed):
            open_socket(host, 0)


def test_taken_port_names_the_option() -> None:
    with open_socket("127.0.0.1", 0) as taken:
        taken.listen()
        with pytest.raises(BadInput, match=r"web\.port"):
            open_socket("127.0.0.1", taken.getsockname()[1])
