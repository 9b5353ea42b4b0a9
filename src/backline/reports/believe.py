"""Believe: semicolons, 1.234,56 or 1,234.56, months as `2026/05/01`; the header is English, or Russian.

`Net Revenue` in `Client Payment Currency` is what is paid. `Sales Type` tells streams from downloads where
it says so in English. A release's sale has no track title.
"""

from __future__ import annotations

from collections.abc import Collection

from backline.reports.format import Format, Hints, Layout
from backline.reports.statement import Statement, count_known, lay_out_statement

COLUMNS = Statement(
    report="believe",
    marks=(
        frozenset({"sales_month", "platform", "artist_name", "net_revenue", "client_payment_currency"}),
        frozenset({"платформа", "исполнитель", "сумма_вознаграждения", "валюта"}),
    ),
    roles={
        "day": ("sales_month", "месяц_продажи", "месяц_продаж"),
        "statement": ("reporting_month", "месяц_отчета", "месяц_отчёта"),
        "artist": ("artist_name", "исполнитель"),
        "track": ("track_title", "название_трека"),
        "isrc": ("isrc",),
        "upc": ("upc",),
        "country": ("country_/_region", "страна_/_регион"),
        "source": ("platform", "платформа"),
        "currency": ("client_payment_currency", "валюта"),
    },
    units=("quantity", "количество"),
    revenue=("net_revenue", "сумма_вознаграждения"),
    sorted_by=("sales_type", "тип_продажи"),
    date_form="YYYY-MM-DD",
    amounts=frozenset({"unit_price", "mechanical_fee", "gross_revenue"}),
    others=frozenset(
        {"label_name", "release_title", "release_catalog_nb", "streaming_subscription_type"}
        | {"release_type", "client_share_rate", "каталожный_номер_релиза"}
    ),
)


def recognise(names: Collection[str]) -> int:
    """Its columns in one of the two languages, with or without the kind of subscription."""
    return count_known(names, COLUMNS)


def lay_out(names: Collection[str], file_name: str, hints: Hints) -> Layout:
    """A statement by month of sale."""
    return lay_out_statement(COLUMNS, names, file_name, hints)


believe = Format("believe", recognise, lay_out)
