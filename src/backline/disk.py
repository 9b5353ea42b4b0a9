"""Names of files that outlive a power cut, on file systems that can do less than others."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Let the names in a folder outlive a power cut, where its file system can: many a share cannot."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


def take_name(draft: Path, path: Path) -> bool:
    """Give a file that is whole and on the disk its name, unless that is taken; whether it has it. The draft goes."""
    try:
        os.link(draft, path)  # fails where the name is taken, unlike a rename
    except FileExistsError:
        return False
    except OSError:  # a file system without links
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            return False
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True
