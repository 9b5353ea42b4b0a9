"""A file written and read in one step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from backline.reports.format import Hints
from backline.reports.mapping import Mappings
from backline.reports.read import Reading, open_report

TODAY = date(2026, 11, 24)


@dataclass
class Outcome:
    """What came of a file: the reading, complete, and its facts as dictionaries."""

    reading: Reading
    facts: list[dict[str, Any]]

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """read, accepted, rejected, ignored."""
        counts = self.reading.counts
        return counts.read, counts.accepted, counts.rejected, counts.ignored

    @property
    def rejected(self) -> list[tuple[int, str]]:
        """(line, kind)."""
        return [(item.line, item.kind) for item in self.reading.rejected]

    def values(self, measure: str = "streams") -> list[int]:
        """Values of one measure, in the order of the facts."""
        return [fact["value"] for fact in self.facts if fact["measure"] == measure]

    def column(self, name: str) -> list[Any]:
        """One column of the facts."""
        return [fact[name] for fact in self.facts]


Read = Callable[..., Outcome]


def read_path(
    path: Path,
    name: str | None = None,
    keep: dict[str, str] | None = None,
    mapping: str | None = None,
    **hints: Any,
) -> Outcome:
    """Read a file to its end."""
    told = Hints(**({"today": TODAY, "downloaded": date(2026, 8, 30)} | hints))
    reading = open_report(path, name or path.name, told, Mappings(mapping, keep))
    batches = list(reading.blocks())
    facts = pa.Table.from_batches(batches).to_pylist() if batches else []
    return Outcome(reading, facts)


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write text or bytes to a file of some name and read it."""

    def run(content: str | bytes, name: str = "own.csv", **hints: Any) -> Outcome:
        path = tmp_path / "piece"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_path(path, name, **hints)

    return run
