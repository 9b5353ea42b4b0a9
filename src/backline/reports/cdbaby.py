"""CD Baby: tabs, days as `M/D/YYYY 12:00:00 AM`. No column tells the currency; CD Baby accounts in US dollars.

The sales date of a store's month is its last day; a day inside a month counts to that month. An album's
sale has no track.
"""

from __future__ import annotations

from collections.abc import Collection

from backline.reports.format import Format, Hints, Layout
from backline.reports.statement import Statement, count_known, lay_out_statement

COLUMNS = Statement(
    report="cdbaby",
    marks=(frozenset({"sales_date", "quantity", "subtotal", "cdbabysku", "artist_name"}),),
    roles={
        "day": ("sales_date",),
        "statement": ("report_date",),
        "artist": ("artist_name",),
        "track": ("track_name",),
        "isrc": ("isrc",),
        "upc": ("barcode",),
        "country": ("delivery_country",),
        "source": ("partner_name",),
    },
    units=("quantity",),
    revenue=("subtotal",),
    currency="USD",
    sorted_by=("transaction_type",),
    date_form="MM/DD/YYYY",
    amounts=frozenset({"price"}),
    others=frozenset({"album_name"}),
)


def recognise(names: Collection[str]) -> int:
    """Its columns, with its own number of an album."""
    return count_known(names, COLUMNS)


def lay_out(names: Collection[str], file_name: str, hints: Hints) -> Layout:
    """A statement by month of sale."""
    return lay_out_statement(COLUMNS, names, file_name, hints)


cdbaby = Format("cdbaby", recognise, lay_out)
