"""The Orchard: semicolons, 0,258066, months as `2017M10`, territories by name; two generations of columns.

The month of sale is the activity period; the period is that of the statement. `Trans Type` is a code in
one generation, and described in the other (`Trans Type Description`): units are streams or downloads where
a word says so, else `units`. A release's sale has no track name.
"""

from __future__ import annotations

from collections.abc import Collection

from backline.reports.format import Format, Hints, Layout
from backline.reports.statement import Statement, count_known, lay_out_statement

COLUMNS = Statement(
    report="orchard",
    marks=(
        frozenset({"period", "territory", "artist_name", "label_share_net_receipts", "preferred_currency"}),
        frozenset({"period", "territory", "track_artist", "label_share_net_receipts", "preferred_currency"}),
    ),
    roles={
        "day": ("activity_period", "period"),
        "statement": ("period",),
        "artist": ("artist_name", "track_artist"),
        "track": ("track_name",),
        "isrc": ("isrc",),
        "upc": ("product_upc", "orchard_upc", "manufacturer's_upc", "manufacturer_upc"),
        "country": ("territory",),
        "source": ("dms", "retailer"),
        "currency": ("preferred_currency",),
    },
    units=("quantity",),
    revenue=("label_share_net_receipts",),
    sorted_by=("trans_type_description", "trans_type"),
    date_form="YYYY-MM-DD",
    amounts=frozenset(
        {"unit_price", "discount", "actual_price", "price", "total", "adjusted_total", "ringtone_publishing"}
        | {"cloud_publishing", "publishing", "mech._administrative_fee"}
    ),
    others=frozenset(
        {"label_catalog_#", "imprint_label", "release_name", "volume", "track_#", "project_code"}
        | {"product_code", "subaccount", "product_name", "split_rate"}
    ),
)


def recognise(names: Collection[str]) -> int:
    """Its columns, in either generation."""
    return count_known(names, COLUMNS)


def lay_out(names: Collection[str], file_name: str, hints: Hints) -> Layout:
    """A statement by month of sale."""
    return lay_out_statement(COLUMNS, names, file_name, hints)


orchard = Format("orchard", recognise, lay_out)
