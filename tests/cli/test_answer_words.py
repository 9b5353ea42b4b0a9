"""Answers for people: the lines of a report, the outline of anything else; never screens of JSON."""

from __future__ import annotations

from typing import Any

from backline.cli.answer_words import LONGEST, MOST, describe_answer
from backline.cli.screen import Screen

UNKNOWN = {"absolute": None, "percent": None, "reason": "no_data_before"}


def make_metrics(days: int) -> dict[str, Any]:
    """An answer of aggregate_metrics with a line for each of many days."""
    total = {
        "measure": "streams", "value": "123569", "before": "102696", "coverage": 1.0,
        "change": {"absolute": "1", "percent": "20.3", "reason": None}, "week_change": UNKNOWN,
    }  # fmt: skip
    report = {
        "report": "s4a_audience", "newest_day": "2026-08-30", "by_track": [], "totals": [total],
        "period": {"first": "2026-08-03", "last": "2026-08-30"}, "by_day": [{"key": str(day)} for day in range(days)],
    }  # fmt: skip
    reason = {"rule": "change.no_data_before", "version": 1, "inputs": {"report": "s4a_audience", "imports": ["i"]},
              "numbers": {}, "decision": "The change is not told."}  # fmt: skip
    return {
        "task": "streaming_metrics.aggregate_metrics", "version": 1, "code_version": "x",
        "reasons": [reason, reason], "artist": {"id": "art_1", "name": "Velvet"}, "period": {"words": "28d"},
        "reports": [report], "exports": {"csv": "/x/out.csv", "parquet": None},
    }  # fmt: skip


def test_numbers_are_two_lines_a_report_with_reasons_and_exports() -> None:
    lines = list(describe_answer(Screen(), make_metrics(days=400)))
    assert lines[0] == "Velvet (art_1), 28d"
    assert "s4a_audience, 2026-08-03 – 2026-08-30: 123,569 streams" in lines[1]
    assert "before 102,696, change +20.3 %" in lines[2]
    assert lines[3:] == [
        "  Report: /x/out.csv",
        "\nReasons",
        "  change.no_data_before (s4a_audience): The change is not told.",
    ]


def test_numbers_are_written_as_in_the_language() -> None:
    for language, words in (("fr", "123\u202f569"), ("de", "123.569")):
        lines = list(describe_answer(Screen(language), make_metrics(days=1)))
        assert words in lines[1] and "+20,3 %" in lines[2]


def test_anything_else_is_an_outline() -> None:
    items = [{"name": "n" * 300, "tags": list(range(100))}] * (MOST + 1234)
    answer = {"task": "a.b", "version": 1, "sum": 42, "none": None, "deep": {"list": items, "flag": True}}
    lines = list(describe_answer(Screen(), answer))
    assert lines[:3] == ["sum: 42", "deep:", "  list:"]
    assert lines[-2:] == ["    … 1,234 more, --json shows all", "  flag: yes"]
    assert len(lines) == 3 + MOST + 2
    assert max(map(len, lines)) <= LONGEST + len("    - ")
    assert list(describe_answer(Screen(), "words")) == ["words"]


def test_many_reasons_are_cut_and_the_same_is_told_once() -> None:
    reasons = [
        {"rule": "r", "inputs": {"file": f"f{number}", "sha": "0" * 64}, "decision": f"d{number % 50}"}
        for number in range(100)
    ]
    lines = list(describe_answer(Screen(), {"task": "a.b", "reasons": reasons}))
    assert lines[1] == "  r (f0, f50): d0"
    assert lines[-1] == "  … 30 more, --json shows all"
