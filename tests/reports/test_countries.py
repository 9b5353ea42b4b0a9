"""Country codes."""

from __future__ import annotations

import pytest

from backline.reports.countries import read_country, read_country_name


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


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Germany", "DE"),
        ("UNITED STATES", "US"),
        ("USA", "US"),
        ("Korea, Republic of", "KR"),
        ("Antigua and Barbuda", "AG"),
        ("Saint Lucia", "LC"),
        ("Worldwide", "global"),
        ("Korea", None),
        ("Virgin Islands", None),
        ("OU", None),
        ("Rest of World", None),
    ],
)
def test_english_names_of_statements(name: str, code: str | None) -> None:
    assert read_country_name(name) == code
