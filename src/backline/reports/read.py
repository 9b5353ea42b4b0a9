"""The door of this room: a file in, facts in blocks out, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, Final, Protocol

import pyarrow as pa

from backline.reports.catalogue_table import is_catalogue
from backline.reports.content import is_json_list, is_workbook, refuse_content, tell_content
from backline.reports.convert import Converter
from backline.reports.cumulative import find_growth
from backline.reports.draft import draft_mapping, tells_numbers
from backline.reports.format import Hints, Kind, Layout, NeedsMapping, Refused, Rejection, pick_formats
from backline.reports.header import choose_format, find_header, fingerprint_names, fold_column
from backline.reports.json_records import JsonRecords
from backline.reports.mapped import count_mapped, lay_out_mapped
from backline.reports.mapping import Mappings
from backline.reports.parquet_records import ParquetRecords, read_names
from backline.reports.plays import PlayReading
from backline.reports.records import Block, TextRecords, read_head
from backline.reports.scan import Scan
from backline.reports.tally import Counts, Days
from backline.reports.workbook import WorkbookRecords, read_sheet_head

HEAD: Final = 40  # records of a list of which the names are collected


class Records(Protocol):
    """Where blocks come from. `done` of `size` bytes are read. `delimiter` parts the cells of a text, else ""."""

    done: int
    size: int
    delimiter: str

    def blocks(self) -> Iterator[Block]:
        """All blocks, from the start."""


class Reading:
    """One file being read. `blocks()` once; counts, rejected, totals and days are complete behind it."""

    def __init__(
        self, format: str, layout: Layout, records: Records, today: date, fingerprint: str | None
    ) -> None:
        self.format = format
        self.fingerprint = fingerprint  # of the header, where a mapping was used
        self._layout, self._records, self._today = layout, records, today
        self._scan = Scan(records.blocks, records.delimiter)
        self._converter = Converter(layout, today, self._scan)

    @property
    def report(self) -> str:
        """Whose numbers these are."""
        return self._layout.report

    @property
    def kind(self) -> Kind:
        """What the scope of a fact is: its artist, its artist's track, or its chart (the country in lower case)."""
        return self._layout.kind

    @property
    def region(self) -> str | None:
        """The chart's region where the whole file has one: a country code in lower case, or "global"."""
        return self._layout.region

    @property
    def span(self) -> int:
        """Days that one value covers; 0: all time."""
        return self._layout.span

    @property
    def constants(self) -> dict[str, Any]:
        """What all rows share: by options, the mapping or the file's name. day: date, others: str."""
        return dict(self._layout.constants)

    @property
    def counts(self) -> Counts:
        """Rows so far."""
        return self._converter.tally.counts

    @property
    def rejected(self) -> list[Rejection]:
        """The first 10,000 rejected rows."""
        return self._converter.tally.rejected

    @property
    def totals(self) -> dict[str, Any]:
        """units: sum of the main count of accepted rows (streams where there is one); money by currency."""
        tally = self._converter.tally
        counted = [m for m in self._layout.measures if m in tally.units]
        if self._layout.sorted_by is not None:  # one column, sorted into several measures
            return {"units": sum(tally.units.values()), "money": dict(sorted(tally.money.items()))}
        main = "streams" if "streams" in tally.units else next(iter(counted), None)
        money: dict[str, Decimal] = dict(sorted(tally.money.items()))
        return {"units": tally.units[main] if main else 0, "money": money}

    @property
    def days(self) -> Days:
        """Days of accepted rows so far."""
        return self._converter.tally.days()

    @property
    def remedy(self) -> str | None:
        """What is left to do for a file that is good: readings of running totals whose growth is not known."""
        count = self._converter.tally.unpreceded
        if not count:
            return None
        return (
            f"{count:,} readings of running totals have no reading of the day before in this file: their "
            "growth is not known, and no number is kept. Put the day before into the same file and import it."
        )

    @property
    def done(self) -> int:
        """Bytes read so far."""
        return self._records.done

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._records.size

    def blocks(self) -> Iterator[pa.RecordBatch]:
        """Facts in `FACT_SCHEMA`. Raises `Refused` at any point: then nothing of the file may be kept."""
        if self._layout.cumulative:
            growth = find_growth(self._layout, self._today, self._scan, self._records.blocks())
            self._converter = Converter(self._layout, self._today, self._scan, growth)
        for block in self._records.blocks():
            facts = self._converter.convert(block)
            if facts.num_rows:
                yield facts
        self._converter.finish()
        if not self.counts.read:
            raise Refused("empty", "There are no rows below the header.", "Download the report again.")
        if self.counts.rejected and not self.counts.accepted and not self.counts.ignored:
            first = self.rejected[0]
            raise Refused(
                "nothing_usable",
                f"None of the {self.counts.rejected:,} rows can be used; line {first.line}: {first.reason}",
                "Look at the rejected lines; the file may be another report than it seems.",
            )


