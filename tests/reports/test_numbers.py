"""Numbers in every dress, read back exactly."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backline.reports.numbers import (
    FINEST,
    MOST,
    Exact,
    find_decimal_sign,
    is_ambiguous,
    is_empty,
    read_number,
    show_float,
    sign_of_form,
    take_apart,
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
    exact = take_apart(number)
    assert isinstance(exact, Exact) and not exact.finer
    assert Decimal(exact.value).scaleb(-exact.scale) == number
    assert exact.scale == 0 or exact.value % 10


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
        ("1.5E-05", ".", "0.000015"),
        ("-1,5e-05", ",", "-0.000015"),
        ("(2E+3)", ".", "-2000"),
        ("1e6", ".", "1000000"),
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
        "1e",
        "e6",
        "1e1234",
        "1,234e6",
        "1e6.5",
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


def test_a_typographic_minus_is_a_minus() -> None:
    assert [read_number(text, ".") for text in ("−5", "−1,234.50", "5−", "−1.5E−05", "(−5)", "−")] == [
        Decimal(-5), Decimal("-1234.50"), Decimal(-5), Decimal("-0.000015"), None, None,
    ]  # fmt: skip
    assert (
        find_decimal_sign(["−0,5"], whole=False) == ","
        and find_decimal_sign(["−1.5E−05"], whole=False) == "."
    )
    assert is_ambiguous("−1,234") and is_empty("−")


def test_empty_words() -> None:
    assert all(map(is_empty, ["", "-", "n/a", "NaN", "null"]))
    assert not is_empty("0")


def test_before_a_power_the_only_sign_is_the_decimal_one() -> None:
    assert find_decimal_sign(["1,234E-05"], whole=False) == ","
    assert find_decimal_sign(["(1.234E-05)"], whole=False) == "."
    assert find_decimal_sign(["2E-05"], whole=False) is None


@given(st.decimals(min_value=-(10**6), max_value=10**6, allow_nan=False, places=FINEST))
def test_a_fine_number_is_kept_as_two_integers(number: Decimal) -> None:
    exact = take_apart(number)
    assert isinstance(exact, Exact) and abs(exact.finer) < 10**12 and abs(exact.value) < 2**62
    with localcontext(prec=60):
        assert Decimal(exact.value).scaleb(-exact.scale) + Decimal(exact.finer).scaleb(-FINEST) == number


def test_what_cannot_be_kept_says_why() -> None:
    assert take_apart(Decimal(MOST)) == (MOST, 0, 0)
    assert take_apart(Decimal("-1e-13")) == (0, 12, -(10**11))
    assert take_apart(Decimal(MOST + 1)) == "is larger than 10^13"
    assert take_apart(Decimal("1e999")) == "is larger than 10^13"
    assert take_apart(Decimal("1e-25")) == "has more than 24 decimals"
    assert take_apart(Decimal("12345678.1234567890123")) == "has more digits than can be kept exactly"


def test_a_binary_fraction_means_what_a_spreadsheet_shows() -> None:
    told = [0.1, 0.1 + 0.2, 5.0, 1e-05, 1 / 3, 1e22, float("nan"), float("inf")]
    shown = ["0.1", "0.3", "5", "0.00001", "0.333333333333333", "1" + "0" * 22, "", "Infinity"]
    assert [show_float(number) for number in told] == shown


def test_a_form_tells_its_sign() -> None:
    assert sign_of_form("1,200.5") == "."
    assert sign_of_form("1200,5") == ","


def test_no_digit_is_rounded_away() -> None:
    long = read_number("1." + "0" * 30 + "1", ".")
    assert long is not None
    assert take_apart(long) == "has more than 24 decimals"
    assert find_decimal_sign(["9" * 35 + ".5"], whole=True) is None
    assert read_number("(" + "9" * 35 + ")", ".") == Decimal("-" + "9" * 35)


def test_a_huge_power_tells_its_sign_and_a_power_of_a_power_is_none() -> None:
    assert find_decimal_sign(["1.5E200"], whole=True) == "."
    assert find_decimal_sign(["1,0E120"], whole=True) == ","
    assert find_decimal_sign(["1.5E-200"], whole=True) is None
    assert read_number("1E2E3", ".") is None
