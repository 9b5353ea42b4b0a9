"""What the statements of distributors have in common: a row is what one store owes for one month of sales.

A sale month is one value that spans the month; nothing spreads it over days. Each statement (what was
reported on one day) stands by itself, since stores report late: of the same sale month a later statement
tells other sales, and never replaces an earlier one's. Rows are added up; refunds stay negative; a country
that is no country ("OU", rest of world) is not told, and the row counts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from backline.music import MONTH
from backline.reports.file_names import NO_ARTIST, clean_hint
from backline.reports.format import Hints, Layout, Refused

Names = tuple[str, ...]  # of one column; the first that is there is meant


@dataclass(frozen=True, slots=True)
class Statement:
    """The columns of one distributor, folded. A file is one of its statements where all of a set of `marks` are there."""

    report: str
    marks: tuple[frozenset[str], ...]
    roles: Mapping[str, Names]
    units: Names
    revenue: Names
    currency: str | None = None  # where no column tells it
    sorted_by: Names = ()
    trackless: tuple[Names, str] | None = None
    date_form: str = "auto"
    number_form: str = "auto"
    amounts: frozenset[str] = frozenset()  # of money, known and not read
    others: frozenset[str] = frozenset()  # known and not read


def count_known(names: Collection[str], statement: Statement) -> int:
    """How many columns are the distributor's, 0 where its marks are missing."""
    found = set(names)
    if not any(found >= marks for marks in statement.marks):
        return 0
    told = [*statement.roles.values(), statement.units, statement.revenue, statement.sorted_by]
    known = (
        {name for some in told for name in some}
        | statement.amounts
        | statement.others
        | frozenset().union(*statement.marks)
    )
    return len(found & known)


def lay_out_statement(
    statement: Statement, names: Collection[str], file_name: str, hints: Hints, *, span: int = MONTH
) -> Layout:
    """--artist stands in where there is no column of artists. Raises `Refused` where a needed column is missing."""
    columns = {role: name for role, some in statement.roles.items() if (name := _find(some, names))}
    constants = {"currency": statement.currency} if statement.currency and "currency" not in columns else {}
    if "artist" not in columns:
        if (artist := clean_hint(hints.artist)) is None:
            raise Refused("missing_artist", f"{file_name} has no column of artists.", NO_ARTIST)
        constants["artist"] = artist
    units, revenue = _find(statement.units, names), _find(statement.revenue, names)
    needed = {
        "day": columns.get("day"),
        "revenue": revenue,
        "currency": {**columns, **constants}.get("currency"),
    }
    missing = [what for what, name in needed.items() if name is None]
    if missing:
        raise Refused(
            "missing_column",
            f"{file_name} looks like a statement of {statement.report}, but has no column that tells the {missing[0]}.",
            "Download it again with all columns, or import it with a mapping (--map FILE).",
        )
    trackless = statement.trackless
    where = _find(trackless[0], names) if trackless else None
    told = {"units": units, "revenue": revenue}
    return Layout(
        report=statement.report,
        kind="statement" if span == MONTH else "artist",
        span=span,
        columns=columns,
        constants=constants,
        measures={measure: name for measure, name in told.items() if name},
        negatives=True,
        amounts=statement.amounts,
        date_form=statement.date_form,
        number_form=statement.number_form,
        trackless=(where, trackless[1]) if where and trackless else None,
        sorted_by=_find(statement.sorted_by, names) if units else None,
        loose=frozenset({"country"}),
    )


def _find(some: Names, names: Collection[str]) -> str | None:
    return next((name for name in some if name in names), None)
