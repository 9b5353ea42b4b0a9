"""Amounts beside the sign of their currency."""

from __future__ import annotations

import pytest

from backline.reports.currency_signs import SIGNS, agrees, drop_sign, find_sign


@pytest.mark.parametrize(
    ("amount", "number", "sign"),
    [
        ("$6.99", "6.99", "$"),
        ("($6.99)", "(6.99)", "$"),
        ("-$6.99", "-6.99", "$"),
        ("$-6.99", "-6.99", "$"),
        ("$(6.99)", "(6.99)", "$"),
        ("6,99 €", "6,99", "€"),
        ("-6,99\u00a0€", "-6,99", "€"),
        ("(6.99 US$)", "(6.99)", "US$"),
        ("R$ 1.234,50", "1.234,50", "R$"),
        ("1 234,50 kr", "1 234,50", "kr"),
        ("12,50zł", "12,50", "zł"),
        ("USD 6.99", "6.99", "USD"),
        ("6.99EUR", "6.99", "EUR"),
        ("6.99- €", "6.99-", "€"),
        ("€.5", ".5", "€"),
        ("−$6.99", "−6.99", "$"),
        ("$−6.99", "−6.99", "$"),
        ("−6,99 €", "−6,99", "€"),
        ("6.99− €", "6.99−", "€"),
    ],
)
def test_a_sign_stands_before_or_behind(amount: str, number: str, sign: str) -> None:
    assert (drop_sign(amount), find_sign(amount)) == (number, sign)


@pytest.mark.parametrize(
    "amount", ["6.99", "(6.99)", "-5", "1.5E-05", "", "$", "€ €", "abc", "USD", "6$99", "x5", "5x"]
)
def test_what_has_no_sign_stays_as_it_is(amount: str) -> None:
    assert (drop_sign(amount), find_sign(amount)) == (amount, None)


def test_a_sign_agrees_with_its_currencies() -> None:
    assert agrees("$", "USD") and agrees("$", "CAD") and agrees("SEK", "SEK") and agrees("kr", "NOK")
    assert not agrees("$", "EUR") and not agrees("US$", "CAD") and not agrees("XYZ", "EUR")
    assert all(len(code) == 3 and code.isupper() for codes in SIGNS.values() for code in codes)
