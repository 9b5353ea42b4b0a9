"""Numbers in every dress, read back exactly."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backline.reports.numbers import (
    MOST,
    find_decimal_sign,
    is_ambiguous,
    is_empty,
    read_number,
    scale_down,
    sign_of_form,
)

GROUPS = {".": [",", " ", "\u00a0", "\u202f", "'", "’", ""], ",": [".", " ", "\u00a0", "\u202f", "'", ""]}


def render(number: Decimal, group: str, sign: str) -> str:
    """As a locale writes it."""
    text = f"{number:,f}"
    return text.replace(",", "\0").replace(".", sign).replace("\0", group)


@given(
    number=st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, places=None).map(
        lambda value: value.quantize(Decimal("0.000001"))
    ),
    places=st.integers(0, 6),
    dress=st.sampled_from([(group, sign) for sign, groups in GROUPS.items() for group in groups]),
)
def test_a_number_in_any_locale_is_read_back_exactly(
    number: Decimal, places: int, dress: tuple[str, str]
) -> None:
    number = round(number, places)
    text = render(number, *dress)
    assert read_number(text, dress[1]) == number
    scaled = scale_down(number)
    assert scaled is not None
    value, scale = scaled
    assert Decimal(value).scaleb(-scale) == number
    assert scale == 0 or value % 10


@given(number=st.integers(1000, MOST), dress=st.sampled_from(["1,234", "1.234", "1 234", "1'234"]))
def test_the_sign_of_a_grouped_whole_number_is_never_told_wrong(number: int, dress: str) -> None:
    text = f"{number:,}".replace(",", dress[1])
    sign = find_decimal_sign([text], whole=True)
    if sign is not None:
        assert read_number(text, sign) == number
    elif dress[1] in ".,":
        assert is_ambiguous(text)


@pytest.mark.parametrize(
    ("text", "sign", "number"),
    [
        ("(5)", ".", "-5"),
        ("5-", ".", "-5"),
        ("+5", ".", "5"),
        (".5", ".", "0.5"),
        ("5.", ".", "5"),
        ("-1.234,50", ",", "-1234.50"),
        ("12,345,678", ".", "12345678"),
    ],
)
def test_other_dresses(text: str, sign: str, number: str) -> None:
    assert read_number(text, sign) == Decimal(number)


@pytest.mark.parametrize(
    "text",
    [
        "abc",
        "1x7",
        "",
        "-",
        ".",
        "1.2.3",
        "1,23",
        "12,34,567",
        "1e6",
        "0x1F",
        "1 2",
        "1  234",
        "٣",
        "--1",
        "1" * 60,
        "1,234 567",
    ],
)
def test_what_is_no_number_is_none(text: str) -> None:
    assert read_number(text, ".") is None


def test_signs_are_told_by_what_leaves_no_choice() -> None:
    assert find_decimal_sign(["1", "1,234", "1,234.5"], whole=False) == "."
    assert find_decimal_sign(["1.234", "0,5"], whole=False) == ","
    assert find_decimal_sign(["1.234.567"], whole=True) == ","
    assert find_decimal_sign(["1.234", "1,234"], whole=True) is None
    assert find_decimal_sign(["a.b", "x,y"], whole=False) is None


def test_a_fraction_among_counts_tells_nothing() -> None:
    assert find_decimal_sign(["1.5"], whole=True) is None
    assert find_decimal_sign(["1.0"], whole=True) == "."


def test_empty_words() -> None:
    assert all(map(is_empty, ["", "-", "n/a", "NaN", "null"]))
    assert not is_empty("0")


def test_what_is_too_large_has_no_scale() -> None:
    assert scale_down(Decimal(MOST)) == (MOST, 0)
    assert scale_down(Decimal(MOST + 1)) is None
    assert scale_down(Decimal("1e-13")) is None


def test_a_form_tells_its_sign() -> None:
    assert sign_of_form("1,200.5") == "."
    assert sign_of_form("1200,5") == ","


def test_no_digit_is_rounded_away() -> None:
    long = read_number("1." + "0" * 30 + "1", ".")
    assert long is not None
    assert scale_down(long) is None
    assert find_decimal_sign(["9" * 35 + ".5"], whole=True) is None
    assert read_number("(" + "9" * 35 + ")", ".") == Decimal("-" + "9" * 35)
