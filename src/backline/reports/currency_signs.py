"""Amounts with a sign of their currency beside them: $6.99, ($6.99), -6,99 €, −$6.99, 6.99 USD.

A sign tells no currency by itself ("$" is that of many countries); it has to agree with the one that the row or
the file tells. Signs are those of CLDR, and the codes of ISO 4217.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from backline.reports.numbers import MINUS

_DOLLARS: Final = frozenset(
    {"USD", "AUD", "CAD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP", "UYU", "JMD", "BBD", "TTD"}
)
SIGNS: Final[Mapping[str, frozenset[str]]] = {
    "$": _DOLLARS,
    "US$": frozenset({"USD"}),
    "A$": frozenset({"AUD"}),
    "AU$": frozenset({"AUD"}),
    "C$": frozenset({"CAD"}),
    "CA$": frozenset({"CAD"}),
    "NZ$": frozenset({"NZD"}),
    "S$": frozenset({"SGD"}),
    "HK$": frozenset({"HKD"}),
    "NT$": frozenset({"TWD"}),
    "MX$": frozenset({"MXN"}),
    "R$": frozenset({"BRL"}),
    "€": frozenset({"EUR"}),
    "£": frozenset({"GBP", "EGP"}),
    "¥": frozenset({"JPY", "CNY"}),
    "￥": frozenset({"JPY", "CNY"}),
    "₹": frozenset({"INR"}),
    "₩": frozenset({"KRW"}),
    "₽": frozenset({"RUB"}),
    "₺": frozenset({"TRY"}),
    "₴": frozenset({"UAH"}),
    "₸": frozenset({"KZT"}),
    "₪": frozenset({"ILS"}),
    "₫": frozenset({"VND"}),
    "₱": frozenset({"PHP"}),
    "฿": frozenset({"THB"}),
    "₦": frozenset({"NGN"}),
    "kr": frozenset({"SEK", "NOK", "DKK", "ISK"}),
    "zł": frozenset({"PLN"}),
    "Kč": frozenset({"CZK"}),
    "Ft": frozenset({"HUF"}),
    "lei": frozenset({"RON"}),
    "лв": frozenset({"BGN"}),
}
_SIGN = "|".join(["[A-Z]{3}", *map(re.escape, sorted(SIGNS, key=len, reverse=True))])
_BEFORE = re.compile(rf"([-{MINUS}+(]?)(?:{_SIGN})\s*([-{MINUS}+(]?[\d.,].*)")
_BEHIND = re.compile(rf"(.*[\d.,){MINUS}-])\s*(?:{_SIGN})(\)?)")
_FIND = re.compile(_SIGN)


def drop_sign(amount: str) -> str:
    """The number without the sign of its currency; what has none, or is no amount, as it is."""
    if amount[:1].isdigit() and amount[-1:].isdigit():  # most are bare
        return amount
    found = _BEFORE.fullmatch(amount) or _BEHIND.fullmatch(amount)
    return f"{found[1]}{found[2]}" if found else amount


def find_sign(amount: str) -> str | None:
    """The sign that stands beside the number."""
    if drop_sign(amount) == amount:
        return None
    found = _FIND.search(amount)
    return found[0] if found else None


def agrees(sign: str, currency: str) -> bool:
    """Whether a sign may be that of a currency (ISO 4217)."""
    return sign == currency or currency in SIGNS.get(sign, ())
