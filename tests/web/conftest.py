"""Settings of a state folder of this test."""

from __future__ import annotations

from pathlib import Path

import pytest

from backline.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """SQLite and the embedded doorbell in an empty folder."""
    return load_settings({"BACKLINE_STATE": str(tmp_path / "state")}).settings
