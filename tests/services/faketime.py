"""A process whose clock is wrong, and can be stepped while it runs: libfaketime with its offset in a file."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.services.programs import Missing

PLACES = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib*/faketime/libfaketime.so.1")
DAY = 86_400


class WrongClock:
    """The clock of the processes that are started with `env`. Right until it is stepped.

    Only the time of day is wrong: what measures a while (CLOCK_MONOTONIC) goes on, as it does where a
    machine's clock is set.
    """

    def __init__(self, file: Path, seconds: int = 0) -> None:
        """Raises `Missing` where libfaketime is not installed."""
        self._file = file
        self.step(seconds)
        self.env = {
            "LD_PRELOAD": find_library(),
            "PYTHONPATH": str(Path(__file__).with_name("faketime_site")),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
            "FAKETIME_DISABLE_SHM": "1",
        }

    def step(self, seconds: int) -> None:
        """Let it be so many seconds ahead of this machine's clock from now on."""
        beside = self._file.with_suffix(".new")
        beside.write_text(f"{seconds:+d}\n")
        beside.replace(self._file)


def find_library() -> str:
    """The path of the library to be loaded first. Raises `Missing`."""
    found = [path for place in PLACES for path in Path("/").glob(place.lstrip("/"))]
    if sys.platform != "linux" or not found:
        raise Missing("libfaketime")
    return str(found[0])
