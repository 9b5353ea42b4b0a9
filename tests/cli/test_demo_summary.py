"""What the demo says at its end."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from backline.cli.demo_summary import (
    Found,
    describe_files,
    list_places,
    name_program,
    show_summary,
)
from backline.cli.houses import open_house
from backline.cli.screen import Screen
from tests.cli.conftest import Call
from tests.cli.test_report_words import REPORT, SONGS

FILES = [
    {"file": "/x/a.csv", "outcome": "accepted", "rows": {"accepted": 1100, "rejected": 1},
     "rejected": [{"line": 17, "kind": "bad_number", "reason": "streams: 'x' is no number."}]},
    {"file": "/x/b.csv", "outcome": "unchanged", "rows": {"accepted": 4, "rejected": 0}, "rejected": []},
    {"file": "/x/c.csv", "outcome": "rejected", "rows": {"accepted": 0, "rejected": 0}, "rejected": []},
]  # fmt: skip


def make_found(began: float = 50.0) -> Found:
    """Three runs that ended 100 seconds after 1970."""
    answers = (
        {"files": FILES},
        {"requests": {"catalogue": 3, "tracks": 4}},
        {"reports": [SONGS, REPORT], "exports": {"csv": "/x/out.csv", "parquet": None}},
    )
    runs = [
        SimpleNamespace(
            id=f"run-{number}", task="a.b", state="succeeded", started_at=99_000_000, finished_at=100_000_000,
            answer=json.dumps(answer),
        )
        for number, answer in enumerate(answers)
    ]  # fmt: skip
    return Found(runs=(runs[0], runs[1], runs[2]), began=began)


@pytest.fixture(autouse=True)
def _roster(call: Call) -> None:
    call("artist", "add", "Velvet Tramlines")


def test_the_whole_summary(capsys: pytest.CaptureFixture[str]) -> None:
    with open_house() as house:
        show_summary(Screen(), house, make_found(), "http://127.0.0.1:1")
    said = capsys.readouterr().out
    for words in (
        "a.b",
        "1.0 s",
        "run-2",
        "7 requests (catalogue 3, tracks 4)",
        "http://127.0.0.1:1/ready",
        "/x/out.csv",
        "metrics show",
    ):
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
    said = capsys.readouterr().out
    assert "{" not in said
    assert {"en": "1,104", "fr": "1\u202f104", "de": "1.104"}[language] in said


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


def test_places() -> None:
    with open_house() as house:
        lines = list(list_places(Screen(), house, {"exports": {"csv": None}}, "http://127.0.0.1:1"))
        state = str(house.settings.state)
    assert len(lines) == 7
    assert f"BACKLINE_STATE={state} {name_program()} metrics show --artist 'Velvet Tramlines'" in lines[1]
    assert name_program().endswith("backline")


def test_a_web_that_ends_now_is_not_named() -> None:
    with open_house() as house:
        lines = list(list_places(Screen(), house, {"exports": {}}, None))
    assert lines and not any("http" in line for line in lines)
