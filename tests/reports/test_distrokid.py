"""DistroKid in both forms, and as a workbook."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

import openpyxl
import pytest

from backline.music import MONTH
from backline.reports.distrokid import lay_out, recognise
from backline.reports.format import Hints, Refused
from tests.reports.conftest import Read
from tests.reports.statements import tell, write_statement

CLASSIC = (
    "Reporting Date, Sale Month, Store, Artist, Title, ISRC, UPC, Quantity, Team Percentage, Song/Album, "
    "Country of Sale, Songwriter Royalties Withheld, Earnings (USD)"
)
NEWER = (
    "Date Inserted, Reporting Date, Sale Month, Store, Artist, Title, ISRC, UPC, Quantity, Team Percentage, "
    "Source Type, Country of Sale, Songwriter Royalties Withheld (USD), Earnings (USD), Recoup (USD)"
)
ROW = {
    "Reporting Date": "2026-08-12", "Sale Month": "2026-06", "Store": "Spotify", "Artist": "Ann", "Title": "Öne",
    "ISRC": "qz-abc-26-00001", "Quantity": "1250", "Country of Sale": "DE", "Earnings (USD)": "3.712438571",
}  # fmt: skip
ALBUM = ROW | {"Title": "LP", "ISRC": "", "Quantity": "2", "Earnings (USD)": "13.26", "Country of Sale": "OU"}
BACK = ROW | {"Quantity": "-4", "Earnings (USD)": "-0.0021"}


@pytest.mark.parametrize("delimiter", ["\t", ","])
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_the_classic_file(read: Read, delimiter: str, encoding: str) -> None:
    rows = (ROW, ALBUM | {"Song/Album": "Album"}, BACK)
    text = write_statement(CLASSIC, *rows, delimiter=delimiter, end="\r\n")
    found = read(text.encode(encoding), "x.tsv")
    assert (found.reading.format, found.reading.kind, found.reading.span) == ("distrokid", "statement", MONTH)
    assert found.counts == (3, 3, 0, 0)
    units = [fact for fact in found.facts if fact["measure"] == "units"]
    assert tell(units, "track", "isrc", "country", "source", "statement", "value") == [
        ("Öne", "QZABC2600001", "DE", "Spotify", "2026-08-12", 1250),
        (None, None, "", "Spotify", "2026-08-12", 2),
        ("Öne", "QZABC2600001", "DE", "Spotify", "2026-08-12", -4),
    ]
    assert {fact["day"] for fact in found.facts} == {date(2026, 6, 30)}
    assert found.reading.totals == {"units": 1248, "money": {"USD": Decimal("16.970338571")}}


def test_the_newer_file(read: Read) -> None:
    found = read(write_statement(NEWER, ROW | {"Source Type": "Song"}, ALBUM | {"Source Type": "Album"}))
    assert (found.reading.format, found.counts) == ("distrokid", (2, 2, 0, 0))
    assert [fact["track"] for fact in found.facts if fact["measure"] == "units"] == ["Öne", None]


def test_a_person_says_how_an_ambiguous_amount_is_meant(read: Read) -> None:
    text = write_statement(CLASSIC, ROW | {"Quantity": "1", "Earnings (USD)": "1,234"})
    with pytest.raises(Refused, match="--number-form"):
        read(text)
    for form, amount in (("1,200.5", "1234"), ("1.200,5", "1.234"), ("1200,5", "1.234")):
        assert read(text, number_form=form).reading.totals["money"] == {"USD": Decimal(amount)}


def test_the_currency_stands_in_the_header(read: Read) -> None:
    header = CLASSIC.replace("(USD)", "(EUR)")
    row = {name.replace("(USD)", "(EUR)"): cell for name, cell in ROW.items()}
    assert list(read(write_statement(header, row)).reading.totals["money"]) == ["EUR"]
    assert recognise([name.casefold() for name in CLASSIC.replace(" (USD)", "").split(", ")]) == 0


def test_the_workbook_says_the_same(read: Read) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(CLASSIC.split(", "))
    for row in (ROW, ALBUM | {"Song/Album": "Album"}, BACK):
        cells: list[object] = [row.get(name, "") for name in CLASSIC.split(", ")]
        cells[7], cells[12] = int(str(cells[7])), float(str(cells[12]))
        sheet.append(cells)
    buffer = io.BytesIO()
    book.save(buffer)
    plain = read(write_statement(CLASSIC, ROW, ALBUM | {"Song/Album": "Album"}, BACK))
    found = read(buffer.getvalue(), "bank details.xlsx")
    assert (found.reading.format, found.reading.totals) == ("distrokid", plain.reading.totals)
    assert found.facts == plain.facts


def test_a_total_row_reconciles_or_the_file_is_refused(read: Read) -> None:
    total = {"Reporting Date": "Total", "Quantity": "1250", "Earnings (USD)": "3.712438571"}
    assert read(write_statement(CLASSIC, ROW, total)).counts == (2, 1, 0, 1)
    with pytest.raises(Exception, match="do not reconcile"):
        read(write_statement(CLASSIC, ROW, total | {"Earnings (USD)": "3.71"}))


def test_a_layout_names_what_it_reads() -> None:
    names = ["sale_month", "store", "artist", "title", "quantity", "country_of_sale", "earnings_(usd)"]
    layout = lay_out(names, "x.tsv", Hints())
    assert layout.constants == {"currency": "USD"} and "statement" not in layout.columns
