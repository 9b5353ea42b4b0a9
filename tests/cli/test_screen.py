"""Tables for people, plain columns for pipes, JSON lines for programs; nothing steers the terminal."""

from __future__ import annotations

import ast
import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backline import cli
from backline.cli.screen import Screen, show_cell, tidy
from tests.cli.conftest import Call

ROWS = [{"id": "a", "state": "queued", "seconds": 1.5}, {"id": "bcd" * 60, "state": None, "seconds": 20}]


def test_plain_columns_are_whole_and_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().show_rows(ROWS, ["id", "state", "seconds"], numbers=["seconds"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["id", "state", "seconds"]
    assert lines[2].split() == ["bcd" * 60, "-", "20"]
    assert len({len(line) for line in lines}) == 1
    assert all(ord(letter) < 128 for line in lines for letter in line)


class Terminal(io.StringIO):
    """Somebody looks at it."""

    def isatty(self) -> bool:
        """Yes."""
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Terminal]:
    """Makes stdout a terminal of 80 columns; called in the test, because pytest sets stdout after the fixtures."""

    def make() -> Terminal:
        stream = Terminal()
        monkeypatch.setattr(sys, "stdout", stream)
        return stream

    for name, value in (("COLUMNS", "80"), ("NO_COLOR", "1"), ("TERM", "dumb")):
        monkeypatch.setenv(name, value)
    return make


WIDE = {
    "id": "imp_bc44699c05698d62", "at": "2026-11-24T21:52:02Z", "file": "reports/Velvet Tramlines-songs-28day.csv",
    "state": "needs_attention", "undone_at": None, "report": "s4a_songs_28day", "units": "729965",
}  # fmt: skip


def test_on_a_narrow_terminal_ids_states_and_times_stay_whole(terminal: Callable[[], Terminal]) -> None:
    stream = terminal()
    Screen().show_rows([WIDE, WIDE], list(WIDE))
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines[:-1])) <= 80
    for whole in (WIDE["id"], WIDE["at"], WIDE["state"]):
        assert sum(str(whole) in line for line in lines) == 2
    assert "taken back" not in stream.getvalue()  # empty everywhere
    assert lines[-1].startswith("Left out") and "report, units" in lines[-1]


def test_what_fits_is_not_left_out(terminal: Callable[[], Terminal]) -> None:
    stream = terminal()
    Screen().show_rows([WIDE], ["id", "state", "report", "undone_at"])
    assert stream.getvalue().split()[:3] == ["id", "state", "report"]
    assert "Left out" not in stream.getvalue()
    Screen().show_rows([{"id": None}], ["id", "state"])
    assert stream.getvalue().split()[-1] == "-"


def test_json_lines_hold_every_key(capsys: pytest.CaptureFixture[str]) -> None:
    Screen(json_lines=True).show_rows(ROWS, ["id"], empty="none")
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == ROWS


def test_json_mode_is_silent_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(json_lines=True)
    screen.say("words")
    screen.show_rows([], ["id"], empty="none")
    assert capsys.readouterr().out == ""


def test_labels_follow_the_language(capsys: pytest.CaptureFixture[str]) -> None:
    Screen("de").show_rows(ROWS, ["state"])
    assert capsys.readouterr().out.splitlines()[0] == "Zustand"


def test_control_characters_do_not_pass() -> None:
    assert "\x1b" not in tidy("\x1b]0;owned\x07name")
    assert "\u202e" not in tidy("abc\u202edef")
    assert show_cell("two\nlines\tand a tab") == "two lines and a tab"


def test_values_as_cells() -> None:
    assert [show_cell(value) for value in (None, True, 3, {"a": 1})] == ["-", "yes", "3", '{"a": 1}']


@pytest.mark.parametrize(
    ("digits", "en", "fr", "de"),
    [
        ("1234567.50", "1,234,567.50", "1\u202f234\u202f567,50", "1.234.567,50"),
        ("-1104", "-1,104", "-1\u202f104", "-1.104"),
        ("0.5", "0.5", "0,5", "0,5"),
        ("-0.5", "-0.5", "-0,5", "-0,5"),
        ("12", "12", "12", "12"),
    ],
)
def test_numbers_in_each_language(digits: str, en: str, fr: str, de: str) -> None:
    assert [Screen(language).number(digits) for language in ("en", "fr", "de")] == [en, fr, de]


def find_columns() -> Iterator[str]:
    """Every key that a command shows as the head of a column or of a line."""
    for file in Path(cli.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            shows = isinstance(node, ast.Call) and getattr(node.func, "attr", "") in (
                "show_rows",
                "show_facts",
            )
            names = isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "").lower() == "columns"
            for part in ast.walk(node) if shows or names else ():
                members = part.keys if isinstance(part, ast.Dict) else getattr(part, "elts", [])
                yield from (item.value for item in members if isinstance(item, ast.Constant))


@pytest.mark.usefixtures("probe")
def test_every_head_has_a_label(call: Call) -> None:
    run = call("run", "add", "--set", "one=1", "--here", "--json").one["run"]
    cron = call("schedule", "add", "add", "--set", "one=1", "--cron", "30 6 * * 1", "--json").one
    columns = {*find_columns(), *cron, *call("runs", "show", run, "--json").one}
    columns -= {"answer", "attempts", "audit"}  # these have titles
    assert {"id", "next_slot", "origin", "schema", "finished_at"} <= columns
    labels = Screen().labels
    missing = sorted(name for name in columns if f"column_{name}" not in labels)
    assert not missing, " ".join(missing)
