"""Cells read by a layout."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from backline.reports.format import Refused
from tests.reports.conftest import TODAY, Read

HEAD = "date,artist,streams\n"


def test_days_are_decided_by_the_whole_column(read: Read) -> None:
    rows = "03/04/2026,A,1\n" * 70_000 + "13/04/2026,A,1\n"
    found = read(HEAD + rows)
    assert set(found.column("day")) == {date(2026, 4, 3), date(2026, 4, 13)}
    assert set(read(HEAD + "03/04/2026,A,1\n04/13/2026,A,1\n").column("day")) == {
        date(2026, 3, 4),
        date(2026, 4, 13),
    }
    assert read(HEAD + "05/05/2026,A,1\n").column("day") == [date(2026, 5, 5)]


def test_days_that_stay_open_are_refused_with_the_way_out(read: Read) -> None:
    with pytest.raises(Refused, match="date_form") as caught:
        read(HEAD + "03/04/2026,A,1\n04/05/2026,A,1\n")
    assert caught.value.kind == "ambiguous_date"


def test_the_future_and_the_past(read: Read) -> None:
    days = [TODAY + timedelta(days=1), TODAY + timedelta(days=2), date(1989, 12, 31)]
    found = read(HEAD + "".join(f"{day},A,1\n" for day in days))
    assert found.rejected == [(3, "future_date"), (4, "bad_date")]


def test_every_text_has_its_rule(read: Read) -> None:
    text = "date,artist,track,country,streams\n"
    rows = [
        "2026-08-01,,T,DE,1",
        "2026-08-01,A,T,Germany,1",
        f"2026-08-01,{'A' * 501},T,DE,1",
        ",A,T,DE,1",
        "2026-08-01,A,,usa,1",
    ]
    found = read(text + "\n".join(rows))
    assert found.rejected == [(2, "missing_artist"), (3, "bad_country"), (4, "too_long"), (5, "bad_date")]
    assert found.column("country") == ["US"]
    assert found.reading.rejected[1].artist == "A"
    assert found.reading.rejected[1].day == date(2026, 8, 1)


def test_texts_stay_as_they_are_but_for_the_edges(read: Read) -> None:
    found = read('date,artist,streams\n2026-08-01,"  Zoë, the\n2nd ",1\n2026-08-01,=1+1,1\n')
    assert found.column("artist") == ["Zoë, the\n2nd", "=1+1"]
    assert found.column("line") == [2, 4]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1.234", "1.234.567", "12"], [1234, 1234567, 12]),
        (["1.234", "2.500"], [1234, 2500]),
        (["1234.0", "5.0"], [1234, 5]),
        (["1 234", "1'234", "1\u00a0234", "1\u202f234"], [1234] * 4),
    ],
)
def test_counts_in_other_dresses(read: Read, cells: list[str], values: list[int]) -> None:
    assert (
        read("date;artist;streams\n" + "".join(f"2026-08-01;A;{cell}\n" for cell in cells)).values() == values
    )


def test_quoted_thousands(read: Read) -> None:
    assert read(HEAD + '2026-08-01,A,"1,200"\n2026-08-02,A,"12,345,678"\n').values() == [1200, 12345678]


def test_a_late_number_decides_how_earlier_ones_are_meant(read: Read) -> None:
    rows = "2026-08-01;A;1.234\n" * 70_000 + "2026-08-02;A;1.234,00\n"
    found = read("date;artist;streams\n" + rows)
    assert set(found.values()) == {1234}


def test_an_amount_may_have_the_sign_of_its_currency_and_of_no_other(read: Read) -> None:
    amounts = {"$6.99": "USD", "($1.00)": "USD", "6,99 €": "EUR", "$2": "EUR", "EUR 1.5": "EUR", "£5": ""}
    rows = "".join(f'2026-08-01,A,{code},"{amount}"\n' for amount, code in amounts.items())
    found = read(f"date,artist,currency,revenue\n{rows}")
    assert found.rejected == [(4, "bad_number"), (5, "bad_currency"), (7, "bad_currency")]
    assert found.reading.rejected[1].reason == "'$2' is no amount in EUR."
    assert found.reading.totals["money"] == {"USD": Decimal("5.99"), "EUR": Decimal("1.5")}
    found = read('date,artist,currency,revenue\n2026-08-01,A,EUR,"1.234,56 €"\nTotal,,,"1.234,56 €"\n')
    assert (found.counts, found.values("revenue")) == ((2, 1, 0, 1), [123456])


def test_a_typographic_minus_takes_back(read: Read) -> None:
    rows = "2026-08-01,A,USD,−3,−$1.50\n2026-08-01,A,USD,5,$2.00\nTotal,,,2,$0.50\n"
    found = read(f"date,artist,currency,streams,revenue\n{rows}")
    assert (found.values(), found.values("revenue"), found.rejected) == ([-3, 5], [-15, 2], [])


def test_a_month_where_days_are_read_names_the_mapping(read: Read) -> None:
    found = read("date,artist,streams\n2026-08-01,A,5\n2026-07,A,5\n")
    assert found.rejected == [(3, "bad_date")]
    assert 'date_form = "YYYY-MM"' in found.reading.rejected[0].reason


def test_counts_have_no_currency(read: Read) -> None:
    found = read("date,artist,streams\n2026-08-01,A,5\n2026-08-01,A,$5\n")
    assert found.rejected == [(3, "bad_number")]


def test_huge_counts_are_rejected_rows(read: Read) -> None:
    huge = ["1.5E200", "1.0E120", "1E2E3", "9E999", "1E-999"]
    rows = "".join(f"2026-08-01,A,{count}\n" for count in huge)
    found = read(f"date,artist,streams\n2026-08-01,A,5\n{rows}")
    assert (found.values(), found.rejected) == ([5], [(line, "bad_number") for line in range(3, 8)])


def test_a_day_of_long_ago_is_no_month(read: Read) -> None:
    found = read("date,artist,streams\n2026-08-01,A,5\n1985-08-01,A,5\n")
    assert [item.reason for item in found.reading.rejected] == ["'1985-08-01' is not a day."]


def test_an_amount_in_another_currency_does_not_make_the_total_unreadable(read: Read) -> None:
    rows = "2026-08-01,A,EUR,$2.50\n2026-08-01,A,EUR,€1.25\nTotal,,,3.75\n"
    found = read(f"date,artist,currency,revenue\n{rows}")
    assert (found.values("revenue"), found.rejected) == ([125], [(2, "bad_currency")])
