"""What a period of one report amounts to: totals, changes, and its lines by day, track, country and source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from backline.metrics.changes import Change, Known, compare
from backline.metrics.coverage import Coverage, weigh_days
from backline.metrics.lines import WINDOWED, combine_cells, combine_sums, read_latest
from backline.metrics.numbers import (
    ArtistNumbers,
    Figure,
    add_exact,
    read_rule,
    show_value,
)
from backline.metrics.periods import Days, place_period
from backline.metrics.rates import Converted, Exchange, group_money
from backline.metrics.regions import Regions, read_regions
from backline.moments import show_moment
from backline.music import MONTH, to_date

MOST = 500  # lines of one dimension in an answer; the exports hold them all
WEEK = 7


@dataclass(frozen=True)
class DateSpan:
    """First and last day, both included."""

    first: date
    last: date


@dataclass(frozen=True)
class Total:
    """A measure over the period. `rule`: sum, min (best rank), or latest (unique people: never added).

    `day` is the day of a latest value. before and week compare with the period and the week before.
    """

    measure: str
    currency: str | None
    rule: str
    value: str | None
    day: date | None
    coverage: float
    before: str | None
    before_coverage: float
    change: Change
    week: str | None
    week_before: str | None
    week_change: Change
    converted: Converted | None = None  # the value in the currency that was asked for


@dataclass(frozen=True)
class Line:
    """A measure of one key over the period (by day: of that day), with the change against the period before."""

    key: str
    measure: str
    currency: str | None
    value: str
    coverage: float
    known_at: str
    change: Change | None = None
    imports: tuple[str, ...] = ()
    converted: Converted | None = None


@dataclass(frozen=True)
class Source:
    """An import that stands behind the numbers of the period, and on which days."""

    import_id: str
    first: date
    last: date
    days: int


@dataclass(frozen=True)
class ReportSummary:
    """One report, beside the others and never added to them."""

    report: str
    span: int  # days that one value covers; -1: a calendar month
    newest_day: date
    days_behind: int
    known_at: str
    period: DateSpan
    before: DateSpan
    totals: tuple[Total, ...]
    by_day: tuple[Line, ...]
    by_track: tuple[Line, ...]
    by_country: tuple[Line, ...]
    by_source: tuple[Line, ...]
    sources: tuple[Source, ...]
    left_off: Mapping[str, int] = field(default_factory=dict)  # dimension -> lines beyond the first 500


def summarise_reports(
    numbers: ArtistNumbers, days: int, today: int, exchange: Exchange | None = None
) -> list[ReportSummary]:
    """Every report that has data, by name; `days` long, each up to its own newest day.

    With `exchange` amounts of money are shown in one more currency, each day by its own rate.
    """
    reports = numbers.list_reports()
    if not reports:
        return []
    first = min(_place(row, days).first for row in reports)
    sources = numbers.list_sources(first, max(row.last for row in reports))
    return [_summarise(numbers, row, days, today, sources, exchange) for row in reports]


def _place(row: Any, days: int) -> Days:
    """The period of a report; of overlapping windows only the newest one counts."""
    return place_period(days, row.last, row.span) if row.has_days else Days(row.last, row.last)


def _summarise(
    numbers: ArtistNumbers,
    row: Any,
    days: int,
    today: int,
    sources: Sequence[Any],
    exchange: Exchange | None,
) -> ReportSummary:
    period, week = _place(row, days), place_period(WEEK, row.last, row.span)
    first = min(period.before.first, week.before.first)
    cells = numbers.read_cells("day", first, row.last, row.report) if row.has_days else []
    figures = combine_cells(cells, by_day=True)
    own = [s for s in sources if s.report == row.report and period.first <= s.day <= period.last]
    regions = read_regions(numbers, row.report, cells, first, row.last)
    lines = _list_keys(numbers, row, period, cells, regions)
    totals = _add_up(figures, weigh_days(cells, cells), row, period, week, regions)
    by_day: Iterable[Line] = _list_days(figures, period, own)
    if exchange is not None:
        totals, by_day, lines = _convert(numbers, row, period, figures, exchange, (totals, by_day, lines))
    return ReportSummary(
        report=row.report,
        span=row.span,
        newest_day=to_date(row.last),
        days_behind=today - row.last,
        known_at=show_moment(row.known_at),
        period=_show_days(period),
        before=_show_days(period.before),
        totals=tuple(totals),
        by_day=tuple(by_day),
        by_track=tuple(lines["track"][:MOST]),
        by_country=tuple(lines["country"][:MOST]),
        by_source=tuple(lines["source"][:MOST]),
        sources=tuple(_list_sources(own)),
        left_off={name: len(some) - MOST for name, some in lines.items() if len(some) > MOST},
    )


Told = tuple[Iterable[Total], Iterable[Line], dict[str, list[Line]]]


def _convert(
    numbers: ArtistNumbers, row: Any, period: Days, figures: Sequence[Figure], exchange: Exchange, told: Told
) -> Told:
    """The same totals and lines with their amounts in one more currency."""
    totals, by_day, lines = told
    inside = _inside(figures, period)
    days = group_money(inside)
    shown = [
        replace(
            total,
            converted=exchange.convert(
                [f for f in inside if (f.measure, f.currency) == (total.measure, total.currency)],
                total.currency,
            ),
        )
        for total in totals
    ]

    def show(line: Line, cells: Mapping[Any, list[Figure]]) -> Line:
        some = cells.get((line.key, row.report, line.measure, line.currency), [])
        return replace(line, converted=exchange.convert(some, line.currency))

    keyed = {}
    for by, some in lines.items():
        is_money = any(line.currency for line in some)
        cells = numbers.read_cells(by, period.first, period.last, row.report) if is_money else []
        grouped = group_money(combine_cells(cells, by_day=False))
        keyed[by] = [show(line, grouped) for line in some]
    return shown, [show(line, days) for line in by_day], keyed


def _list_keys(
    numbers: ArtistNumbers, row: Any, period: Days, cells: Sequence[Any], regions: Regions
) -> dict[str, list[Line]]:
    if not row.has_days:
        windows = {by: _read_windows(numbers, row, by) for by in WINDOWED}
        return {"country": [], **windows}
    return {by: _read_keys(numbers, by, row, period, cells, regions) for by in ("track", "country", "source")}


def _add_up(
    figures: Sequence[Figure], coverage: Coverage, row: Any, period: Days, week: Days, regions: Regions
) -> Iterable[Total]:
    """One total per measure and currency."""
    same, same_week = (not regions.differ(days, days.before) for days in (period, week))
    for measure, currency in sorted({(f.measure, f.currency or "") for f in figures}):
        some = [f for f in figures if f.measure == measure and (f.currency or "") == currency]
        rule = {"never": "latest"}.get(read_rule(measure), read_rule(measure))
        spans = (period, period.before, week, week.before)
        known = [_sum_span(some, rule, days, coverage, row.report, measure) for days in spans]
        if row.span == MONTH:  # there are no weeks in a month's value
            known[2:] = [Known(None, 0.0)] * 2
        now, before, this_week, week_before = known
        percent = rule != "min"
        latest = max(_inside(some, period), key=lambda figure: figure.key, default=None)
        yield Total(
            measure=measure,
            currency=currency or None,
            rule=rule,
            value=_show(now, currency),
            day=latest.day if latest and rule == "latest" else None,
            coverage=now.coverage,
            before=_show(before, currency),
            before_coverage=before.coverage,
            change=compare(now, before, percent=percent, same_regions=same, currency=currency),
            week=_show(this_week, currency),
            week_before=_show(week_before, currency),
            week_change=compare(
                this_week, week_before, percent=percent, same_regions=same_week, currency=currency
            ),
        )


def _sum_span(
    figures: Sequence[Figure], rule: str, days: Days, coverage: Coverage, report: str, measure: str
) -> Known:
    inside = _inside(figures, days)
    covered = coverage.measure(report, measure, days.first, days.last)
    if not inside:
        return Known(None, covered)
    if rule == "sum":
        return Known(add_exact([figure.value for figure in inside]), covered)
    if rule == "min":
        return Known(min(figure.value for figure in inside), covered)
    # A latest value stands for its day alone: it is as complete as that day.
    latest = max(inside, key=lambda figure: figure.key)
    return Known(latest.value, latest.coverage)


def _inside(figures: Sequence[Figure], days: Days) -> list[Figure]:
    first, last = to_date(days.first), to_date(days.last)
    return [figure for figure in figures if figure.day and first <= figure.day <= last]


def _read_keys(
    numbers: ArtistNumbers, by: str, row: Any, period: Days, cells: Sequence[Any], regions: Regions
) -> list[Line]:
    """Lines by track, country or source, greatest first, each against its own value before."""
    told = numbers.list_days(by, period.before.first, period.last, row.report)
    if not told:
        return []
    coverage = weigh_days(told, cells)
    now = combine_sums(numbers.read_sums(by, period.first, period.last, row.report))
    earlier = combine_sums(numbers.read_sums(by, period.before.first, period.before.last, row.report))
    before = {(figure.key, figure.measure, figure.currency): figure for figure in earlier}
    by_region = by == "country" and bool(regions.days)
    same = by_region or not regions.differ(period, period.before)
    lines = []
    for figure in sorted(now, key=_rank):
        past = before.get((figure.key, figure.measure, figure.currency))
        covered, covered_before = (
            regions.cover(figure.key, days.first, days.last)
            if by_region
            else coverage.measure(row.report, figure.measure, days.first, days.last)
            for days in (period, period.before)
        )
        change = compare(
            Known(figure.value, covered),
            Known(past.value if past else None, covered_before),
            percent=read_rule(figure.measure) != "min",
            same_regions=same,
            currency=figure.currency,
        )
        lines.append(_make_line(figure, covered, change))
    return lines


def _read_windows(numbers: ArtistNumbers, row: Any, by: str) -> list[Line]:
    """Of a report of overlapping windows: the values of its newest window; two windows are never compared."""
    figures = read_latest(numbers, by, row.last, row.last, row.report)
    return [_make_line(figure, figure.coverage, None) for figure in sorted(figures, key=_rank)]


def _list_days(figures: Sequence[Figure], period: Days, sources: Sequence[Any]) -> list[Line]:
    imports: dict[str, list[str]] = {}
    for source in sources:
        imports.setdefault(to_date(source.day).isoformat(), []).append(source.import_id)
    return [
        _make_line(figure, figure.coverage, None, tuple(imports.get(figure.key, ())))
        for figure in sorted(
            _inside(figures, period), key=lambda line: (line.key, line.measure, line.currency or "")
        )
    ]


def _list_sources(rows: Sequence[Any]) -> Iterable[Source]:
    days: dict[str, list[int]] = {}
    for row in rows:
        days.setdefault(row.import_id, []).append(row.day)
    for import_id, some in days.items():
        yield Source(import_id, to_date(min(some)), to_date(max(some)), len(some))


def _rank(figure: Figure) -> tuple[Any, ...]:
    return (figure.measure, figure.currency or "", -figure.value, figure.key)


def _make_line(figure: Figure, coverage: float, change: Change | None, imports: tuple[str, ...] = ()) -> Line:
    value, known_at = show_value(figure.value, figure.currency), show_moment(figure.known_at)
    return Line(figure.key, figure.measure, figure.currency, value, coverage, known_at, change, imports)


def _show(known: Known, currency: str) -> str | None:
    return None if known.value is None else show_value(known.value, currency)


def _show_days(days: Days) -> DateSpan:
    return DateSpan(to_date(days.first), to_date(days.last))
