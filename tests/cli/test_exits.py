"""Exit codes are documented and stable."""

from __future__ import annotations

from backline.cli.exits import EXIT_CODES, describe_codes


def test_codes_are_these() -> None:
    assert sorted(EXIT_CODES) == [0, 1, 2, 3, 4, 5, 6, 130, 141]


def test_every_code_is_described() -> None:
    text = describe_codes()
    assert all(f"{code} {words}" in text for code, words in EXIT_CODES.items())
