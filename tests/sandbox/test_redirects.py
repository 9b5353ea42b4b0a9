"""Redirect URIs: https, loopback by number with any port where none is registered, never by the name localhost."""

from __future__ import annotations

import pytest

from backline.sandbox.redirects import is_allowed, may_register


@pytest.mark.parametrize(
    ("uri", "allowed"),
    [
        ("https://team.example/callback", True), ("http://127.0.0.1:8080/callback", True), ("http://[::1]:1/c", True),
        ("http://127.0.0.1/callback", True), ("myapp://done", True), ("http://localhost:8080/callback", False),
        ("https://localhost/callback", False), ("http://team.example/callback", False), ("http://10.0.0.4/c", False),
        ("http://127.0.0.2/c", False), ("https://team.example/c#part", False), ("callback", False), ("http://[::1", False),
    ],
)  # fmt: skip
def test_what_may_be_registered(uri: str, allowed: bool) -> None:
    assert may_register(uri) is allowed


@pytest.mark.parametrize(
    ("asked", "registered", "allowed"),
    [
        ("http://127.0.0.1:5000/cb", "http://127.0.0.1/cb", True), ("http://[::1]:5000/cb", "http://[::1]/cb", True),
        ("http://127.0.0.1/cb", "http://127.0.0.1/cb", True), ("http://127.0.0.1:5000/cb", "http://127.0.0.1:6000/cb", False),
        ("http://127.0.0.1:5000/CB", "http://127.0.0.1/cb", False), ("http://127.0.0.1:5000/cb/", "http://127.0.0.1/cb", False),
        ("http://127.0.0.1:5000/cb?x=1", "http://127.0.0.1/cb", False), ("http://[::1]:5/cb", "http://127.0.0.1/cb", False),
        ("https://a.example:5/cb", "https://a.example/cb", False), ("https://a.example/cb", "https://a.example/cb", True),
    ],
)  # fmt: skip
def test_what_a_request_may_name(asked: str, registered: str, allowed: bool) -> None:
    assert is_allowed(asked, [registered]) is allowed
