"""What a report says of a period, in lines: its main number, what it was before, how sure and how fresh."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from backline.cli.screen import Screen
from backline.metrics.changes import LOWER_COVERAGE_BEFORE, NO_DATA_BEFORE, REGIONS_DIFFER

MAIN = "streams"
WHY = {
    NO_DATA_BEFORE: "why_no_data_before",
    LOWER_COVERAGE_BEFORE: "why_lower_coverage_before",
    REGIONS_DIFFER: "why_regions_differ",
}


def describe_report(screen: Screen, report: Mapping[str, Any]) -> Iterator[str]:
    """A report's period with its main number: before, week over week, coverage and newest day."""
    total = next((total for total in report["totals"] if total["measure"] == MAIN), None)
    if total is None:
        top = next((line for line in report["by_track"] if line["measure"] == MAIN), None)
        told = f": {top['key']} {show_value(screen, top['value'])} {MAIN}" if top else ""
        yield f"{report['report']}, {report['newest_day']}{told}"
        return
    period = report["period"]
    yield (
        f"{report['report']}, {period['first']} – {period['last']}: "
        f"{show_value(screen, total['value'])} {MAIN}; "
        + screen.label("demo_week", change=show_change(screen, total["week_change"]))
    )
    before = show_value(screen, total["before"])
    percent = screen.number(f"{total['coverage'] * 100:.4g}")
    yield "    {}; {}".format(
        screen.label("demo_before", value=before, change=show_change(screen, total["change"])),
        screen.label("demo_coverage", percent=percent, day=report["newest_day"]),
    )


def show_change(screen: Screen, change: Mapping[str, Any]) -> str:
    """A change in percent with its sign, or that it is unknown and why."""
    if change["percent"] is None:
        why = WHY.get(change["reason"])
        return screen.label("unknown_change") + (f" ({screen.label(why)})" if why else "")
    sign = "" if change["percent"].startswith("-") else "+"
    return f"{sign}{screen.number(change['percent'])} %"


def show_value(screen: Screen, value: str | None) -> str:
    """A number of an answer, which is a decimal text or null."""
    return screen.label("unknown_change") if value is None else screen.number(value)
