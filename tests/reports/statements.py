"""Statements written cell by cell, from what their columns are to hold."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any


def write_statement(header: str, *rows: Mapping[str, Any], delimiter: str = ",", end: str = "\n") -> str:
    """A file with this header (parted by ", "); what a row does not tell is empty."""
    names = header.split(", ")
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end)
    writer.writerow(names)
    for row in rows:
        assert set(row) <= set(names), set(row) - set(names)
        writer.writerow([row.get(name, "") for name in names])
    return text.getvalue()


def tell(facts: Sequence[Mapping[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    """Some columns of the facts."""
    return [tuple(fact[name] for name in names) for fact in facts]
