"""Exact numbers and the line that shows them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backline.metrics.numbers import (
    Figure,
    add_exact,
    make_exact,
    read_rule,
    show_exact,
    show_value,
)

BIG = st.integers(-(2**63), 2**63 - 1)


@pytest.mark.parametrize(
    ("value", "scale", "text"),
    [(5, 8, "0.00000005"), (-5, 1, "-0.5"), (120, 2, "1.20"), (7, 0, "7"), (0, 2, "0.00"), (10**18, 0, "1" + "0" * 18)],
)  # fmt: skip
def test_plain_text_without_exponent(value: int, scale: int, text: str) -> None:
    assert show_exact(make_exact(value, scale)) == text


@given(st.lists(st.tuples(BIG, st.integers(0, 18)), max_size=20))
def test_sums_are_exact(parts: list[tuple[int, int]]) -> None:
    total = add_exact([make_exact(value, scale) for value, scale in parts])
    whole = sum(value * 10 ** (18 - scale) for value, scale in parts)
    assert Decimal(show_exact(total)).as_tuple() == total.as_tuple()
    exponent = -int(total.as_tuple().exponent)
    digits = int("".join(map(str, total.as_tuple().digits))) * (-1 if total.is_signed() else 1)
    assert digits * 10 ** (18 - exponent) == whole


def test_line_has_the_agreed_shape() -> None:
    figure = Figure("DE", "revenue", "table", "EUR", Decimal("1.20"), 0.5, 1_795_507_200_999_999)
    assert figure.as_line() == {
        "key": "DE",
        "measure": "revenue",
        "report": "table",
        "value": "1.20",
        "currency": "EUR",
        "coverage": 0.5,
        "known_at": "2026-11-24T08:00:00Z",
    }


def test_unknown_measures_are_never_combined() -> None:
    assert read_rule("streams") == "sum"
    assert read_rule("aura") == "never"


def test_money_and_counts_are_shown_each_in_its_form() -> None:
    assert show_value(Decimal("12.5"), "EUR") == "12.50"
    assert show_value(Decimal(12), None) == show_value(Decimal(12), "") == "12"
    figure = Figure("DE", "revenue", "table", "EUR", Decimal(3), 0.5, 0)
    assert figure.as_line()["value"] == "3.00"
