"""What makes two files the same: digests of their bytes, and of everything that was said beside them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from backline.reports.format import Hints
from backline.reports.plays import PlayReading
from backline.reports.read import Reading

_CHUNK = 1 << 20


def digest_file(path: Path, checkpoint: Callable[[], None]) -> str:
    """SHA-256 of a file's bytes; `checkpoint` is called between the pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            checkpoint()
    return digest.hexdigest()


def digest_hints(hints: Hints, reading: Reading | PlayReading | None, mapping: str | None) -> str:
    """SHA-256 of all that was said beside the bytes, in options or by the file's name.

    The day of the download is left out: a copy of a file is the same file.
    """
    told: dict[str, Any] = {"hints": [hints.artist, hints.track, hints.region, hints.date, hints.report]}
    told["mapping"] = mapping
    if hints.number_form != "auto":  # else the digest is that of a file that came before there was this hint
        told["number_form"] = hints.number_form
    if reading is not None:
        constants = {name: value for name, value in reading.constants.items() if value != hints.downloaded}
        told["read_as"] = [reading.report, reading.kind, reading.region, constants]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def read_download_day(path: Path) -> date:
    """When the file was last changed: for a download, when it came."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
