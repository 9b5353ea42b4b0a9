"""The folder of an import's work."""

from __future__ import annotations

from pathlib import Path

import pytest

from backline.storage.spool_folder import SpoolFolder


def test_is_empty_at_the_start_and_gone_at_the_end(tmp_path: Path) -> None:
    folder = SpoolFolder(tmp_path / "state" / "spool")
    folder.path.mkdir(parents=True)
    (folder.path / "left-by-a-killed-run").write_text("x")
    with folder.open() as path:
        assert list(path.iterdir()) == []
        (path / "member").write_text("x")
    assert not folder.path.exists()


def test_is_gone_after_an_error(tmp_path: Path) -> None:
    folder = SpoolFolder(tmp_path / "spool")
    with pytest.raises(KeyError), folder.open():
        raise KeyError
    assert not folder.path.exists()
