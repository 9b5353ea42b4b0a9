"""Where files of an import's work lie while it lasts. Apart from spool.py, so that naming it loads no Arrow."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SpoolFolder:
    """A folder in the state folder, and how many bytes one archive may unpack to there."""

    path: Path
    max_unpacked: int = 2 << 30

    @contextmanager
    def open(self) -> Iterator[Path]:
        """An empty folder, removed at the end. Imports follow one another: what is there a killed one left."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(parents=True, mode=0o700)
        try:
            yield self.path
        finally:
            shutil.rmtree(self.path, ignore_errors=True)
