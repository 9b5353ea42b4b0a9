"""A first mapping for an unknown header, guessed from the names of its columns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from backline.music import MEASURES
from backline.reports.header import fold_column

_GUESSES: Final[dict[str, tuple[str, ...]]] = {
    "date": ("date", "day", "datum", "tag", "jour", "sale_month", "sales_month", "reporting_date", "period"),
    "artist": (
        "artist",
        "artist_name",
        "artists",
        "artist_names",
        "track_artist",
        "interpret",
        "künstler",
        "artiste",
    ),
    "track": ("track", "track_name", "track_title", "title", "song", "song_title", "name", "titel", "titre"),
    "isrc": ("isrc", "asset_isrc", "optional_isrc"),
    "upc": ("upc", "ean", "barcode", "product_upc", "release_upc"),
    "country": (
        "country",
        "country_of_sale",
        "territory",
        "country_/_region",
        "land",
        "pays",
        "delivery_country",
    ),
    "source": ("source", "source_type", "source_of_stream"),
    "statement": ("reporting_date", "statement_date", "statement_period", "reported"),
    "currency": ("currency", "client_payment_currency", "preferred_currency", "währung", "devise"),
    "rank": ("rank", "position", "pos", "chart_position", "rang"),
    "streams": (
        "streams",
        "plays",
        "quantity",
        "daily_streams",
        "stream_count",
        "units",
        "#_units_sold",
        "abrufe",
    ),
    "listeners": ("listeners", "hörer", "auditeurs"),
    "saves": ("saves",),
    "revenue": (
        "revenue",
        "earnings_(usd)",
        "earnings",
        "net_revenue",
        "net_sales",
        "amount",
        "total_earned",
    ),
}
_CHART: Final = (
    "# A rank makes it a chart. Where no column tells the day and the country, the file's name does",
    "# (regional-us-daily-2019-01-04.csv, regional-us-weekly-2018-12-28--2019-01-04.csv: these seven days, and",
    "# _weekly behind the label), or --date and --region.",
)


_DATE_FORMS: Final = 'or "auto", "YYYY-MM-DD", "DD/MM/YYYY" (the same: "DD.MM.YYYY"), "MM/DD/YYYY"; months: "YYYY-MM", "MM/YYYY"'


def tells_numbers(names: Sequence[str]) -> bool:
    """Whether a header (folded names) has a column of numbers, by its name."""
    numbers = (*MEASURES, *(guess for what in MEASURES for guess in _GUESSES.get(what, ())))
    return any(name in names for name in numbers)


def draft_mapping(header: Sequence[str]) -> str:
    """TOML that can be read as it is where the guesses suffice; what was not found stands there as a comment."""
    names = {fold_column(column): column for column in reversed(header) if column.strip()}
    found = {
        what: names[guess]
        for what, guesses in _GUESSES.items()
        if (guess := next((guess for guess in guesses if guess in names), None)) is not None
    }
    has_months = "month" in fold_column(found.get("date", ""))
    if not has_months:
        found.pop("statement", None)
    lines = [
        "# Which column is what. Remove the lines that do not apply; a missing artist or day can also be",
        "# said with --artist and --date.",
        f"# Columns of the file: {' | '.join(_one_line(column) for column in header)[:2_000]}",
        *(_CHART if "rank" in found else ()),
        f'report = "{"my_chart" if "rank" in found else "my_report"}"  # a label of small letters, digits, _ and -',
        f'date_form = "{"YYYY-MM" if has_months else "auto"}"  # {_DATE_FORMS}',
        'number_form = "auto"  # or how it writes 1200.5: "1,200.5", "1.200,5", "1200,5" …',
        'cumulative = []  # measures told as a running total, e.g. ["streams"]',
        "# span = 7  # days that one value covers, up to its date; 1 where it is not said",
        "",
        "[columns]",
        *(_write(what, found.get(what)) for what in _GUESSES),
        "",
        "[constants]",
        '# currency = "EUR"',
        '# country = "DE"',
        "",
        "# [split]  # one column that holds two things",
        '# column = "Artist - Title"',
        '# at = " - "',
        '# into = ["artist", "track"]',
        "",
    ]
    return "\n".join(lines)


def _write(what: str, column: str | None) -> str:
    if column is None:
        return f'# {what} = ""'
    return f"{what} = {json.dumps(_one_line(column), ensure_ascii=False)}"


def _one_line(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:200]
