"""Anchors are appended to a file, also behind a line that a crash cut."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from backline.anchors.anchor import Anchor
from backline.anchors.file import FileTarget

ANCHORS = [Anchor(1, seq, "00" * 32, seq, 5, "k", "s") for seq in (1, 2, 3)]


def test_lines_are_appended(tmp_path: Path) -> None:
    target = FileTarget(tmp_path / "anchors")
    assert list(target.read([])) == []
    for anchor in ANCHORS:
        assert target.keep(anchor) == str(tmp_path / "anchors" / "anchors.jsonl")
    assert list(target.read([])) == ANCHORS


def test_a_line_that_was_cut_spoils_no_other(tmp_path: Path) -> None:
    target = FileTarget(tmp_path)
    target.keep(ANCHORS[0])
    with target.path.open("a") as file:
        file.write('{"epoch":1,"se')
    target.keep(ANCHORS[1])
    bad: list[str] = []
    assert list(target.read(bad)) == ANCHORS[:2]
    assert len(bad) == 1


def test_an_anchor_for_which_there_is_no_room_is_not_kept(tmp_path: Path) -> None:
    target = FileTarget(tmp_path)
    target.keep(ANCHORS[0])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (target.path.stat().st_size + 20, before[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            target.keep(ANCHORS[1])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    target.keep(ANCHORS[2])
    assert list(target.read([])) == [ANCHORS[0], ANCHORS[2]]


def test_a_folder_that_cannot_be_made_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(OSError, match="taken"):
        FileTarget(tmp_path / "taken").keep(ANCHORS[0])
