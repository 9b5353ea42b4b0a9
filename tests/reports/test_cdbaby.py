"""CD Baby: months by their last day, US dollars, streams and downloads apart."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.reports.conftest import Read
from tests.reports.statements import tell, write_statement

HEADER = (
    "Report Date, Sales Date, Quantity, Price, Subtotal, Isrc, Barcode, CDBabySku, Album Name, Artist Name, "
    "Track Name, Partner Name, Transaction Type, Delivery Country"
)
ROW = {
    "Report Date": "10/15/2026 12:00:00 AM", "Sales Date": "7/31/2026 12:00:00 AM", "Quantity": "12",
    "Subtotal": "0.0998269974", "Isrc": "usx123000001", "CDBabySku": "a1", "Album Name": "LP", "Artist Name": "Ann",
    "Track Name": "One", "Partner Name": "Amazon", "Transaction Type": "Stream", "Delivery Country": "IN",
}  # fmt: skip


def test_a_statement(read: Read) -> None:
    bought = ROW | {"Transaction Type": "Download", "Quantity": "1", "Subtotal": "0.63"}
    album = ROW | {
        "Transaction Type": "Album",
        "Track Name": "",
        "Isrc": "",
        "Quantity": "-1",
        "Subtotal": "-6.30",
    }
    inside = ROW | {"Sales Date": "8/3/2026 12:00:00 AM"}
    rows = (ROW, bought, album, inside)
    found = read(write_statement(HEADER, *rows, delimiter="\t", end="\r\n"), "CDBaby.txt")
    assert (found.reading.format, found.reading.report, found.counts) == ("cdbaby", "cdbaby", (4, 4, 0, 0))
    counted = [fact for fact in found.facts if fact["measure"] != "revenue"]
    assert sorted(tell(counted, "measure", "day", "value", "statement")) == [
        ("downloads", date(2026, 7, 31), 1, "2026-10-15"),
        ("streams", date(2026, 7, 31), 12, "2026-10-15"),
        ("streams", date(2026, 8, 31), 12, "2026-10-15"),
        ("units", date(2026, 7, 31), -1, "2026-10-15"),
    ]
    assert found.reading.totals == {"units": 24, "money": {"USD": Decimal("-5.4703460052")}}
