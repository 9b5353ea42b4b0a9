"""Anchors appended to a file: a folder on another disk, a mounted share, a write-once volume."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from backline.anchors.anchor import Anchor, read_lines
from backline.disk import sync_folder

FILE = "anchors.jsonl"


class FileTarget:
    """JSON lines in one file of a folder, each on the disk before it counts."""

    name = "file"

    def __init__(self, folder: Path, file: str = FILE) -> None:
        self.path = folder / file

    def keep(self, anchor: Anchor) -> str:
        """Append one line and wait for the disk. A line that a crash or a full disk cut is ended first."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        line = anchor.as_line().encode() + b"\n"
        number = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            size = os.fstat(number).st_size
            cut = size > 0 and os.pread(number, 1, size - 1) != b"\n"
            left = b"\n" + line if cut else line
            while left:  # where there is room for a part of it, that part is written
                left = left[os.write(number, left) :]
            os.fsync(number)
        finally:
            os.close(number)
        if not size:
            sync_folder(self.path.parent)
        return str(self.path)

    def read(self, bad: list[str]) -> Iterator[Anchor]:
        """Every line; none where nothing was kept yet."""
        return read_lines(self.path, bad) if self.path.exists() else iter(())
