"""Rates as the team writes them, and money by them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest

from backline.errors import BadInput
from backline.metrics.numbers import Figure
from backline.metrics.rates import (
    NO_RATE,
    SAME,
    Converted,
    Exchange,
    Rate,
    RateTable,
    group_money,
    make_table,
    read_currency,
    read_rates,
)

HEADER = "date_or_month,currency,per,rate\n"
AUGUST = Rate("2026-08", "USD", "EUR", "1.10", "ecb.csv")
THIRD = Rate("2026-08-03", "USD", "EUR", "1.25", "ecb.csv")
TABLE = RateTable([AUGUST, THIRD])


@dataclass
class Row:
    """A row of a table of rates, with a column that a rate has not."""

    period: str = "2026-08"
    currency: str = "USD"
    per: str = "EUR"
    rate: str = "1.10"
    source: str = "ecb.csv"
    created_by: str = "ann"


def test_a_table_is_made_of_rows() -> None:
    assert make_table([Row()]).find(date(2026, 8, 9), "EUR", "USD") == AUGUST


def test_a_table_is_read_exactly() -> None:
    text = f"\ufeff{HEADER}2026-08,usd,EUR,1.10\n2026-08-03,USD,EUR,1.25\n2026-08,USD,EUR,1.10\n"
    assert read_rates(text, "ecb.csv") == [AUGUST, THIRD]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("date,currency,per,rate\n", "no column 'date_or_month'"),
        (HEADER, "no rates"),
        (f"{HEADER}2026-13,USD,EUR,1\n", "line 2: '2026-13' is no day and no month"),
        (f"{HEADER}2026-02-30,USD,EUR,1\n", "2026-02-30"),
        (f"{HEADER}2026-08,USD,USD,1\n", "no pair"),
        (f"{HEADER}2026-08,US,EUR,1\n", "no pair"),
        (f"{HEADER}2026-08,USD,EUR,0\n", "'0' is no rate"),
        (f'{HEADER}2026-08,USD,EUR,"1,1"\n', "is no rate"),
        (f"{HEADER}2026-08,USD,EUR,1e3\n", "is no rate"),
        (f"{HEADER}2026-08,USD,EUR\n", "'' is no rate"),
        (f"{HEADER}2026-08,USD,EUR,1.1\n2026-08,USD,EUR,1.2\n", "line 3: an earlier line"),
    ],
)
def test_what_is_wrong_is_named(text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words) as caught:
        read_rates(text, "r.csv")
    assert caught.value.remedy


def test_a_day_goes_before_its_month_and_both_ways() -> None:
    day, other = date(2026, 8, 3), date(2026, 8, 31)
    assert TABLE.find(day, "EUR", "USD") == TABLE.find(day, "USD", "EUR") == THIRD
    assert TABLE.find(other, "EUR", "USD") == AUGUST
    assert TABLE.find(date(2026, 9, 1), "EUR", "USD") is None


def test_products_are_exact_and_quotients_rounded() -> None:
    assert AUGUST.convert(Decimal("0.000000000001"), "USD") == Decimal("0.00000000000110")
    assert AUGUST.convert(Decimal("1.00"), "EUR") == Decimal("0.9090909091")


def test_each_day_by_its_own_rate_and_every_rate_is_told() -> None:
    amounts = [(date(2026, 8, 3), Decimal(2)), (date(2026, 8, 4), Decimal(-1))]
    assert TABLE.convert(amounts, "EUR", "USD") == Converted("USD", "1.40", (THIRD, AUGUST))
    line = TABLE.convert(amounts, "EUR", "USD").as_line()
    assert line["rates"][0] == {
        "period": "2026-08-03", "currency": "USD", "per": "EUR", "rate": "1.25", "source": "ecb.csv",
    }  # fmt: skip


def test_what_is_not_known_is_null_with_its_reason() -> None:
    amounts = [(date(2026, 8, 3), Decimal(2)), (date(2026, 9, 4), Decimal(1))]
    assert TABLE.convert(amounts, "EUR", "USD") == Converted("USD", None, (), NO_RATE)
    assert TABLE.convert(amounts, "EUR", "GBP").reason == NO_RATE
    assert TABLE.convert(amounts, "EUR", "EUR") == Converted("EUR", "3.00", (), SAME)


def test_only_money_is_converted() -> None:
    money = Figure("k", "revenue", "r", "EUR", Decimal(2), 1.0, 0, date(2026, 8, 3))
    count = Figure("k", "streams", "r", None, Decimal(2), 1.0, 0, date(2026, 8, 3))
    exchange = Exchange("USD", TABLE)
    assert exchange.convert([money], "EUR") == Converted("USD", "2.50", (THIRD,))
    assert exchange.convert([count], None) is None
    assert group_money([money, count]) == {("k", "r", "revenue", "EUR"): [money]}


def test_a_currency_is_a_code() -> None:
    assert read_currency(" eur ") == "EUR"
    with pytest.raises(BadInput, match="is no currency"):
        read_currency("euro")
