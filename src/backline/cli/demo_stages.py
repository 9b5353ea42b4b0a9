"""What the demo shows while it works: a spinner on a terminal, one line per stage in a pipe."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.text import Text

from backline.cli.screen import Screen
from backline.cli.supervisor import Supervisor
from backline.storage.database import Database
from backline.storage.run_tables import ENDED_STATES
from backline.storage.runs import RunRow, read_run


class Stages:
    """One stage after the other, while the supervisor's children are looked after."""

    def __init__(self, screen: Screen, supervisor: Supervisor, stop: threading.Event) -> None:
        self.screen = screen
        self._supervisor = supervisor
        self._stop = stop

    def await_run(self, database: Database, run_id: str, words: str) -> RunRow:
        """Wait for the end of a run and return its row."""
        with self._show(words) as tell:
            while True:
                with database.read() as connection:
                    row = read_run(connection, run_id)
                if row.state in ENDED_STATES:
                    break
                tell(_describe(row))
                self._pause(0.1)
        self.screen.say(f"  {'✓' if row.state == 'succeeded' else '✗'} {words}")
        sys.stdout.flush()
        return row

    @contextmanager
    def tell(self, words: str) -> Iterator[None]:
        """What is done here, in this process, as one stage."""
        with self._show(words):
            yield
        self.screen.say(f"  ✓ {words}")
        sys.stdout.flush()

    def await_true(self, what: Callable[[], bool], seconds: float) -> bool:
        """Wait until it is true; False where it was not in that time."""
        until = time.monotonic() + seconds
        while not what():
            if time.monotonic() > until:
                return False
            self._pause(0.05)
        return True

    def stay(self) -> None:
        """Until somebody stops us."""
        while not self._stop.wait(0.2):
            self._supervisor.look()

    def _pause(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise KeyboardInterrupt
        self._supervisor.look()

    @contextmanager
    def _show(self, words: str) -> Iterator[Callable[[str], None]]:
        if not self.screen.is_terminal:
            yield lambda _: None
            return
        with self.screen.console.status(Text(words)) as status:
            yield lambda more: status.update(Text(f"{words}  {more}"))


def _describe(row: RunRow) -> str:
    if not row.progress:
        return str(row.state)
    told = json.loads(row.progress)
    total = f"/{told['total']:,.0f}" if told.get("total") else ""
    return f"{told.get('done', 0):,.0f}{total} {told.get('words') or ''}".rstrip()
