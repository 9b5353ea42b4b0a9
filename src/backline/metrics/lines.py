"""Lines of numbers: one per key, measure and report, combined by the rule of the measure.

Sums are added exactly, ranks take the best, and unique people are never combined: such a number is
shown only where exactly one value stands for its key. Two reports of one thing stay side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from backline.metrics.coverage import Coverage, share, weigh_days
from backline.metrics.numbers import ArtistNumbers, Figure, add_exact, make_exact, read_rule
from backline.metrics.rates import Exchange, group_money
from backline.metrics.regions import CHART_MEASURE, Regions, read_regions
from backline.music import FIRST_DAY, LAST_DAY, begin_span, to_date

WINDOWED: Final = ("track", "source")  # of which dimensions there are reports of overlapping windows


def list_lines(
    numbers: ArtistNumbers,
    by: str,
    *,
    first: int | None = None,
    last: int | None = None,
    report: str | None = None,
) -> list[Figure]:
    """The lines of `backline metrics show`, ordered by key, report, measure and currency.

    first and last are days (both included); None leaves the range to each report's own days.
    """
    low, high = FIRST_DAY if first is None else first, LAST_DAY if last is None else last
    if by == "day":
        return sort_lines(combine_cells(numbers.read_cells("day", low, high, report), by_day=True))
    reports = {row.report: row for row in numbers.list_reports()}
    windows = {name for name, row in reports.items() if not row.has_days and report in (None, name)}
    coverage = read_coverage(numbers, by, low, high, report)
    sums = [row for row in numbers.read_sums(by, low, high, report) if row.report not in windows]
    charts = _read_charts(numbers, sums) if by == "country" else {}
    lines = []
    for figure in combine_sums(sums):
        row = reports[figure.report]
        begin = begin_span(row.first, row.span) if first is None else first
        end = row.last if last is None else last
        covered = coverage.measure(figure.report, figure.measure, begin, end)
        if figure.report in charts:
            covered = charts[figure.report].cover(figure.key, begin, end)
        lines.append(replace(figure, coverage=covered))
    if by in WINDOWED:
        for name in sorted(windows):
            lines += read_latest(numbers, by, low, high, name)
    return sort_lines(lines)


def convert_lines(
    numbers: ArtistNumbers,
    by: str,
    lines: Sequence[Figure],
    exchange: Exchange,
    *,
    first: int | None = None,
    last: int | None = None,
    report: str | None = None,
) -> Iterator[dict[str, Any]]:
    """The JSON of `list_lines` with `converted` beside each amount of money; each day by its own rate."""
    low, high = FIRST_DAY if first is None else first, LAST_DAY if last is None else last
    cells = group_money(combine_cells(numbers.read_cells(by, low, high, report), by_day=by == "day"))
    for line in lines:
        some = cells.get((line.key, line.report, line.measure, line.currency), [])
        if line.day is not None:  # of windows only the latest is told
            some = [cell for cell in some if cell.day == line.day]
        converted = exchange.convert(some, line.currency)
        yield line.as_line() | {"converted": converted.as_line() if converted else None}


def _read_charts(numbers: ArtistNumbers, sums: Sequence[Any]) -> dict[str, Regions]:
    """The regions of each report of charts: a region covers the days of its own charts."""
    names = {row.report for row in sums if row.measure == CHART_MEASURE}
    return {
        name: read_regions(numbers, name, [row for row in sums if row.report == name], FIRST_DAY, LAST_DAY)
        for name in names
    }


def read_coverage(
    numbers: ArtistNumbers, by: str, first: int, last: int, report: str | None = None
) -> Coverage:
    """Which days each report covers by this dimension (not the day itself), with their weights."""
    cells = numbers.read_cells("day", first, last, report)
    return weigh_days(numbers.list_days(by, first, last, report), cells)


def read_latest(numbers: ArtistNumbers, by: str, first: int, last: int, report: str) -> list[Figure]:
    """Of a report of overlapping windows (songs of 28 days, playlists): each key's latest value in the range."""
    latest: dict[tuple[str, str, str | None], Figure] = {}
    for figure in combine_cells(numbers.read_cells(by, first, last, report), by_day=False):
        key = (figure.key, figure.measure, figure.currency)
        known = latest.get(key)
        if known is None or (known.day and figure.day and known.day < figure.day):
            latest[key] = figure
    return list(latest.values())


def combine_cells(cells: Iterable[Any], *, by_day: bool) -> list[Figure]:
    """One figure per day, key, report, measure and currency; with `by_day` the day is the key."""
    groups: dict[tuple[int, str, str, str, str], list[Any]] = {}
    for cell in cells:
        place = (cell.day, cell.key, cell.report, cell.measure, cell.currency)
        groups.setdefault(place, []).append(cell)
    figures = []
    for (day, key, report, measure, currency), group in groups.items():
        value = combine_values(measure, [make_exact(cell.value, cell.scale) for cell in group])
        if value is None:
            continue
        covered = share(sum(cell.accepted for cell in group), sum(cell.rejected for cell in group))
        known_at = max(cell.known_at for cell in group)
        date = to_date(day)
        name = date.isoformat() if by_day else key
        figures.append(Figure(name, measure, report, currency or None, value, covered, known_at, date))
    return figures


def combine_sums(sums: Iterable[Any]) -> list[Figure]:
    """One figure per key, report, measure and currency, over all days of the sums; coverage is not known yet."""
    groups: dict[tuple[str, str, str, str], list[Any]] = {}
    for row in sums:
        groups.setdefault((row.key, row.report, row.measure, row.currency), []).append(row)
    figures = []
    for (key, report, measure, currency), group in groups.items():
        rule = read_rule(measure)
        if rule == "never" and sum(row.cells for row in group) > 1:
            continue
        parts = [make_exact(row.low if rule == "min" else row.value, row.scale) for row in group]
        value = combine_values(measure, parts)
        if value is not None:
            known_at = max(row.known_at for row in group)
            figures.append(Figure(key, measure, report, currency or None, value, 0.0, known_at))
    return figures


def combine_values(measure: str, values: Sequence[Decimal]) -> Decimal | None:
    """One value out of several by the measure's rule; None where they must not be combined."""
    rule = read_rule(measure)
    if rule == "sum":
        return values[0] if len(values) == 1 else add_exact(values)
    if rule == "min":
        return min(values)
    return values[0] if len(values) == 1 else None


def sort_lines(figures: Sequence[Figure]) -> list[Figure]:
    """By key, report, measure and currency."""
    return sorted(figures, key=lambda line: (line.key, line.report, line.measure, line.currency or ""))
