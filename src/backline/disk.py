"""Names of files that outlive a power cut, on file systems that can do less than others, and of those half written.

And how old files are. Nothing heavy is loaded here.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from pathlib import Path

PART = ".part"
# A file that is being written: hidden, with the id of the process that writes it.
_DRAFT = re.compile(r"\.(?P<name>.+)\.(?P<pid>\d+)\.[0-9a-f]{8}\.part(?:-wal|-shm|-journal)?")


def sync_folder(folder: Path) -> None:
    """Let the names in a folder outlive a power cut, where its file system can: many a share cannot."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


def read_age(path: Path) -> tuple[int, Path]:
    """What files sort by: when one was changed, and where there is no telling its name. 0 where it is gone."""
    try:
        return path.stat().st_mtime_ns, path
    except OSError:
        return 0, path


def name_draft(path: Path) -> Path:
    """A name that nobody else has, beside a file that is to be written: in a container pids come back."""
    return path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}{PART}")


def read_draft(draft: Path) -> tuple[str, int] | None:
    """The name that a draft would take, and the process that made it; None for what is no draft."""
    match = _DRAFT.fullmatch(draft.name)
    return None if match is None else (match["name"], int(match["pid"]))


def is_alive(pid: int) -> bool:
    """Whether there is a process of that id on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def take_name(draft: Path, path: Path) -> bool:
    """Give a file that is whole and on the disk its name, unless that is taken; whether it has it. The draft goes."""
    try:
        os.link(draft, path)  # fails where the name is taken, unlike a rename
    except FileExistsError:
        return False
    except OSError:  # a file system without links
        try:
            path.touch(mode=0o600, exist_ok=False)
        except FileExistsError:
            return False
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True
