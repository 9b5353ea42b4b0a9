"""The lines of a report."""

from __future__ import annotations

import copy
from typing import Any

from backline.cli.report_words import describe_report
from backline.cli.screen import Screen

CHANGE = {"absolute": "10", "percent": "1.4", "reason": None}
FALL = {"absolute": "-10", "percent": "-1.4", "reason": None}
TOTAL = {
    "measure": "streams",
    "value": "24500",
    "before": "24510",
    "coverage": 0.9999,
    "change": FALL,
    "week_change": CHANGE,
}
REPORT: dict[str, Any] = {
    "report": "table",
    "newest_day": "2026-08-30",
    "period": {"first": "2026-08-24", "last": "2026-08-30"},
    "totals": [{"measure": "saves"}, TOTAL],
    "by_track": [
        {"key": "Big", "measure": "streams", "value": "20000", "change": CHANGE},
        {"key": "Small", "measure": "streams", "value": "4500", "change": {"percent": None, "reason": "x"}},
    ],
    "by_country": [{"key": "DE", "measure": "streams", "value": "24500", "change": None}],
}
SONGS = {**REPORT, "report": "s4a_songs_28day", "totals": []}


def test_a_report() -> None:
    first, second = describe_report(Screen(), REPORT)
    assert first == "table, 2026-08-24 – 2026-08-30: 24,500 streams; week over week +1.4 %"
    assert second == "    before 24,510, change -1.4 %; coverage 99.99 %, newest day 2026-08-30"
    assert list(describe_report(Screen(), SONGS)) == ["s4a_songs_28day, 2026-08-30: Big 20,000 streams"]


def test_what_is_unknown_says_why() -> None:
    report = copy.deepcopy(REPORT)
    report["totals"][1]["week_change"] = {"absolute": None, "percent": None, "reason": "no_data_before"}
    report["totals"][1]["change"] = {"absolute": None, "percent": None, "reason": "lower_coverage_before"}
    report["totals"][1]["before"] = None
    first, second = describe_report(Screen(), report)
    assert first.endswith("week over week unknown (nothing known before)")
    assert "before unknown, change unknown (less complete before)" in second
