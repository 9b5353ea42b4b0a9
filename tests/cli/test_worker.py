"""The worker's command line."""

from __future__ import annotations

from tests.cli.conftest import Call


def test_arguments(program: Call) -> None:
    result = program("worker", "--queues", "nothing")
    assert result.code == 2
    assert "No task family 'nothing'" in result.err
