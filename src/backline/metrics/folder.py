"""Where a run writes its exports. Apart from export.py, so that naming a file loads no Arrow."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ExportFolder:
    """A folder and a run; files are named by the run, so that a repeated attempt overwrites its own."""

    folder: Path
    run_id: str

    def name(self, suffix: str) -> Path:
        """The file of this run with that suffix (.csv, .parquet)."""
        return self.folder / f"metrics-{self.run_id}{suffix}"
