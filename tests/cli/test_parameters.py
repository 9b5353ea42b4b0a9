"""Shared options keep their bounds."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Call


@pytest.mark.parametrize("limit", ["0", "-1", "x", "100001"])
def test_limit_has_bounds(call: Call, limit: str) -> None:
    assert call("runs", "list", "--limit", limit).code == 2
