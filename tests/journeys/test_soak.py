"""What `make soak` judges by; the hour itself is not part of `make test`."""

from __future__ import annotations

import pytest

from tests.journeys.soak import LEAST, Course, fit


def test_a_slope_is_the_nearest_straight_line() -> None:
    assert fit([0, 1, 2, 3], [5, 7, 9, 11]) == pytest.approx(2)
    assert fit([0, 1, 2, 3], [4, 6, 4, 6]) == pytest.approx(0.4)


def test_the_first_third_is_warming_up() -> None:
    at = [float(second) for second in range(0, 3600, 100)]
    course = Course(at, [100.0 + min(second, 1000) for second in at], [20] * len(at))
    assert course.life == 3500
    assert course.slopes() == pytest.approx((0, 0))
    growing = Course(at, [second / 36 for second in at], [20 + int(second) // 100 for second in at])
    assert growing.slopes() == pytest.approx((100, 36))


def test_a_pool_that_fills_once_is_no_leak() -> None:
    at = [float(second) for second in range(0, 3600, 100)]
    filled = Course(at, [100.0] * len(at), [8 if second < 2000 else 15 for second in at])
    assert filled.slopes() == pytest.approx((0, 0))


def test_a_short_life_says_nothing() -> None:
    at = [float(second) for second in range(LEAST)]
    assert Course(at, at, [1] * LEAST).slopes() is None
