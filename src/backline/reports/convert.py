"""Blocks of a file into facts, row by row judged: total rows, rejections, duplicates, then the facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa

from backline.music import MEASURES
from backline.reports.columns import Array, Coded, NumberColumn, Problem, repeat_value
from backline.reports.decimal_signs import MONEY
from backline.reports.duplicates import Seen, mix_hashes
from backline.reports.footers import Footers, is_total_row, is_total_word
from backline.reports.format import FACT_SCHEMA, Layout, Rejection
from backline.reports.numbers import EXACT
from backline.reports.records import Block
from backline.reports.rows import RANK, CellReader, Parsed, find_suspects, find_words, list_checks
from backline.reports.sales import sort_units, take_back_units
from backline.reports.scan import Scan
from backline.reports.tally import MOST_REJECTIONS, Tally, add_up, describe_rejections, group_rows

_DUPLICATE = Problem("duplicate", "An earlier row tells something else about the same thing.")
Growth = Mapping[str, tuple[Array, Array]]  # cumulative measure to (lines, growth since the day before)


class Converter:
    """Turns blocks of one file into facts by its layout and keeps the tally."""

    def __init__(
        self,
        layout: Layout,
        today: date,
        scan: Scan,
        growth: Growth | None = None,
    ) -> None:
        self.layout = layout
        self.tally = Tally()
        self._cells = CellReader(layout, today, scan)
        self._seen = [Seen() for _ in layout.unique]
        self._footers = Footers()
        self._growth = growth or {}
        self._summed = [m for m in layout.measures if MEASURES[m] == "sum" and m not in layout.cumulative]

    def convert(self, block: Block) -> pa.RecordBatch:
        """The facts of a block, measure after measure."""
        parsed, good = self.judge(block)
        for measure, (lines, grown) in self._growth.items():
            numbers = parsed.numbers[measure]
            readings = good & ~numbers.empty
            _take_growth(numbers, block.lines, lines, grown)
            self.tally.unpreceded += int((readings & numbers.empty).sum())
        told = np.zeros(len(parsed), dtype=bool)
        for numbers in parsed.numbers.values():
            told |= ~numbers.empty
        accepted = good & told
        self.tally.counts.accepted += int(accepted.sum())
        self.tally.counts.ignored += int((good & ~told).sum())
        if self.layout.takes_back:
            take_back_units(parsed)
        if self.layout.sorted_by is not None:
            sort_units(parsed, self.layout.sorted_by)
        self._count(parsed, accepted)
        return make_facts(parsed, accepted)

    def judge(self, block: Block) -> tuple[Parsed, Array]:
        """The cells of a block, and which rows are good. Everything else is tallied already."""
        parsed = self._cells.read(block)
        kept = self._set_apart(parsed)
        rejections = self._reject_broken(block)
        good, more = kept.copy(), 0
        for mask, say in list_checks(parsed, self.layout):
            blamed = good & mask
            if blamed.any():
                good &= ~mask
                more += self._describe(blamed, say, parsed, rejections)
        same, clash = self._find_duplicates(parsed, good)
        good &= ~same & ~clash
        more += self._describe(clash, lambda _: _DUPLICATE, parsed, rejections)
        counts = self.tally.counts
        counts.ignored += int(same.sum())
        counts.read += int(kept.sum()) + len(block.broken)
        self._add_to_footers(parsed, kept & ~same)
        self.tally.reject(rejections, more)
        return parsed, good

    def finish(self) -> None:
        """Raises `Refused` where the file's own totals say something else."""
        self._footers.reconcile(self._cells.signs)

    def _describe(
        self, mask: Array, say: Callable[[int], Problem], parsed: Parsed, rejections: list[Rejection]
    ) -> int:
        """Words for the rows that there is room for; returns for how many there was none."""
        count = int(mask.sum())
        if not count or len(self.tally.rejected) >= MOST_REJECTIONS:
            return count
        artist, day = parsed.roles.get("artist"), parsed.roles.get("day")
        rejections += describe_rejections(mask, say, parsed.block.lines, artist, day)
        return 0

    def _set_apart(self, parsed: Parsed) -> Array:
        """Rows that are rows: neither blank nor totals."""
        kept = np.ones(len(parsed), dtype=bool)
        if self.layout.passed_over is not None:
            kept &= ~find_words(parsed.block, *self.layout.passed_over)
            self.tally.counts.read += int((~kept).sum())
            self.tally.counts.ignored += int((~kept).sum())
        for row in find_suspects(parsed, self.layout, is_total_word).tolist():
            cells = parsed.block.cells(row)
            if not kept[row]:
                continue
            if not any(cells):
                kept[row] = False
            elif is_total_row(cells, self._key_cells(parsed, row)):
                kept[row] = False
                self._take_footer(parsed, row)
        return kept

    def _key_cells(self, parsed: Parsed, row: int) -> list[str]:
        columns = dict(self.layout.columns)
        if "day" in columns:
            names = [columns["day"]]
        else:
            names = [name for role, name in columns.items() if role != "currency"]
            names += [name for measure, name in self.layout.measures.items() if measure == RANK]
        return [parsed.block.cell(name, row) for name in names]

    def _take_footer(self, parsed: Parsed, row: int) -> None:
        cells = {m: parsed.block.cell(self.layout.measures[m], row) for m in self._summed}
        self._footers.told.append((int(parsed.block.lines[row]), cells))
        self.tally.counts.read += 1
        self.tally.counts.ignored += 1

    def _reject_broken(self, block: Block) -> list[Rejection]:
        rejections: list[Rejection] = []
        kept: list[tuple[int, list[str] | None]] = []
        for line, cells in block.broken:
            if cells is not None and self._take_short_footer(line, cells):
                continue
            kept.append((line, cells))
            words = "Its quotes are broken." if cells is None else f"It has {len(cells)} cells."
            if len(rejections) < MOST_REJECTIONS:
                rejections.append(Rejection(line, "bad_row", f"The row does not fit the header. {words}"))
        block.broken = kept
        if kept:
            self._footers.unreadable.update(self._summed)
        self.tally.counts.rejected += len(kept) - len(rejections)
        return rejections

    def _take_short_footer(self, line: int, cells: list[str]) -> bool:
        """A total row of another width: its last cell is the total where only one measure can be meant."""
        if len(self._summed) != 1 or not is_total_word(next(filter(None, map(str.strip, cells)))):
            return False
        self._footers.told.append((line, {self._summed[0]: cells[-1].strip()}))
        self.tally.counts.read += 1
        self.tally.counts.ignored += 1
        return True

    def _find_duplicates(self, parsed: Parsed, good: Array) -> tuple[Array, Array]:
        same, clash = np.zeros(len(parsed), dtype=bool), np.zeros(len(parsed), dtype=bool)
        if not self.layout.unique or not good.any():
            return same, clash
        # A UPC tells of the track: by it no row tells something else.
        cells = [coded.hashes() for role, coded in parsed.roles.items() if role != "upc"]
        told = mix_hashes([*cells, *_hash_numbers(parsed)])
        for seen, key in zip(self._seen, self.layout.unique, strict=True):
            keys = mix_hashes([_hash_part(parsed, part) for part in key])
            rows = np.flatnonzero(good & ~same & ~clash)
            if any(part in parsed.roles for part in key):
                # A key that a row does not tell (no uri) is no key.
                named = [
                    parsed.roles[part].empty
                    for part in key
                    if part in ("uri", "isrc") and part in parsed.roles
                ]
                rows = rows[~np.logical_or.reduce(named)[rows]] if named else rows
            same[rows], clash[rows] = seen.look(keys[rows], told[rows])
        return same, clash

    def _add_to_footers(self, parsed: Parsed, mask: Array) -> None:
        for measure in self._summed:
            numbers = parsed.numbers[measure]
            self._footers.add(measure, add_up(numbers, mask))
            broken = (row for row, problem in numbers.problems.items() if problem.kind == "bad_number")
            unreadable = any(mask[row] for row in broken)
            if unreadable or (measure in self.layout.required and (numbers.empty & mask).any()):
                self._footers.unreadable.add(measure)

    def _count(self, parsed: Parsed, accepted: Array) -> None:
        tally = self.tally
        for measure, numbers in parsed.numbers.items():
            rows = accepted & ~numbers.empty
            if measure in MONEY:
                for currency, mine in group_rows(parsed.roles["currency"], rows).items():
                    tally.money[currency] = EXACT.add(
                        tally.money.get(currency, Decimal(0)), add_up(numbers, mine)
                    )
            elif MEASURES[measure] == "sum":
                tally.units[measure] = tally.units.get(measure, 0) + int(add_up(numbers, rows))
        day = parsed.roles["day"]
        tally.seen_days.update(day.values[code] for code in np.unique(day.codes[accepted]).tolist())


