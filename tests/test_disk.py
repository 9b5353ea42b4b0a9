"""Names of files on file systems that cannot sync a folder or link a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from backline.disk import name_draft, read_draft, sync_folder, take_name


def refuse(*_: object) -> None:
    raise PermissionError(1, "no links here")


def test_a_folder_that_cannot_be_synced_stops_nothing() -> None:
    folder = os.open("/proc", os.O_RDONLY)
    with pytest.raises(OSError, match="Invalid argument"):
        os.fsync(folder)
    os.close(folder)
    sync_folder(Path("/proc"))


@pytest.mark.parametrize("links", [True, False])
def test_a_name_is_taken_once(tmp_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not links:
        monkeypatch.setattr(os, "link", refuse)
    for words, taken in (("first", True), ("second", False)):
        draft = tmp_path / "draft"
        draft.write_text(words)
        draft.chmod(0o600)
        assert take_name(draft, tmp_path / "name") is taken
    assert [path.name for path in tmp_path.iterdir()] == ["name"]
    assert (tmp_path / "name").read_text() == "first"
    assert (tmp_path / "name").stat().st_mode & 0o777 == 0o600


def test_a_name_that_is_taken_first_is_its_owner_s_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(Path, "replace", lambda _, path: seen.append(path.stat().st_mode & 0o777))
    assert take_name(tmp_path / "draft", tmp_path / "name")
    assert seen == [0o600]


def test_a_draft_has_a_name_of_its_own_and_tells_whose_it_is(tmp_path: Path) -> None:
    first, second = name_draft(tmp_path / "a.zip"), name_draft(tmp_path / "a.zip")
    assert first != second
    assert first.parent == tmp_path
    assert first.name.startswith(".")
    assert read_draft(first) == read_draft(second) == ("a.zip", os.getpid())
    assert read_draft(Path(f"{first}-wal")) == ("a.zip", os.getpid())
    assert read_draft(tmp_path / "a.zip") is read_draft(tmp_path / ".a.zip.7.part") is None
