"""What stands behind each claim of a file, summed up block by block and independent of the rows' order.

A claim's content is told by two independent 64-bit sums over a hash of each of its facts: two sets of
facts with equal sums are taken to be equal (the chance of an accident is about 2^-128 a pair).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Longs = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]

_DAYS = 1 << 31  # days since 1970 may be negative
_MERGE_AT = 500_000  # partial sums that are held before they are merged


def make_keys(scopes: npt.NDArray[Any], days: npt.NDArray[Any]) -> Longs:
    """Number of the scope and day in one sortable number."""
    return (scopes.astype(np.int64) << 32) | (days.astype(np.int64) + _DAYS)


def read_scopes(keys: Longs) -> Longs:
    """The scopes' numbers of keys."""
    return keys >> 32


def read_days(keys: Longs) -> Longs:
    """The days of keys, from 1970-01-01."""
    return (keys & 0xFFFFFFFF) - _DAYS


def sort_distinct(keys: Longs) -> Longs:
    """Each key once, ascending. `numpy.unique` hashes, which is slow on keys that come nearly sorted."""
    keys = np.sort(keys, kind="stable")
    return keys[_find_starts(keys)]


def mix(values: Hashes) -> Hashes:
    """Scatter 64-bit numbers (the finaliser of SplitMix64; Steele, Lea and Flood, OOPSLA 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def hash_rows(columns: Sequence[Hashes]) -> Hashes:
    """One hash of each row from the hashes of its cells; every column has its own odd factor."""
    total = np.zeros(len(columns[0]), dtype=np.uint64)
    for place, column in enumerate(columns):
        total += column * np.uint64((0x9E3779B97F4A7C15 * (2 * place + 1)) % 2**64 | 1)
    return mix(total)


@dataclass(frozen=True)
class Sums:
    """One row per claim, ascending by key: two content sums, facts, and rows of the file."""

    keys: Longs
    first: Hashes
    second: Hashes
    facts: Longs
    rows: Longs

    def __len__(self) -> int:
        return len(self.keys)

    def cut(self, span: slice) -> Sums:
        """Some of the rows."""
        return Sums(self.keys[span], self.first[span], self.second[span], self.facts[span], self.rows[span])

    def move(self, scopes: npt.NDArray[Any]) -> Sums:
        """The same under other numbers of scopes; scopes that become one are added together."""
        keys = make_keys(scopes[read_scopes(self.keys)], read_days(self.keys))
        return _merge([Sums(keys, self.first, self.second, self.facts, self.rows)])

    def fill(self, keys: Longs) -> Sums:
        """With claims of nothing under these keys as well; none of them may be there."""
        none, no_hash = np.zeros(len(keys), dtype=np.int64), np.zeros(len(keys), dtype=np.uint64)
        return _merge([self, Sums(keys, no_hash, no_hash, none, none)])

    def digests(self, *extras: npt.NDArray[Any]) -> list[str]:
        """32 hex digits for the content of each claim; `extras` are numbers that belong to it, e.g. rejected rows."""
        lanes = []
        for salt, lane in enumerate((self.first, self.second)):
            cells = [mix(extra.astype(np.uint64) + np.uint64(salt + 1)) for extra in (self.facts, *extras)]
            lanes.append(hash_rows([lane, *cells]))
        text = np.stack(lanes, axis=1).astype(">u8").tobytes().hex()
        return [text[first : first + 32] for first in range(0, len(text), 32)]


class ClaimSums:
    """Gathers the sums of a file's claims in memory bounded by the number of claims."""

    def __init__(self) -> None:
        self._parts: list[Sums] = []
        self._held = 0
        self._merged = 0

    def add(self, keys: Longs, lines: Longs, first: Hashes, second: Hashes) -> None:
        """Facts of one block. A row of the file has all its facts in one block."""
        if not len(keys):
            return
        order = np.lexsort((lines, keys))
        keys, lines = keys[order], lines[order]
        starts = _find_starts(keys)
        new_row = np.concatenate(([True], (keys[1:] != keys[:-1]) | (lines[1:] != lines[:-1])))
        self._parts.append(
            Sums(
                keys[starts],
                np.add.reduceat(first[order], starts),
                np.add.reduceat(second[order], starts),
                np.diff(np.append(starts, len(keys))),
                np.add.reduceat(new_row.astype(np.int64), starts),
            )
        )
        self._held += len(starts)
        if self._held > _MERGE_AT + 2 * self._merged:
            self._parts = [_merge(self._parts)]
            self._held = self._merged = len(self._parts[0])

    def total(self) -> Sums:
        """All claims so far."""
        return _merge(self._parts)


def _merge(parts: Sequence[Sums]) -> Sums:
    if not parts:
        nothing, no_hash = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint64)
        return Sums(nothing, no_hash, no_hash, nothing, nothing)
    columns = [
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("keys", "first", "second", "facts", "rows")
    ]
    order = np.argsort(columns[0], kind="stable")
    keys, *sums = (column[order] for column in columns)
    if not len(keys):
        return Sums(keys, *sums)
    starts = _find_starts(keys)
    return Sums(keys[starts], *(np.add.reduceat(column, starts) for column in sums))


def _find_starts(keys: Longs) -> npt.NDArray[np.intp]:
    """Where in sorted keys each one stands first."""
    return np.flatnonzero(np.concatenate((np.ones(min(len(keys), 1), dtype=bool), keys[1:] != keys[:-1])))
