"""Believe: English and Russian headers, decimal commas and points."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from backline.reports.format import Refused
from tests.reports.conftest import Read
from tests.reports.statements import tell, write_statement

HEADER = (
    "Reporting month, Sales Month, Platform, Country / Region, Label Name, Artist Name, Release title, "
    "Track title, UPC, ISRC, Release Catalog nb, Streaming Subscription Type, Release type, Sales Type, Quantity, "
    "Client Payment Currency, Unit Price, Mechanical Fee, Gross Revenue, Client share rate, Net Revenue"
)
RUSSIAN = (
    "Месяц отчета, Месяц продажи, Платформа, страна / регион, Исполнитель, Название трека, ISRC, "
    "Каталожный номер релиза, Тип продажи, Количество, Валюта, Сумма вознаграждения"
)
ROW = {
    "Reporting month": "2026/08/01", "Sales Month": "2026/05/01", "Platform": "Spotify",
    "Country / Region": "Germany", "Artist Name": "Ann", "Track title": "One", "ISRC": "FR-ABC-26-00001",
    "Sales Type": "Streaming", "Quantity": "1250", "Client Payment Currency": "EUR", "Net Revenue": "2,3",
}  # fmt: skip


@pytest.mark.parametrize("header", [HEADER, HEADER.replace("Streaming Subscription Type, ", "")])
def test_a_statement(read: Read, header: str) -> None:
    clip = ROW | {
        "Sales Type": "Platform Promotion",
        "Country / Region": "Türkiye",
        "Net Revenue": "1.200,024",
    }
    sold = ROW | {
        "Sales Type": "Download",
        "Track title": "",
        "ISRC": "",
        "Country / Region": "UK",
        "Net Revenue": "-3,9144",
    }
    found = read(write_statement(header, ROW, clip, sold, delimiter=";"))
    assert (found.reading.format, found.counts) == ("believe", (3, 3, 0, 0))
    counted = [fact for fact in found.facts if fact["measure"] != "revenue"]
    assert sorted(tell(counted, "measure", "track", "country", "day", "statement"), key=str) == [
        ("downloads", None, "GB", date(2026, 5, 31), "2026-08-01"),
        ("streams", "One", "DE", date(2026, 5, 31), "2026-08-01"),
        ("units", "One", "TR", date(2026, 5, 31), "2026-08-01"),
    ]
    assert found.reading.totals["money"] == {"EUR": Decimal("1198.4096")}


def test_points_are_decimal_where_they_must_be(read: Read) -> None:
    found = read(write_statement(HEADER, ROW | {"Net Revenue": "0.0023"}, delimiter=";"))
    assert found.reading.totals["money"] == {"EUR": Decimal("0.0023")}


@pytest.mark.parametrize(
    ("beside", "money"),
    [
        ({}, "3.301"),  # semicolons
        ({"Gross Revenue": "1,5"}, "3.301"),
        ({"Gross Revenue": "0.5"}, "3301"),
        ({"Quantity": "1,250"}, "3301"),
        ({"Client share rate": "85.5%"}, "3.301"),  # no amount: the semicolons come first
    ],
)
def test_an_amount_that_may_be_read_in_two_ways_is_told_by_the_file(
    read: Read, beside: dict[str, str], money: str
) -> None:
    row = ROW | {"Net Revenue": "3,301"} | beside
    found = read(write_statement(HEADER, row, delimiter=";"))
    assert found.reading.totals["money"] == {"EUR": Decimal(money)}


def test_an_amount_of_which_nothing_tells_is_refused(read: Read) -> None:
    for row, delimiter in (({"Net Revenue": "3.301"}, ";"), ({"Net Revenue": "3,301"}, "\t")):
        with pytest.raises(Refused) as caught:
            read(write_statement(HEADER, ROW | row, delimiter=delimiter))
        assert caught.value.kind == "ambiguous_number"
    with pytest.raises(Refused, match="thousands or as a fraction"):
        contradicting = {"Net Revenue": "3,301", "Unit Price": "0.5", "Gross Revenue": "0,5"}
        read(write_statement(HEADER, ROW | contradicting, delimiter=";"))
    told = {"Net Revenue": "3.301", "Client share rate": "85.5%"}
    found = read(write_statement(HEADER, ROW | told, delimiter=";"))
    assert found.reading.totals["money"] == {"EUR": Decimal("3.301")}


def test_the_russian_header(read: Read) -> None:
    row = {
        "Месяц отчета": "2026/05/01", "Месяц продажи": "2026/03/01", "Платформа": "Яндекс", "Исполнитель": "Анна",
        "страна / регион": "Kazakhstan", "Название трека": "Одна", "Количество": "7", "Валюта": "RUB",
        "Сумма вознаграждения": "1,5",
    }  # fmt: skip
    found = read(write_statement(RUSSIAN, row, delimiter=";"))
    assert (found.reading.format, found.reading.totals["money"]) == ("believe", {"RUB": Decimal("1.5")})
    assert tell(found.facts[:1], "artist", "country", "day") == [("Анна", "KZ", date(2026, 3, 31))]


def test_without_a_month_of_sale_it_is_refused(read: Read) -> None:
    header, row = RUSSIAN.replace("Месяц продажи, ", ""), {"Исполнитель": "Анна", "Сумма вознаграждения": "1"}
    with pytest.raises(Refused, match="no column that tells the day"):
        read(write_statement(header, row, delimiter=";"))
