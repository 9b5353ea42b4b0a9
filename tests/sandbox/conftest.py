"""A guest who is signed in, of a new Client ID."""

from __future__ import annotations

import pytest

from tests.sandbox.guest import Guest, make_guest


@pytest.fixture
def guest() -> Guest:
    one = make_guest()
    one.sign_in()
    return one
