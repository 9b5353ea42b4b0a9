"""What `.delay()` returns: a view of the run's row."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from backline.errors import BacklineError, UnknownName
from backline.runtime.contract import unwrap_answer
from backline.runtime.pause import pause
from backline.storage.database import Database
from backline.storage.run_tables import ENDED_STATES
from backline.storage.runs import RunRow, read_state


class RunFailed(BacklineError):
    """The run ended without an answer, or waits for a person or a deploy."""


class RunHandle:
    """A submitted run. `id` is the run's id, `get()` waits for its answer, which `read_answer` reads."""

    def __init__(
        self, database: Database, run_id: str, read_answer: Callable[[str], Any] = unwrap_answer
    ) -> None:
        self._database = database
        self._read_answer = read_answer
        self.id = run_id

    def __repr__(self) -> str:
        return f"<RunHandle {self.id}>"

    @property
    def state(self) -> str:
        """The state in the row, now."""
        return str(self._read().state)

    def ready(self) -> bool:
        """Whether the run has ended, or waits for somebody."""
        return self.state in ENDED_STATES

    def get(self, timeout: float | None = None) -> Any:
        """The answer (JSON object; of a durable Celery task what it returned). Raises `RunFailed` with the row's error, `TimeoutError` after `timeout` s.

        A run that needs a person or a deploy raises at once: waiting would not help.
        """
        began, wait = time.monotonic(), 0.02
        while True:
            row = self._read()
            if row.state == "succeeded":
                return self._read_answer(row.answer)
            if row.state in ENDED_STATES:
                raise RunFailed(f"Run {self.id} is {row.state} ({row.error_kind}): {row.error_text}")
            if timeout is not None and time.monotonic() - began > timeout:
                raise TimeoutError(f"Run {self.id} is still {row.state} after {timeout:g} s.")
            pause(wait)
            wait = min(wait * 1.5, 0.5)

    def _read(self) -> RunRow:
        row = self._database.try_twice(self._look)
        if row is None:
            raise UnknownName(f"No run {self.id}.")
        return row

    def _look(self) -> RunRow | None:
        with self._database.read() as connection:
            return read_state(connection, self.id)
