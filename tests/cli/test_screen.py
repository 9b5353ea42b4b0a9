"""Tables for people, plain columns for pipes, JSON lines for programs; nothing steers the terminal."""

from __future__ import annotations

import json

import pytest

from backline.cli.screen import Screen, show_cell, tidy

ROWS = [{"id": "a", "state": "queued", "seconds": 1.5}, {"id": "bcd" * 60, "state": None, "seconds": 20}]


def test_plain_columns_are_whole_and_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().show_rows(ROWS, ["id", "state", "seconds"], numbers=["seconds"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["id", "state", "seconds"]
    assert lines[2].split() == ["bcd" * 60, "-", "20"]
    assert len({len(line) for line in lines}) == 1
    assert all(ord(letter) < 128 for line in lines for letter in line)


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