def _hash_part(parsed: Parsed, part: str) -> Array:
    if part in parsed.roles:
        return parsed.roles[part].hashes()
    if part in parsed.numbers:
        return parsed.numbers[part].values.view(np.uint64)
    return np.zeros(len(parsed), dtype=np.uint64)


def _hash_numbers(parsed: Parsed) -> Iterator[Array]:
    nothing = np.zeros(len(parsed), dtype=np.uint64)  # as many arrays in every block of the file
    for numbers in parsed.numbers.values():
        yield numbers.values.view(np.uint64)
        yield numbers.scales.astype(np.uint64) * np.uint64(2) + numbers.empty.astype(np.uint64)
        yield nothing if numbers.finer is None else numbers.finer.values.view(np.uint64)


def _take_growth(numbers: NumberColumn, lines: Array, known_lines: Array, growth: Array) -> None:
    """Put the growth since the day before in place of the running total; no day before, no number."""
    if not len(known_lines):
        numbers.empty[:] = True
        return
    place = np.minimum(np.searchsorted(known_lines, lines), len(known_lines) - 1)
    hit = known_lines[place] == lines
    numbers.values = np.where(hit, growth[place], 0)
    numbers.empty = numbers.empty | ~hit


def make_facts(parsed: Parsed, accepted: Array) -> pa.RecordBatch:
    """One fact per measure that an accepted row tells, two of a very fine number, in `FACT_SCHEMA`."""
    found = [(measure, layer) for measure, numbers in parsed.numbers.items() for layer in numbers.layers]
    parts = [np.flatnonzero(accepted & ~layer.empty) for _, layer in found]
    rows = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
    taken = pa.array(rows)
    size = len(rows)
    measure_codes = np.repeat(np.arange(len(found), dtype=np.int32), [len(part) for part in parts])
    columns: dict[str, pa.Array] = {
        role: _words(parsed.roles.get(role), rows, size, None)
        for role in ("artist", "track", "isrc", "upc", "released")
    }
    emptied = ("country", "source", "statement")
    columns |= {role: _words(parsed.roles.get(role), rows, size, "") for role in emptied}
    day = parsed.roles["day"]
    columns["day"] = pa.array([value or None for value in day.values] or [None], type=pa.date32()).take(
        pa.array(np.maximum(day.codes[rows], 0))
    )
    columns["measure"] = pa.DictionaryArray.from_arrays(
        pa.array(measure_codes), pa.array([name for name, _ in found], type=pa.string())
    )
    columns["currency"] = _currencies(parsed, found, parts)
    columns["value"] = pa.array(_gather([n.values for _, n in found], parts, np.int64), type=pa.int64())
    columns["scale"] = pa.array(_gather([n.scales for _, n in found], parts, np.int8), type=pa.int8())
    columns["line"] = pa.array(parsed.block.lines).take(taken)
    return pa.RecordBatch.from_arrays([columns[name] for name in FACT_SCHEMA.names], schema=FACT_SCHEMA)


