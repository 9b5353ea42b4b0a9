"""Shared options keep their bounds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from backline.cli.parameters import complete_artist, complete_task
from tests.cli.conftest import Call


@pytest.mark.parametrize("limit", ["0", "-1", "x", "100001"])
def test_limit_has_bounds(call: Call, limit: str) -> None:
    assert call("runs", "list", "--limit", limit).code == 2


@pytest.mark.usefixtures("probe")
def test_names_of_tasks_are_completed_whole_and_by_their_last_part() -> None:
    assert "aggregate_metrics" in complete_task("aggr")
    assert "probe.linger" in complete_task("probe.") and "linger" not in complete_task("probe.")
    assert complete_task("nothing") == []


def test_names_of_artists_are_completed(call: Call, state: Path) -> None:
    assert complete_artist("ve") == []
    assert not state.exists()  # whoever completes makes no database
    call("artist", "add", "Velvet Tramlines")
    call("artist", "add", "Other Velvet")
    assert complete_artist("velvet t") == ["Velvet Tramlines"]
    (state / "backline.db").write_text("no database" * 999)
    assert complete_artist("ve") == []


def test_a_shell_gets_them(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    call("artist", "add", "Velvet Tramlines")
    for words, found in (
        ("run aggr", "aggregate_metrics"),
        ("metrics show --artist Vel", "Velvet Tramlines"),
    ):
        monkeypatch.setenv("_BACKLINE_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", f"backline {words}")
        monkeypatch.setenv("COMP_CWORD", str(len(words.split())))
        program = "import sys; sys.argv = ['backline']; from backline.cli import main; main()"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert done.stdout.splitlines() == [found]
