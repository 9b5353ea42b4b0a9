"""Bandcamp: sales by day, payouts passed over, refunds kept."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tests.reports.conftest import Read
from tests.reports.statements import tell, write_statement

HEADER = (
    "date, paid to, item type, item name, artist, currency, item price, quantity, discount code, sub total, "
    "transaction fee, fee type, item total, amount you received, bandcamp transaction id, "
    "paypal transaction id, net amount"
)
ROW = {
    "date": "3/4/26 11:28pm", "item type": "track", "item name": "One", "artist": "Ann", "currency": "EUR",
    "quantity": "1", "net amount": "0.75",
}  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_sales_and_refunds(read: Read, encoding: str) -> None:
    album = ROW | {"item type": "album", "item name": "LP", "net amount": "5.50", "currency": "USD"}
    back = album | {"date": "12/31/25 9:05am", "net amount": "-5.50"}
    payout = {"date": "3/5/26 1:02am", "item type": "payout", "currency": "EUR", "net amount": "-12.00"}
    found = read(write_statement(HEADER, ROW, album, back, payout).encode(encoding))
    assert (found.reading.format, found.reading.kind, found.reading.span) == ("bandcamp", "artist", 1)
    assert found.counts == (4, 3, 0, 1)
    revenue = [fact for fact in found.facts if fact["measure"] == "revenue"]
    assert tell(revenue, "day", "track", "currency", "value") == [
        (date(2026, 3, 4), "One", "EUR", 75),
        (date(2026, 3, 4), None, "USD", 55),
        (date(2025, 12, 31), None, "USD", -55),
    ]
    counted = [fact for fact in found.facts if fact["measure"] == "units"]
    assert tell(counted, "day", "value") == [
        (date(2026, 3, 4), 1),
        (date(2026, 3, 4), 1),
        (date(2025, 12, 31), -1),
    ]
    assert found.reading.totals["units"] == 1
    assert found.reading.totals["money"] == {"EUR": Decimal("0.75"), "USD": Decimal("0.0")}


def test_the_package_tells_downloads(read: Read) -> None:
    header = f"{HEADER}, package, country code"
    rows = (ROW | {"package": "digital download", "country code": "DE"}, ROW | {"package": "Vinyl LP"})
    found = read(write_statement(header, *rows))
    counted = [fact for fact in found.facts if fact["measure"] != "revenue"]
    assert sorted(tell(counted, "measure", "value", "country")) == [("downloads", 1, "DE"), ("units", 1, "")]


@pytest.mark.parametrize("quantity", ["2", "-2"])
def test_a_refund_takes_back_what_was_sold(read: Read, quantity: str) -> None:
    sold = ROW | {"package": "digital download", "quantity": "2", "net amount": "1.50"}
    back = sold | {"quantity": quantity, "net amount": "-1.50"}
    found = read(write_statement(f"{HEADER}, package", sold, back))
    assert found.values("downloads") == [2, -2] and found.reading.totals["units"] == 0
