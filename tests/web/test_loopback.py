"""A socket that only this machine reaches."""

from __future__ import annotations

import pytest

from backline.errors import BadInput, NotAllowed
from backline.web.loopback import open_socket


def test_only_loopback() -> None:
    for host in ("0.0.0.0", "192.0.2.1", "example.org"):
        with pytest.raises(NotAllowed):
            open_socket(host, 0)


def test_taken_port_names_the_option() -> None:
    with open_socket("127.0.0.1", 0) as taken:
        taken.listen()
        with pytest.raises(BadInput, match=r"web\.port"):
            open_socket("127.0.0.1", taken.getsockname()[1])
