"""DistroKid, "bank details": the classic file (tabs or commas) and the newer one (quoted commas), also as XLSX.

`Quantity` mixes streams and downloads, and no column tells them apart, so they stay `units`. Rows of an
album (Song/Album, or Source Type) name no track. `Team Percentage` is in the earnings already.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from backline.reports.format import Format, Hints, Layout
from backline.reports.statement import Statement, count_known, lay_out_statement

_EARNINGS = re.compile(r"earnings_\(([a-z]{3})\)")
COLUMNS = Statement(
    report="distrokid",
    marks=(frozenset({"sale_month", "store", "artist", "title", "quantity", "country_of_sale"}),),
    roles={
        "day": ("sale_month",),
        "statement": ("reporting_date",),
        "artist": ("artist",),
        "track": ("title",),
        "isrc": ("isrc",),
        "upc": ("upc",),
        "country": ("country_of_sale",),
        "source": ("store",),
    },
    units=("quantity",),
    revenue=(),
    trackless=(("song/album", "source_type"), "album"),
    date_form="YYYY-MM-DD",
    amounts=frozenset({"recoup_(usd)"}),
    others=frozenset({"team_percentage", "date_inserted"}),
)


def recognise(names: Collection[str]) -> int:
    """Its columns, and earnings whose column names the currency."""
    return count_known(names, COLUMNS) if any(map(_EARNINGS.fullmatch, names)) else 0


def lay_out(names: Collection[str], file_name: str, hints: Hints) -> Layout:
    """The currency stands in the name of the column of earnings."""
    match = next(filter(None, map(_EARNINGS.fullmatch, names)))
    statement = replace(COLUMNS, revenue=(match[0],), currency=match[1].upper())
    return lay_out_statement(statement, names, file_name, hints)


distrokid = Format("distrokid", recognise, lay_out)
