"""What killed processes leave in the state folder, and bells that nobody has heard for hours."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Collection, Iterable
from pathlib import Path

from backline.disk import is_alive, read_draft

HOUR = 3600.0
OLD_FILE, OLD_BELL = HOUR, 6 * HOUR
_EXPORT = re.compile(r"metrics-(?P<run>[0-9a-f-]{36})\.(?:csv|parquet)")
_TAKEN = re.compile(r"\.(?P<name>.+\.msg)\.[0-9a-f-]{36}")


def list_unfinished(folders: Iterable[Path]) -> list[Path]:
    """Files that a process of this machine was writing when it ended, untouched for an hour.

    Untouched for a day, it is none that works: in a container another one may have the id by now.
    """
    return [
        path
        for folder in dict.fromkeys(folders)
        for path in _list_old(folder, OLD_FILE)
        if (draft := read_draft(path)) is not None
        and (not is_alive(draft[1]) or path in _list_old(folder, 24 * HOUR))
    ]


def list_spooled(spool: Path) -> list[Path]:
    """The folder of an import's work, where it was left; whoever asks has seen that no import is at work."""
    return [spool] if spool.is_dir() and time.time() - spool.stat().st_mtime > OLD_FILE else []


def list_exports(folder: Path) -> dict[Path, str]:
    """Exports that are old, and the run of each."""
    return {
        path: match["run"] for path in _list_old(folder, 24 * HOUR) if (match := _EXPORT.fullmatch(path.name))
    }


def list_bells(messages: Path, tasks: Collection[str]) -> tuple[list[Path], list[Path]]:
    """Bells that nobody has heard for hours, and messages with a job that a killed process had just taken.

    `tasks` are the names by which a bell is known: what is no bell carries a job, and is never removed.
    """
    bells, taken = [], []
    for path in _list_old(messages, OLD_BELL):
        hidden = _TAKEN.fullmatch(path.name)
        if path.name.startswith(".") and hidden is None:
            continue
        name = _read_task(path)
        if name in tasks:
            bells.append(path)
        elif hidden is not None and name is not None:
            taken.append(path)
    return bells, taken


def remove_files(paths: Iterable[Path]) -> int:
    """Files and folders; how many are gone. What went meanwhile does not count."""
    count = 0
    for path in paths:
        try:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        except FileNotFoundError:
            continue
        count += 1
    return count


def put_back(paths: Iterable[Path]) -> int:
    """Give taken messages their names again, so that a worker takes them."""
    count = 0
    for path in paths:
        match = _TAKEN.fullmatch(path.name)
        if match is not None and path.exists():
            path.rename(path.with_name(match["name"]))
            count += 1
    return count


def _list_old(folder: Path, age: float) -> list[Path]:
    try:
        paths = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError, PermissionError):  # of another user: not ours to clear up
        return []
    found = []
    for path in paths:
        try:
            if path.is_file() and time.time() - path.stat().st_mtime > age:
                found.append(path)
        except FileNotFoundError:
            continue
    return found


def _read_task(path: Path) -> str | None:
    """The task that a message names; None for what is no message."""
    try:
        name = json.loads(path.read_text(encoding="utf-8"))["headers"]["task"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return name if isinstance(name, str) else None
