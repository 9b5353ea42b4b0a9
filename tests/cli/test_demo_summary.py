"""What the demo says at its end."""

from __future__ import annotations

import copy
import json
from types import SimpleNamespace
from typing import Any

import pytest

from backline.cli.demo_summary import (
    Found,
    describe_files,
    describe_report,
    list_places,
    name_program,
    show_summary,
)
from backline.cli.houses import open_house
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
FILES = [
    {"file": "/x/a.csv", "outcome": "accepted", "rows": {"accepted": 1100, "rejected": 1},
     "rejected": [{"line": 17, "kind": "bad_number", "reason": "streams: 'x' is no number."}]},
    {"file": "/x/b.csv", "outcome": "unchanged", "rows": {"accepted": 4, "rejected": 0}, "rejected": []},
    {"file": "/x/c.csv", "outcome": "rejected", "rows": {"accepted": 0, "rejected": 0}, "rejected": []},
]  # fmt: skip


def make_found(began: float = 50.0) -> Found:
    """Two runs that ended 100 seconds after 1970."""
    answers = (
        {"files": FILES},
        {"reports": [SONGS, REPORT], "exports": {"csv": "/x/out.csv", "parquet": None}},
    )
    runs = [
        SimpleNamespace(
            id=f"run-{number}", task="a.b", state="succeeded", started_at=99_000_000, finished_at=100_000_000,
            answer=json.dumps(answer),
        )
        for number, answer in enumerate(answers)
    ]  # fmt: skip
    return Found(runs=(runs[0], runs[1]), began=began)


def test_the_whole_summary(capsys: pytest.CaptureFixture[str]) -> None:
    with open_house() as house:
        show_summary(Screen(), house, make_found(), "http://127.0.0.1:1")
    said = capsys.readouterr().out
    for words in ("a.b", "1.0 s", "run-1", "http://127.0.0.1:1/ready", "/x/out.csv", "metrics show"):
        assert words in said
    assert "nothing was repeated" not in said
    top = said[said.index("Top tracks") :].splitlines()
    assert top[0] == "Top tracks (table)"
    assert top[1].split() == ["Big", "20,000", "+1.4", "%"]
    assert top[2].split() == ["Small", "4,500"]
    assert "Top countries" not in said  # one country is no ranking


@pytest.mark.parametrize("language", ["en", "fr", "de"])
def test_every_language(language: str, capsys: pytest.CaptureFixture[str]) -> None:
    with open_house() as house:
        show_summary(Screen(language), house, make_found(), "http://127.0.0.1:1")
    assert "{" not in capsys.readouterr().out


def test_a_second_demo_repeats_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert not make_found(50.0).is_repeated
    assert make_found(101.0).is_repeated
    with open_house() as house:
        show_summary(Screen(), house, make_found(101.0), "http://127.0.0.1:1")
    assert "nothing was repeated" in capsys.readouterr().out


def test_files_rows_and_the_lesson() -> None:
    assert list(describe_files(Screen(), FILES)) == [
        "1 files accepted, 1 unchanged, 1 refused",
        "1,104 rows accepted, 1 rejected",
        "One line was rejected on purpose: a.csv, line 17: streams: 'x' is no number",
    ]


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


def test_places() -> None:
    with open_house() as house:
        lines = list(list_places(Screen(), house, {"exports": {"csv": None}}, "http://127.0.0.1:1"))
        state = str(house.settings.state)
    assert len(lines) == 4
    assert f"BACKLINE_STATE={state} {name_program()} metrics show --artist 'Velvet Tramlines'" in lines[1]
    assert name_program().endswith("backline")
