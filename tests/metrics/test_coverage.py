"""How complete a number is."""

from __future__ import annotations

from backline.metrics.coverage import share, weigh_days
from tests.metrics.listed_numbers import Cell


def test_share_of_usable_rows() -> None:
    assert share(199, 1) == 0.995
    assert share(0, 3) == 0.0
    assert share(0, 0) == 1.0


def test_missing_and_half_usable_days() -> None:
    cells = [Cell(1, 10), Cell(2, 10, accepted=1, rejected=1)]
    coverage = weigh_days(cells, cells)
    assert coverage.measure("table", "streams", 1, 4) == 0.375
    assert coverage.measure("table", "streams", 1, 1) == 1.0
    assert coverage.measure("table", "saves", 1, 4) == 0.0
    assert coverage.measure("other", "streams", 1, 4) == 0.0
    assert coverage.measure("table", "streams", 4, 1) == 0.0


def test_a_week_covers_seven_days() -> None:
    cells = [Cell(7, 10, span=7), Cell(14, 10, span=7)]
    coverage = weigh_days(cells, cells)
    assert coverage.measure("table", "streams", 1, 14) == 1.0
    assert coverage.measure("table", "streams", 5, 6) == 1.0
    assert coverage.measure("table", "streams", -6, 7) == 0.5


def test_weight_of_a_measure_without_a_number_by_day_is_that_of_its_report() -> None:
    told = [Cell(1, 5, "One", "track", measure="listeners"), Cell(2, 5, "One", "track", measure="listeners")]
    coverage = weigh_days(told, [Cell(1, 9, accepted=3, rejected=1)])
    assert coverage.measure("table", "listeners", 1, 1) == 0.75
    assert coverage.measure("table", "listeners", 2, 2) == 1.0
