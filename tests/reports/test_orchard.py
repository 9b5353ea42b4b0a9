"""The Orchard: periods as 2017M10, two generations of columns."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.reports.conftest import Read
from tests.reports.statements import tell, write_statement

HEADER = (
    "Period, Activity Period, DMS, Territory, Orchard UPC, Manufacturer's UPC, Label Catalog #, Imprint Label, "
    "Artist Name, Release Name, Track Name, ISRC, Volume, Track #, Quantity, Trans Type, "
    "Label Share Net Receipts, Preferred Currency"
)
OTHER = (
    "Period, Activity Period, Retailer, Territory, Product UPC, Project Code, Product Code, Product Name, "
    "Track Name, Track Artist, ISRC, Trans Type, Trans Type Description, Unit Price, Discount, Actual Price, "
    "Quantity, Total, Adjusted Total, Split Rate, Label Share Net Receipts, Preferred Currency"
)
ROW = {
    "Period": "2017M10", "Activity Period": "2017M9", "Territory": "Spain", "Track Name": "One",
    "ISRC": "USABC1700001", "Quantity": "15", "Trans Type": "AV", "Label Share Net Receipts": "0,258066",
    "Preferred Currency": "EUR",
}  # fmt: skip


def test_a_statement(read: Read) -> None:
    row = ROW | {"DMS": "YouTube", "Artist Name": "Ann"}
    back = row | {"Track Name": "", "ISRC": "", "Quantity": "-1", "Label Share Net Receipts": "-4,893"}
    found = read(write_statement(HEADER, row, back, delimiter=";"))
    assert (found.reading.format, found.counts) == ("orchard", (2, 2, 0, 0))
    units = [fact for fact in found.facts if fact["measure"] == "units"]
    assert tell(units, "day", "statement", "country", "source", "track", "value") == [
        (date(2017, 9, 30), "2017-10", "ES", "YouTube", "One", 15),
        (date(2017, 9, 30), "2017-10", "ES", "YouTube", None, -1),
    ]
    assert found.reading.totals["money"] == {"EUR": Decimal("-4.634934")}


def test_the_other_generation(read: Read) -> None:
    row = ROW | {"Retailer": "Apple", "Track Artist": "Ann", "Trans Type Description": "Ad-supported stream"}
    found = read(write_statement(OTHER, row, delimiter=";"))
    assert found.reading.format == "orchard"
    assert tell(found.facts, "measure", "artist", "source")[0][0] in ("streams", "revenue")
    assert {fact["measure"] for fact in found.facts} == {"streams", "revenue"}
