"""What a report format is, and the nouns of reading: hints, facts, rejections, refusals.

A format recognises a header and lays it out: which column is the day, which the artist, which a measure.
What follows from a layout (parsing, validation, duplicates, totals) is the same for all of them. A new
format is one new file in this folder, or an entry point of the group `backline.reports`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from functools import cache
from types import MappingProxyType
from typing import Any, Final, Literal

import pyarrow as pa

from backline.discovery import find_members
from backline.errors import BadInput
from backline.reports.numbers import NumberForm

GROUP: Final = "backline.reports"
Kind = Literal["artist", "track", "chart", "statement", "playlist", "listener"]

_WORDS = pa.dictionary(pa.int32(), pa.string())
# One row per measure of a row of the file. country: ISO 3166-1 alpha-2, "global" or "". source, currency:
# "" where not told. statement: in which statement of a distributor the row stands, "" for other reports.
# The number is value * 10^-scale. line: physical line on which the record starts
# (header of a plain file = 1), for Parquet the number of the record (first = 1).
FACT_SCHEMA: Final = pa.schema(
    [
        pa.field("artist", _WORDS),
        pa.field("track", _WORDS),
        pa.field("isrc", _WORDS),
        pa.field("upc", _WORDS),
        pa.field("released", _WORDS),
        pa.field("country", _WORDS),
        pa.field("source", _WORDS),
        pa.field("statement", _WORDS),
        pa.field("day", pa.date32()),
        pa.field("measure", _WORDS),
        pa.field("currency", _WORDS),
        pa.field("value", pa.int64()),
        pa.field("scale", pa.int8()),
        pa.field("line", pa.int64()),
    ]
)

REJECTION_KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "bad_row": "the row has too few or too many cells, or its quotes are broken",
        "bad_date": "the day is empty, cannot be read, or lies before 1990",
        "future_date": "the day lies in the future",
        "bad_number": "a number cannot be read, is no whole number where it counts, is too large, or has too many digits",
        "negative": "a number is below zero where nothing can be taken back",
        "bad_rank": "the chart position is not a whole number from 1 to 10,000",
        "missing_artist": "the artist is empty",
        "missing_track": "the track is empty",
        "missing_source": "the playlist is empty",
        "bad_country": "the country is not an ISO 3166 code",
        "bad_currency": "the currency is not an ISO 4217 code",
        "too_long": "a text is longer than 500 characters",
        "duplicate": "another row tells something else about the same thing",
    }
)


@dataclass(frozen=True, slots=True)
class Hints:
    """What a person said beside the file, and when it was downloaded (its date of change)."""

    artist: str | None = None
    track: str | None = None
    region: str | None = None
    date: str | None = None
    report: str | None = None
    number_form: NumberForm = "auto"  # goes before what a mapping says
    downloaded: dt.date | None = None
    today: dt.date = field(default_factory=lambda: dt.datetime.now(UTC).date())


@dataclass(frozen=True, slots=True)
class Rejection:
    """One row that is not used. `kind` is a key of `REJECTION_KINDS`."""

    line: int
    kind: str
    reason: str
    artist: str | None = None
    day: dt.date | None = None


class Refused(BadInput):
    """The file cannot be used."""

    def __init__(self, kind: str, message: str, remedy: str) -> None:
        super().__init__(message, remedy=remedy)
        self.kind = kind


class NeedsMapping(BadInput):
    """The columns of this file are not known."""

    def __init__(self, header: Collection[str], draft: str, *, is_catalogue: bool = False) -> None:
        remedy = "Let --draft-map FILE write a mapping, look it through, then import with --map FILE."
        if is_catalogue:
            remedy = f"A catalogue without numbers? `backline catalogue import FILE` takes it. Else: {remedy}"
        super().__init__(f"The columns are not known: {', '.join(header)[:500]}.", remedy=remedy)
        self.draft = draft


@dataclass(frozen=True, slots=True)
class Split:
    """A column that holds two things: what stands before the first `at`, and what stands behind it."""

    column: str
    at: str
    into: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Layout:
    """What the columns of one file mean. Column names are folded (`header.fold_column`).

    Roles: day, artist, track, isrc, upc, released, country, source, currency, uri, statement. `measures` maps a measure
    of `music.MEASURES` to its column. `unique` lists the keys of which a second row is a duplicate:
    equal in all it tells, it is ignored; different, it is rejected.
    """

    report: str
    kind: Kind
    span: int  # days that one value covers; 0: all time, `music.MONTH`: the calendar month of its day
    measures: Mapping[str, str]
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)  # day: date, others: str
    region: str | None = None
    # Roles and measures that may not be empty; day and artist never may.
    required: frozenset[str] = frozenset()
    unique: tuple[tuple[str, ...], ...] = ()
    negatives: bool = False  # numbers below zero are kept: restatements, refunds
    split: Split | None = None
    cumulative: frozenset[str] = frozenset()  # measures told as a running total
    joined: tuple[str, tuple[str, ...]] | None = None  # a role, and the columns that tell it together
    # A column and a pattern of its words: rows of no track (an album sale), and rows that tell no sale.
    trackless: tuple[str, str] | None = None
    passed_over: tuple[str, str] | None = None
    # Of a row whose money is below zero the `units` were sold before, and are taken back.
    takes_back: bool = False
    sorted_by: str | None = None  # tells of each row whether its `units` were streamed or downloaded
    loose: frozenset[str] = frozenset()  # roles of which an unreadable cell counts as empty
    amounts: frozenset[str] = frozenset()  # columns of other amounts: they are written as those that are read
    date_form: str = "auto"
    number_form: str = "auto"

    @property
    def used_columns(self) -> list[str]:
        """Every column that is read."""
        told = [self.split.column] if self.split else []
        told += [pair[0] for pair in (self.trackless, self.passed_over) if pair]
        told += [*(self.joined[1] if self.joined else ()), *([self.sorted_by] if self.sorted_by else [])]
        return list(dict.fromkeys([*self.columns.values(), *self.measures.values(), *told]))


@dataclass(frozen=True, slots=True)
class Format:
    """A report format.

    `recognise` is given the folded names of the columns and says how many of them it knows, 0 where the
    file is none of its own; the format that knows most is taken. `lay_out` is given the same names, the
    file's name without folders, and the hints; it raises `Refused` where something is missing that only
    a person can tell. `lists`: it reads lists of JSON objects, whose names are its columns, and no tables.
    """

    name: str
    recognise: Callable[[Collection[str]], int]
    lay_out: Callable[[Collection[str], str, Hints], Layout]
    lists: bool = False


@cache
def find_formats() -> tuple[Format, ...]:
    """All formats of this folder and of installed plug-ins."""
    return tuple(find_members("backline.reports", GROUP, Format))


@cache
def pick_formats(*, lists: bool) -> tuple[Format, ...]:
    """Those that read lists of JSON objects, or those that read tables."""
    return tuple(fmt for fmt in find_formats() if fmt.lists == lists)
