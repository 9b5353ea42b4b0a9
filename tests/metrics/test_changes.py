"""Change, and when it is not told."""

from __future__ import annotations

from decimal import Decimal

import pytest

from backline.metrics.changes import Change, Known, compare

FULL = 1.0


@pytest.mark.parametrize(
    ("now", "before", "absolute", "percent"),
    [
        ("110", "100", "10", "10.0"),
        ("90", "100", "-10", "-10.0"),
        ("1", "3", "-2", "-66.7"),
        ("100", "100", "0", "0.0"),
        ("5.50", "-2", "7.50", "375.0"),
        ("1000000000000000001", "1", "1000000000000000000", "100000000000000000000.0"),
    ],
)
def test_absolute_and_percent(now: str, before: str, absolute: str, percent: str) -> None:
    change = compare(Known(Decimal(now), FULL), Known(Decimal(before), FULL))
    assert change == Change(absolute, percent, None)


def test_a_change_of_money_is_money() -> None:
    change = compare(Known(Decimal("5.5"), FULL), Known(Decimal(2), FULL), currency="EUR")
    assert change.absolute == "3.50"


def test_nothing_now_or_before() -> None:
    one, none = Known(Decimal(1), FULL), Known(None, 0.0)
    assert compare(one, none) == Change(None, None, "no_data_before")
    assert compare(none, one) == Change(None, None, "no_data")


def test_growth_of_the_coverage_is_no_growth() -> None:
    change = compare(Known(Decimal(14), 1.0), Known(Decimal(12), 0.857143))
    assert change == Change(None, None, "lower_coverage_before")


def test_single_missing_rows_before_are_told_with_a_caution() -> None:
    change = compare(Known(Decimal(110), 1.0), Known(Decimal(100), 0.99))
    assert change == Change("10", "10.0", "slightly_lower_coverage_before")
    assert compare(Known(Decimal(110), 1.0), Known(Decimal(100), 0.97)).absolute is None


def test_lower_coverage_now_is_told_with_a_caution() -> None:
    assert compare(Known(Decimal(9), 0.9), Known(Decimal(10), 1.0)) == Change("-1", "-10.0", "lower_coverage")


def test_no_percent_of_zero_or_of_a_rank() -> None:
    assert compare(Known(Decimal(5), FULL), Known(Decimal(0), FULL)) == Change("5", None, "zero_before")
    rank = compare(Known(Decimal(3), FULL), Known(Decimal(8), FULL), percent=False)
    assert rank == Change("-5", None, "no_percent")