def open_report(path: Path, name: str, hints: Hints, mappings: Mappings) -> Reading | PlayReading:
    """Recognise a file.

    Raises `Refused` where the file cannot be used, `NeedsMapping` where its columns are not known.
    """
    if is_json_list(path):
        return _open_list(path, name, hints)
    if is_workbook(path, name):
        return _open_workbook(path, name, hints, mappings)
    content = tell_content(path, name)
    if content is None:
        names = read_names(path, name)
        chosen = _choose(tuple(names), tuple(names.values()), name, hints, mappings)
        return _start(chosen, ParquetRecords(path, name, names, chosen[1].used_columns), tuple(names), hints)
    header = find_header(read_head(path, content.encoding), lambda found: _count(found, mappings))
    if len([cell for cell in header.names if cell]) < 2:
        raise Refused(
            "not_a_table", f"{name} has no columns.", "Import a table: CSV with a header, or Parquet."
        )
    chosen = _choose(header.names, header.written, name, hints, mappings)
    records = TextRecords(path, content, header.delimiter, header.names, header.skip)
    return _start(chosen, records, header.names, hints)


def _open_list(path: Path, name: str, hints: Hints) -> PlayReading:
    """A list of JSON objects is read where it is a listener's history, else refused as it always was."""
    names: set[str] = set()
    for record in islice(JsonRecords(path, name).read(), HEAD):
        names |= {fold_column(key) for key in record}
    fmt = choose_format(sorted(names), pick_formats(lists=True))
    if fmt is None:
        refuse_content(path, name)
    layout = fmt.lay_out(names, _take_file_name(name), hints)
    return PlayReading(fmt.name, layout, JsonRecords(path, name), hints.today)


def _open_workbook(path: Path, name: str, hints: Hints, mappings: Mappings) -> Reading:
    """A workbook whose first sheet is a statement is read, any other is refused as it always was."""
    found: tuple[int, int, list[str]] = (0, 0, [])
    for number, cells in enumerate(read_sheet_head(path, name), start=1):
        points = _count([fold_column(cell) for cell in cells], mappings)
        found = max(found, (points, number, cells), key=lambda item: item[0])
    if not found[0]:
        refuse_content(path, name)
    names = tuple(map(fold_column, found[2]))
    chosen = _choose(names, found[2], name, hints, mappings)
    if chosen[1].kind != "statement":
        refuse_content(path, name)
    return _start(chosen, WorkbookRecords(path, name, names, found[1]), names, hints)


def _take_file_name(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).name


Chosen = tuple[str, Layout, str | None]


def _count(names: Sequence[str], mappings: Mappings) -> int:
    """How sure it is that this record is the header."""
    if mappings.given is not None and (points := count_mapped(mappings.given, names)):
        return 1_000 + points
    points = max((fmt.recognise(names) for fmt in pick_formats(lists=False)), default=0)
    if not points and len(names) > 1 and mappings.find_text(fingerprint_names(names)) is not None:
        return len(names)
    return points


def _choose(
    names: Sequence[str], written: Sequence[str], name: str, hints: Hints, mappings: Mappings
) -> Chosen:
    file_name = _take_file_name(name)
    fingerprint = fingerprint_names(names)
    known = choose_format(names, pick_formats(lists=False))
    mapping = mappings.given
    if mapping is None and known is None:
        mapping = mappings.find(fingerprint)
    if mapping is not None and (known is None or count_mapped(mapping, names)):
        return "mapped", lay_out_mapped(mapping, names, file_name, hints), fingerprint
    if known is None:
        is_own = is_catalogue(names) and not tells_numbers(names)
        raise NeedsMapping(written, draft_mapping(written), is_catalogue=is_own)
    return known.name, known.lay_out(names, file_name, hints), None


def _start(chosen: Chosen, records: Records, names: Sequence[str], hints: Hints) -> Reading:
    name, layout, fingerprint = chosen
    for column in layout.used_columns:
        if list(names).count(column) > 1:
            raise Refused(
                "ambiguous_header", f"There are two columns {column!r}.", "Remove or rename one of them."
            )
    if hints.report and (label := hints.report.strip()):
        layout = replace(layout, report=label)
    if hints.number_form != "auto":
        layout = replace(layout, number_form=hints.number_form)
    day = layout.constants.get("day")
    if isinstance(day, date) and day > hints.today:
        raise Refused(
            "future_date", f"The day {day} lies in the future.", "Say the right one: --date YYYY-MM-DD."
        )
    return Reading(name, layout, records, hints.today, fingerprint)
