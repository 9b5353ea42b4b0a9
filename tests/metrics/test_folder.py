"""Names of exported files."""

from __future__ import annotations

from pathlib import Path

from backline.metrics.folder import ExportFolder


def test_a_repeated_attempt_names_the_same_file() -> None:
    first, again = ExportFolder(Path("exports"), "run-1"), ExportFolder(Path("exports"), "run-1")
    assert first.name(".csv") == again.name(".csv") == Path("exports/metrics-run-1.csv")
    assert ExportFolder(Path("exports"), "run-2").name(".csv") != first.name(".csv")
