"""Any other table, laid out by a mapping file.

Rows that tell of the same thing are added up, as in a plain table; charts, running totals and counts of
people are not: there a second row is a duplicate.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from backline.music import MONTH
from backline.reports.countries import read_country
from backline.reports.dates import read_day
from backline.reports.file_names import (
    NO_ARTIST,
    ChartName,
    as_country,
    clean_hint,
    doubt_day,
    doubt_region,
    read_chart_name,
    read_day_hint,
    read_region_hint,
)
from backline.reports.format import Hints, Kind, Layout, Refused, Split
from backline.reports.header import fold_column
from backline.reports.mapping import MEASURE_NAMES, TableMapping
from backline.reports.table import KEY, choose_unique

_NAMES = {"date": "day", "rank": "chart_rank"}  # what a mapping calls otherwise


def count_mapped(mapping: TableMapping, names: Collection[str]) -> int:
    """How many columns the mapping reads, 0 where one of them is not there."""
    return len(mapping.needed) if set(mapping.needed) <= set(names) else 0


def lay_out_mapped(mapping: TableMapping, names: Collection[str], file_name: str, hints: Hints) -> Layout:
    """Raises `Refused` where a mapped column is missing, or nothing tells the day or the artist."""
    missing = [name for name in mapping.needed if name not in names]
    if missing:
        raise Refused(
            "missing_column",
            f"{file_name} has no column {missing[0]!r}, which the mapping reads.",
            f"It has: {', '.join(filter(None, names))[:400]}. Mend the mapping.",
        )
    told = {_NAMES.get(what, what): fold_column(name) for what, name in mapping.columns.items()}
    measures = {
        _NAMES.get(m, m): fold_column(mapping.columns[m]) for m in MEASURE_NAMES if m in mapping.columns
    }
    columns = {role: name for role, name in told.items() if role not in measures}
    split = _read_split(mapping)
    is_chart = "chart_rank" in measures
    found = {*columns, *(split.into if split else ())}
    constants = _read_constants(mapping, hints, file_name, found, is_chart)
    _refuse_gaps({*found, *constants}, file_name, is_chart)
    report, span = _choose_span(mapping, read_chart_name(file_name) if is_chart else None)
    return Layout(
        report=report,
        kind=_tell_kind(mapping, is_chart, constants),
        span=span,
        region=str(constants["country"]).lower() if is_chart and "country" in constants else None,
        columns=columns,
        constants=constants,
        measures=measures,
        required=frozenset({"country"} if is_chart else ()) | frozenset({"track"} if is_chart else ()),
        unique=_choose_keys(measures, is_chart, bool(mapping.cumulative)),
        negatives=not is_chart,
        loose=frozenset({"country"} if mapping.tells_months else ()),
        split=split,
        cumulative=frozenset(mapping.cumulative),
        date_form=mapping.date_form,
        number_form=mapping.number_form,
    )


def _choose_span(mapping: TableMapping, named: ChartName | None) -> tuple[str, int]:
    """Label and days that a value covers. A daily chart and the weekly one may share their header, hence the
    mapping: under one label the week would replace its last day.
    """
    if mapping.tells_months:
        return mapping.report, MONTH
    if mapping.span is not None or mapping.cumulative or named is None or named.span == 1:
        return mapping.report, mapping.span or 1
    return f"{mapping.report.removesuffix('_weekly')}_weekly", named.span


def _read_split(mapping: TableMapping) -> Split | None:
    if mapping.split is None:
        return None
    first, second = (_NAMES.get(what, what) for what in mapping.split.into)
    return Split(fold_column(mapping.split.column), mapping.split.at, (first, second))


def _read_constants(
    mapping: TableMapping, hints: Hints, file_name: str, found: Collection[str], is_chart: bool
) -> dict[str, Any]:
    """What all rows share: what the person said now goes before the mapping, that before the file's name."""
    constants: dict[str, Any] = {
        _NAMES.get(what, what): value.strip() for what, value in mapping.constants.items()
    }
    if "day" in constants:
        constants["day"] = read_day(constants["day"], "YYYY-MM-DD")
    if "country" in constants:
        constants["country"] = read_country(constants["country"])
    if "currency" in constants:
        constants["currency"] = constants["currency"].upper()
    region = read_region_hint(hints)
    said = {
        "artist": clean_hint(hints.artist),
        "track": clean_hint(hints.track),
        "day": read_day_hint(hints),
        "country": as_country(region) if region and is_chart else None,
    }
    named = read_chart_name(file_name) if is_chart else None
    if named:
        told = {"day": named.day, "country": as_country(named.region) if named.region else None}
        constants = {role: value for role, value in told.items() if value is not None} | constants
    constants |= {role: value for role, value in said.items() if value is not None}
    return {role: value for role, value in constants.items() if role not in found}


def _refuse_gaps(roles: Collection[str], file_name: str, is_chart: bool) -> None:
    if "artist" not in roles:
        raise Refused("missing_artist", f"Neither {file_name} nor the mapping names the artist.", NO_ARTIST)
    if "day" not in roles:
        raise (doubt_day(file_name) if is_chart else None) or Refused(
            "missing_date",
            f"Neither {file_name} nor the mapping tells the day.",
            "Say it: --date YYYY-MM-DD, or name its column in the mapping.",
        )
    if is_chart and "country" not in roles:
        raise doubt_region(file_name) or Refused(
            "missing_region",
            f"Neither {file_name} nor the mapping tells the chart's region.",
            "Say it: --region CC (a country code, or global), or name its column in the mapping.",
        )


def _tell_kind(mapping: TableMapping, is_chart: bool, constants: Collection[str]) -> Kind:
    if is_chart:
        return "chart"
    if mapping.tells_months:
        return "statement"
    return "track" if "track" in constants else "artist"


def _choose_keys(
    measures: Collection[str], is_chart: bool, is_cumulative: bool
) -> tuple[tuple[str, ...], ...]:
    if is_chart:
        return (("day", "country", "chart_rank"),)
    return (KEY,) if is_cumulative else choose_unique(measures)
