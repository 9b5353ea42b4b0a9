"""TuneCore: what is paid out (`Total Earned` in `Currency`), after its own conversion of `Net Sales`.

`Sales Type` tells streams from downloads. An album's sale has no song title.
"""

from __future__ import annotations

from collections.abc import Collection

from backline.reports.format import Format, Hints, Layout
from backline.reports.statement import Statement, count_known, lay_out_statement

COLUMNS = Statement(
    report="tunecore",
    marks=(frozenset({"sales_period", "posted_date", "store_name", "artist", "total_earned", "currency"}),),
    roles={
        "day": ("sales_period",),
        "statement": ("posted_date",),
        "artist": ("artist",),
        "track": ("song_title",),
        "isrc": ("optional_isrc", "isrc"),
        "upc": ("upc", "optional_upc"),
        "country": ("country_of_sale",),
        "source": ("store_name",),
        "currency": ("currency",),
    },
    units=("#_units_sold", "quantity"),
    revenue=("total_earned",),
    sorted_by=("sales_type",),
    date_form="YYYY-MM-DD",
    amounts=frozenset({"per_unit_price", "net_sales", "commission"}),
    others=frozenset(
        {"release_type", "release_title", "label", "tc_song_id", "net_sales_currency"}
        | {"exchange_rate", "youtube_video_id", "youtube_policy_type"}
    ),
)


def recognise(names: Collection[str]) -> int:
    """Its columns; of 21 and of 24."""
    return count_known(names, COLUMNS)


def lay_out(names: Collection[str], file_name: str, hints: Hints) -> Layout:
    """A statement by month of sale."""
    return lay_out_statement(COLUMNS, names, file_name, hints)


tunecore = Format("tunecore", recognise, lay_out)
