"""Country codes."""

from __future__ import annotations

import pytest

from backline.reports.countries import read_country


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("DE", "DE"),
        ("de", "DE"),
        ("deu", "DE"),
        ("USA", "US"),
        ("UK", "GB"),
        ("GBR", "GB"),
        ("Global", "global"),
        ("Worldwide", "global"),
        ("XK", "XK"),
    ],
)
def test_codes_become_alpha_2(text: str, code: str) -> None:
    assert read_country(text) == code


@pytest.mark.parametrize("text", ["Germany", "ZZ", "D", "", "DEUX"])
def test_names_and_unknown_codes_are_none(text: str) -> None:
    assert read_country(text) is None
