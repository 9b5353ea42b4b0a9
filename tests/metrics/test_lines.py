"""Lines of numbers, by the rules of their measures."""

from __future__ import annotations

from typing import Any

from backline.metrics.lines import list_lines
from tests.metrics.listed_numbers import ListedNumbers, day_of

ONE, TWO, NINE = day_of("2026-08-01"), day_of("2026-08-02"), day_of("2026-08-09")


def show(numbers: ListedNumbers, by: str, **more: Any) -> list[tuple[str, str, str, str, float]]:
    lines = [line.as_line() for line in list_lines(numbers, by, **more)]
    return [(line["key"], line["measure"], line["report"], line["value"], line["coverage"]) for line in lines]


def test_by_day_over_shared_credits() -> None:
    numbers = ListedNumbers()
    numbers.add("day", TWO, "", 10, accepted=3, rejected=1, known_at=5)
    numbers.add("day", TWO, "", 5, known_at=9_000_000)
    numbers.add("day", ONE, "", 7)
    numbers.add("day", ONE, "", 3, measure="chart_rank")
    numbers.add("day", ONE, "", 2, measure="chart_rank")
    assert show(numbers, "day") == [
        ("2026-08-01", "chart_rank", "table", "2", 1.0),
        ("2026-08-01", "streams", "table", "7", 1.0),
        ("2026-08-02", "streams", "table", "15", 0.8),
    ]
    assert list_lines(numbers, "day")[-1].as_line()["known_at"] == "1970-01-01T00:00:09Z"


def test_people_of_two_credits_are_not_added() -> None:
    numbers = ListedNumbers()
    numbers.add("day", ONE, "", 10, measure="listeners")
    numbers.add("day", TWO, "", 10, measure="listeners")
    numbers.add("day", TWO, "", 5, measure="listeners")
    assert show(numbers, "day") == [("2026-08-01", "listeners", "table", "10", 1.0)]


def test_by_key_sums_over_days_and_scales() -> None:
    numbers = ListedNumbers()
    for day, value, scale in ((ONE, 120, 2), (TWO, 5, 1)):
        numbers.add("day", day, "", value, measure="revenue", currency="EUR", scale=scale)
        numbers.add("country", day, "DE", value, measure="revenue", currency="EUR", scale=scale)
    assert show(numbers, "country") == [("DE", "revenue", "table", "1.70", 1.0)]
    assert list_lines(numbers, "country")[0].currency == "EUR"


def test_people_by_key_only_where_one_value_stands() -> None:
    numbers = ListedNumbers()
    numbers.add("country", ONE, "DE", 10, measure="listeners")
    numbers.add("country", TWO, "DE", 11, measure="listeners")
    numbers.add("country", TWO, "FR", 4, measure="listeners")
    assert [line[:4] for line in show(numbers, "country")] == [("FR", "listeners", "table", "4")]
    assert [line[3] for line in show(numbers, "country", first=TWO)] == ["11", "4"]


def test_coverage_counts_covered_days_of_the_range() -> None:
    numbers = ListedNumbers()
    for day, accepted in ((ONE, 1), (TWO, 3), (NINE, 1)):
        numbers.add("day", day, "", 10, accepted=accepted, rejected=accepted // 2)
        numbers.add("track", day, "Song", 10)
    numbers.add("track", ONE, "Other", 1)
    covered = round((1 + 0.75 + 1) / 9, 6)
    assert [line[4] for line in show(numbers, "track")] == [covered, covered]
    assert [line[4] for line in show(numbers, "track", first=ONE, last=TWO)] == [0.875, 0.875]


def test_reports_stay_side_by_side_and_in_order() -> None:
    numbers = ListedNumbers()
    for report in ("two", "one"):
        numbers.add("day", ONE, "", 5, report=report)
        numbers.add("source", ONE, "radio", 5, report=report)
        numbers.add("source", ONE, "playlists", 5, report=report)
    assert [(line[0], line[2]) for line in show(numbers, "source")] == [
        ("playlists", "one"), ("playlists", "two"), ("radio", "one"), ("radio", "two"),
    ]  # fmt: skip
    assert {line[2] for line in show(numbers, "source", report="two")} == {"two"}


def test_windows_show_their_latest_value() -> None:
    numbers = ListedNumbers()
    for day, value in ((ONE, 100), (NINE, 90)):
        numbers.add("track", day, "Song", value, report="songs", span=28)
        numbers.add("track", day, "Song", value // 2, report="songs", span=28, measure="listeners")
    numbers.add("track", ONE, "Old", 7, report="songs", span=28)
    assert [(line[0], line[1], line[3]) for line in show(numbers, "track")] == [
        ("Old", "streams", "7"), ("Song", "listeners", "45"), ("Song", "streams", "90"),
    ]  # fmt: skip
    assert [line[3] for line in show(numbers, "track", last=TWO)] == ["7", "50", "100"]
    assert show(numbers, "day") == []


def test_weeks_are_added() -> None:
    numbers = ListedNumbers()
    for day in (TWO, NINE):
        numbers.add("day", day, "", 10, report="charts_weekly", span=7)
        numbers.add("track", day, "Song", 10, report="charts_weekly", span=7)
    assert show(numbers, "track") == [("Song", "streams", "charts_weekly", "20", 1.0)]


def test_nothing() -> None:
    assert show(ListedNumbers(), "day") == show(ListedNumbers(), "track") == []
