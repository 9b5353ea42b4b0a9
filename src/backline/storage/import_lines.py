"""What came of a file, as `backline import` prints it and as its row keeps it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

Outcome = Literal["accepted", "unchanged", "rejected", "needs_mapping", "undone"]
_MOST_NAMED = 5


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RejectedRow(_Part):
    """A row that is not used. `line`: of the file; for Parquet the number of the record."""

    line: int
    kind: str
    reason: str


class Rows(_Part):
    """Rows of the file."""

    read: int = 0
    accepted: int = 0
    rejected: int = 0
    ignored: int = 0


class Totals(_Part):
    """Of accepted rows: the sum of the main count, and of money by currency (decimal texts)."""

    units: int | str = 0
    money: dict[str, str] = {}


class DayRange(_Part):
    """Days of accepted rows, ISO 8601."""

    first: str | None = None
    last: str | None = None
    count: int = 0


class ImportLine(_Part):
    """One file. `import_id`: of its row; of an unchanged file the row of the earlier import.

    `remedy` is what is left to do, also where a file is accepted but not all of it could become numbers.
    `draft` is a mapping file to be completed, where the columns are not known; no row keeps it.
    """

    file: str
    format: str | None
    outcome: Outcome
    import_id: str
    rows: Rows = Rows()
    rejected: list[RejectedRow] = []
    totals: Totals = Totals()
    days: DayRange = DayRange()
    remedy: str | None = None
    draft: str | None = None

    def digest(self) -> str:
        """SHA-256 of all that a row keeps of it."""
        return hashlib.sha256(self.model_dump_json(exclude={"draft"}).encode()).hexdigest()

    def name_successors(self, later: Sequence[str]) -> ImportLine:
        """The line of a file that is here already, with a remedy where later imports have replaced part of it."""
        if not later:
            return self
        some = ", ".join(later[:_MOST_NAMED]) + (", …" if len(later) > _MOST_NAMED else "")
        words = (
            f"Import {self.import_id} brought this file, and later ones have replaced part of it: {some}. "
            "To let it count again, take them back with `backline import undo IMPORT`."
        )
        return self.model_copy(update={"remedy": " ".join(filter(None, (self.remedy, words)))})