def _gather(columns: list[Array], parts: list[Array], kind: type) -> Array:
    pieces = [column[part] for column, part in zip(columns, parts, strict=True)]
    return np.concatenate(pieces).astype(kind) if pieces else np.zeros(0, dtype=kind)


def _words(coded: Coded | None, rows: Array, size: int, empty: str | None) -> pa.Array:
    """Texts of the given rows, dictionary-encoded; `empty` where a row tells none."""
    if coded is None:
        coded, codes = repeat_value(empty, size), None
    else:
        codes = coded.codes[rows]
    values = list(coded.values)
    codes = coded.codes if codes is None else codes
    if empty is not None and (codes < 0).any():
        codes = np.where(codes < 0, len(values), codes)
        values.append(empty)
    return Coded(codes.astype(np.int32), values, {}).as_words()


def _currencies(parsed: Parsed, found: list[tuple[str, NumberColumn]], parts: list[Array]) -> pa.Array:
    """The currency of amounts of money, "" for counts."""
    coded = parsed.roles.get("currency")
    values = ["", *(coded.values if coded is not None else [])]
    codes = [
        coded.codes[part] + 1 if name in MONEY and coded is not None else np.zeros(len(part), dtype=np.int32)
        for (name, _), part in zip(found, parts, strict=True)
    ]
    joined = np.concatenate(codes) if codes else np.zeros(0, dtype=np.int32)
    return pa.DictionaryArray.from_arrays(
        pa.array(joined, type=pa.int32()), pa.array(values, type=pa.string())
    )
