"""Which rows tell of something that an earlier row told: 16 bytes a row, whatever the rows hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from backline.reports.format import Refused

Array = np.ndarray[Any, Any]
MOST_KEYS: Final = 6_000_000
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)


def mix_hashes(parts: Sequence[Array]) -> Array:
    """One uint64 per row out of several; the order of the parts matters."""
    mixed = np.full(len(parts[0]), 0x243F6A8885A308D3, dtype=np.uint64)
    for part in parts:
        mixed = (mixed ^ part.astype(np.uint64)) * _MIX
        mixed ^= mixed >> np.uint64(29)
    return mixed


class Seen:
    """What was told so far: hash of a key to hash of what was told about it."""

    def __init__(self, most: int = MOST_KEYS) -> None:
        self._most = most
        self._runs: list[tuple[Array, Array]] = []
        self._count = 0

    def look(self, keys: Array, told: Array) -> tuple[Array, Array]:
        """(same, clash) of each row: a key seen before with the same or with other words.

        Rows seen for the first time are remembered. Raises `Refused` beyond `most` keys.
        """
        same, clash = np.zeros(len(keys), dtype=bool), np.zeros(len(keys), dtype=bool)
        first = np.ones(len(keys), dtype=bool)
        for run_keys, run_told in self._runs:
            place = np.minimum(np.searchsorted(run_keys, keys), len(run_keys) - 1)
            hit = run_keys[place] == keys
            same |= hit & (run_told[place] == told)
            clash |= hit & (run_told[place] != told)
            first &= ~hit
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        starts = np.r_[True, ordered[1:] != ordered[:-1]] if len(keys) else np.zeros(0, dtype=bool)
        leader = order[np.maximum.accumulate(np.where(starts, np.arange(len(keys)), 0))]
        repeated = np.zeros(len(keys), dtype=bool)
        repeated[order] = ~starts
        equal = np.zeros(len(keys), dtype=bool)
        equal[order] = told[order] == told[leader]
        same |= first & repeated & equal
        clash |= first & repeated & ~equal
        self._remember(order[starts & first[order]], keys, told)
        return same, clash

    def _remember(self, rows: Array, keys: Array, told: Array) -> None:
        if not len(rows):
            return
        self._count += len(rows)
        if self._count > self._most:
            raise Refused(
                "too_many_rows",
                f"More than {self._most:,} rows must be compared with each other.",
                "Split the file, by year for example.",
            )
        self._runs.append((keys[rows], told[rows]))
        if len(self._runs) > 8:
            all_keys = np.concatenate([run[0] for run in self._runs])
            all_told = np.concatenate([run[1] for run in self._runs])
            order = np.argsort(all_keys)
            self._runs = [(all_keys[order], all_told[order])]
