"""TuneCore: what was paid out, of 21 columns and of 24."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tests.reports.conftest import Read
from tests.reports.statements import tell, write_statement

HEADER = (
    "Sales Period, Posted Date, Store Name, Country Of Sale, Artist, Release Type, Release Title, Song Title, "
    "Label, UPC, Optional UPC, TC Song ID, Optional ISRC, Sales Type, # Units Sold, Per Unit Price, Net Sales, "
    "Net Sales Currency, Exchange Rate, Total Earned, Currency"
)
MORE = HEADER + ", Commission, Youtube Video ID, Youtube Policy Type"
ROW = {
    "Sales Period": "2026-04-01", "Posted Date": "2026-06-01", "Store Name": "Pandora", "Country Of Sale": "GB",
    "Artist": "Ann", "Song Title": "One", "Optional ISRC": "ABCDE1234567", "Sales Type": "Streaming",
    "# Units Sold": "1,200", "Net Sales": "0.4104", "Net Sales Currency": "USD", "Total Earned": "0.324216",
    "Currency": "GBP",
}  # fmt: skip


@pytest.mark.parametrize("header", [HEADER, MORE, HEADER.replace("Country Of", "Country of")])
def test_a_statement(read: Read, header: str) -> None:
    album = ROW | {"Song Title": "", "Optional ISRC": "", "Sales Type": "Download", "# Units Sold": "1"}
    rows = [
        {
            name.replace("Country Of", "Country of" if "Country of" in header else "Country Of"): cell
            for name, cell in row.items()
        }
        for row in (ROW, album)
    ]
    found = read(write_statement(header, *rows))
    assert (found.reading.format, found.counts) == ("tunecore", (2, 2, 0, 0))
    counted = [fact for fact in found.facts if fact["measure"] != "revenue"]
    assert tell(counted, "measure", "value", "track", "day", "country") == [
        ("streams", 1200, "One", date(2026, 4, 30), "GB"),
        ("downloads", 1, None, date(2026, 4, 30), "GB"),
    ]
    assert found.reading.totals == {"units": 1201, "money": {"GBP": Decimal("0.648432")}}
