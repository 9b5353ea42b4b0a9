"""A period of each report: totals, changes, lines, sources."""

from __future__ import annotations

from datetime import date

import pytest

from backline.metrics import summary
from backline.metrics.changes import Change
from backline.metrics.summary import DateSpan, ReportSummary, Source, Total, summarise_reports
from backline.music import to_date
from tests.metrics.listed_numbers import ListedNumbers, day_of

LAST = day_of("2026-08-28")


def pick(report: ReportSummary, measure: str) -> Total:
    """The one total of a measure."""
    (total,) = [total for total in report.totals if total.measure == measure]
    return total


@pytest.fixture
def month() -> ListedNumbers:
    """28 days: 100 streams a day, 110 in the last week; listeners and two tracks beside."""
    numbers = ListedNumbers()
    for day in range(LAST - 27, LAST + 1):
        value = 110 if day > LAST - 7 else 100
        numbers.add("day", day, "", value, known_at=day)
        numbers.add("day", day, "", 50 + day - LAST, measure="listeners")
        numbers.add("track", day, "Big", value - 30)
        numbers.add("track", day, "Small", 30)
        numbers.sources.append(("table", day, "imp_1" if day < LAST - 2 else "imp_2"))
    return numbers


def test_week_against_week(month: ListedNumbers) -> None:
    (report,) = summarise_reports(month, 7, LAST + 3)
    assert (report.report, report.span, report.days_behind) == ("table", 1, 3)
    assert report.period == DateSpan(date(2026, 8, 22), date(2026, 8, 28))
    assert report.before == DateSpan(date(2026, 8, 15), date(2026, 8, 21))
    streams = pick(report, "streams")
    assert (streams.rule, streams.value, streams.before, streams.coverage) == ("sum", "770", "700", 1.0)
    assert streams.change == streams.week_change == Change("70", "10.0", None)
    assert (streams.week, streams.week_before) == ("770", "700")


def test_people_are_the_latest_value(month: ListedNumbers) -> None:
    (report,) = summarise_reports(month, 7, LAST)
    listeners = pick(report, "listeners")
    assert (listeners.rule, listeners.value, listeners.day) == ("latest", "50", date(2026, 8, 28))
    assert (listeners.before, listeners.change) == ("43", Change("7", "16.3", None))
    assert not [line for line in report.by_track if line.measure == "listeners"]


def test_a_day_still_has_its_week(month: ListedNumbers) -> None:
    (report,) = summarise_reports(month, 1, LAST)
    streams = pick(report, "streams")
    assert (streams.value, streams.before, streams.change) == ("110", "110", Change("0", "0.0", None))
    assert (streams.week, streams.week_before) == ("770", "700")
    assert [(line.key, line.value) for line in report.by_day if line.measure == "streams"] == [
        ("2026-08-28", "110")
    ]


def test_lines_with_change_and_sources(month: ListedNumbers) -> None:
    (report,) = summarise_reports(month, 7, LAST)
    assert [(line.key, line.value, line.change) for line in report.by_track] == [
        ("Big", "560", Change("70", "14.3", None)),
        ("Small", "210", Change("0", "0.0", None)),
    ]
    assert report.by_country == report.by_source == ()
    assert report.sources == (
        Source("imp_1", date(2026, 8, 22), date(2026, 8, 25), 4),
        Source("imp_2", date(2026, 8, 26), date(2026, 8, 28), 3),
    )
    assert {line.imports for line in report.by_day if line.key >= "2026-08-26"} == {("imp_2",)}


def test_nothing_before_and_less_before(month: ListedNumbers) -> None:
    (report,) = summarise_reports(month, 28, LAST)
    assert pick(report, "streams").change == Change(None, None, "no_data_before")
    assert pick(report, "streams").before is None
    month.cells = [cell for cell in month.cells if cell.day != LAST - 10]
    (report,) = summarise_reports(month, 7, LAST)
    streams = pick(report, "streams")
    assert streams.before == "600"
    assert streams.before_coverage == pytest.approx(6 / 7, abs=1e-6)
    assert streams.change == streams.week_change == Change(None, None, "lower_coverage_before")
    assert report.by_track[0].change == Change(None, None, "lower_coverage_before")


def test_each_report_ends_at_its_own_newest_day(month: ListedNumbers) -> None:
    for day in (LAST - 14, LAST - 7):
        month.add("day", day, "", 9, report="charts_weekly", span=7)
        month.add("day", day, "", 3, report="charts_weekly", span=7, measure="chart_rank")
    month.add("track", LAST - 1, "Big", 900, report="songs", span=28)
    month.add("track", LAST - 8, "Big", 800, report="songs", span=28)
    weekly, songs, table = summarise_reports(month, 1, LAST)
    assert (weekly.report, songs.report, table.report) == ("charts_weekly", "songs", "table")
    assert weekly.period == DateSpan(to_date(LAST - 13), to_date(LAST - 7))
    assert pick(weekly, "streams").change == Change("0", "0.0", None)
    assert pick(weekly, "streams").coverage == 1.0
    assert pick(weekly, "chart_rank").change == Change("0", None, "no_percent")
    assert songs.totals == songs.by_day == ()
    assert [(line.key, line.value, line.change) for line in songs.by_track] == [("Big", "900", None)]
    assert songs.newest_day == to_date(LAST - 1)


def test_long_lists_are_cut_and_say_so() -> None:
    numbers = ListedNumbers()
    numbers.add("day", LAST, "", summary.MOST + 2)
    for number in range(summary.MOST + 2):
        numbers.add("country", LAST, f"C{number}", 1)
    (report,) = summarise_reports(numbers, 1, LAST)
    assert len(report.by_country) == summary.MOST
    assert report.left_off == {"country": 2}


def test_no_reports() -> None:
    assert summarise_reports(ListedNumbers(), 7, LAST) == []
