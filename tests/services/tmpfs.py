"""A small disk that can be filled: a tmpfs, unmounted when whoever asked for it is gone.

Not in a mount namespace without a name, as the networks of netns.py are: SQLite follows the link below /proc
that leads there, and lands beside it. So a shell waits for the end of our pipe, which every death brings,
and what even its death has left behind goes when the next disk is made.
"""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil

from tests.services.netns import NotPermitted

NAME = "backline-disk-"  # and the process id of whoever asked, as the mount's source


class SmallDisk:
    """A folder with so many MB on a disk of its own."""

    def __init__(self, path: Path, megabytes: int) -> None:
        """`path` is an empty folder. Raises `NotPermitted`."""
        sweep_up()
        self.path = path
        self._ballast = path / "ballast"
        options = f"size={megabytes}m,mode=755"
        command = ["mount", "-t", "tmpfs", "-o", options, f"{NAME}{os.getpid()}", str(path)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        except FileNotFoundError as error:
            raise NotPermitted("there is no mount") from error
        if done.returncode:
            raise NotPermitted(done.stderr.strip())
        self._guard = subprocess.Popen(
            ["sh", "-c", 'cat; exec umount -l "$0"', str(path)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def fill(self, leave: int = 0) -> None:
        """Take every block but for so many bytes; one that is freed later is taken with the next call."""
        block = bytes(4096)
        with self._ballast.open("ab", buffering=0) as ballast, suppress(OSError):
            while self.free > leave and ballast.write(block):
                pass

    def empty(self) -> None:
        """There is room again."""
        self._ballast.unlink(missing_ok=True)

    @property
    def free(self) -> int:
        """Bytes that are left."""
        facts = os.statvfs(self.path)
        return facts.f_bavail * facts.f_frsize

    def end(self) -> None:
        """The disk goes, with what is on it."""
        self._guard.communicate()


def sweep_up() -> None:
    """Unmount the disks of processes that are no more."""
    with suppress(FileNotFoundError):
        for line in Path("/proc/self/mounts").read_text().splitlines():
            source, place = line.split()[:2]
            if source.startswith(NAME) and not psutil.pid_exists(int(source.removeprefix(NAME))):
                subprocess.run(["umount", "-l", place.encode().decode("unicode_escape")], check=False)
