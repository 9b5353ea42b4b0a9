"""Bandcamp: each sale with its minute (`M/D/YY h:mmam`), often in UTF-16; by day, since the day is known.

`net amount` in `currency` is what is paid. Rows of payouts are no sales and are passed over; refunds stay
negative, and their quantity, which is told as that of a sale, is taken back. Only items of the type "track" name a track. Units are downloads where the package says so.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from backline.reports.format import Format, Hints, Layout
from backline.reports.statement import Statement, count_known, lay_out_statement

COLUMNS = Statement(
    report="bandcamp",
    marks=(frozenset({"date", "item_type", "item_name", "artist", "currency", "net_amount"}),),
    roles={
        "day": ("date",),
        "artist": ("artist",),
        "track": ("item_name",),
        "isrc": ("isrc",),
        "upc": ("upc",),
        "country": ("country_code", "country"),
        "currency": ("currency",),
    },
    units=("quantity",),
    revenue=("net_amount",),
    sorted_by=("package",),
    trackless=(("item_type",), r"(?!track$).*"),
    date_form="MM/DD/YYYY",
    amounts=frozenset({"item_price", "sub_total", "transaction_fee", "item_total", "amount_you_received"}),
    others=frozenset(
        {"paid_to", "discount_code", "fee_type", "bandcamp_transaction_id", "paypal_transaction_id"}
    ),
)


def recognise(names: Collection[str]) -> int:
    """A sale's item and what was paid for it."""
    return count_known(names, COLUMNS)


def lay_out(names: Collection[str], file_name: str, hints: Hints) -> Layout:
    """By day of sale."""
    layout = lay_out_statement(COLUMNS, names, file_name, hints, span=1)
    passed_over = ("item_type", "payout|pending payout|transfer")
    return replace(layout, passed_over=passed_over, takes_back=True)


bandcamp = Format("bandcamp", recognise, lay_out)
