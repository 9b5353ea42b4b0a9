"""Charts of the same regions on both sides, or no comparison."""

from __future__ import annotations

from datetime import date

import pytest

from backline.metrics.lines import list_lines
from backline.metrics.periods import Days
from backline.metrics.regions import read_regions
from backline.metrics.summary import summarise_reports
from backline.music import MONTH, to_day
from tests.metrics.listed_numbers import ListedNumbers


def make(*charts: tuple[int, str]) -> ListedNumbers:
    """One artist in every chart: 10 streams in each region."""
    numbers = ListedNumbers(charts=[("charts_daily", day, region) for day, region in charts])
    for day, region in charts:
        name = region if region == "global" else region.upper()
        for measure, value in (("streams", 10), ("chart_rank", 3)):
            numbers.add("country", day, name, value, report="charts_daily", measure=measure)
    for day in sorted({day for day, _ in charts}):
        count = sum(other == day for other, _ in charts)
        numbers.add("day", day, "", 10 * count, report="charts_daily")
        numbers.add("day", day, "", 3, report="charts_daily", measure="chart_rank")
    return numbers


@pytest.mark.parametrize(
    ("charts", "reason"),
    [
        ([(1, "de"), (1, "fr"), (2, "de")], "regions_differ"),
        ([(1, "global"), (2, "de")], "regions_differ"),
        ([(1, "de"), (1, "fr"), (2, "de"), (2, "fr")], None),
        ([(2, "de")], "no_data_before"),
    ],
)
def test_a_chart_that_is_missing_is_no_loss_of_streams(
    charts: list[tuple[int, str]], reason: str | None
) -> None:
    (report,) = summarise_reports(make(*charts), 1, 2)
    total = next(total for total in report.totals if total.measure == "streams")
    assert total.change.reason == reason
    assert (total.change.percent == "0.0") is (reason is None)


def test_by_country_each_region_is_compared_with_itself() -> None:
    (report,) = summarise_reports(make((1, "de"), (1, "fr"), (2, "de")), 1, 2)
    streams = [line for line in report.by_country if line.measure == "streams"]
    assert [(line.key, line.change.percent if line.change else None) for line in streams] == [("DE", "0.0")]


def test_a_region_covers_the_days_of_its_own_charts() -> None:
    numbers = make((1, "de"), (1, "fr"), (2, "de"), (3, "de"), (4, "de"), (4, "global"))
    lines = list_lines(numbers, "country")
    found = {line.key: line.coverage for line in lines if line.measure == "streams"}
    assert found == {"DE": 1.0, "FR": 0.25, "global": 0.25}


def test_days_are_paired_one_by_one() -> None:
    numbers = make((1, "de"), (2, "fr"), (3, "fr"), (4, "de"), (5, "de"), (6, "fr"))
    regions = read_regions(numbers, "charts_daily", numbers.read_cells("day"), 1, 6)
    assert regions.differ(Days(3, 4), Days(1, 2))
    assert not regions.differ(Days(5, 6), Days(1, 2))
    assert not regions.differ(Days(3, 4), Days(-9, -8))
    assert regions.cover("DE", 4, 3) == 0.0


def test_a_chart_of_a_month_stands_behind_each_of_its_days() -> None:
    first, last = to_day(date(2026, 2, 1)), to_day(date(2026, 2, 28))
    numbers = make((last, "de"))
    numbers.chart_span = MONTH
    regions = read_regions(numbers, "charts_daily", numbers.read_cells("day"), first, last)
    assert sorted(regions.days) == list(range(first, last + 1))


def test_reports_without_ranks_have_no_regions() -> None:
    numbers = make((1, "de"))
    assert read_regions(numbers, "table", [], 1, 1).days == {}
