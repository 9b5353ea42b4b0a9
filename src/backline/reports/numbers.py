"""Numbers as people and portals write them: 1234, 1,234.56, 1.234,56, 1'234, 1 234, -5, −5, (5), 32041.0, 1.5E-05."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from decimal import Context, Decimal
from typing import Final, Literal, NamedTuple

MOST: Final = 10**13  # far above any count; a block of such numbers still sums up in 64 bits
MOST_DIGITS: Final = 40
# Of one integer; what stands behind has an integer of its own, so that both still sum up.
MOST_SCALE: Final = 12
FINEST: Final = 24
EXACT: Final = Context(prec=120)  # 28 digits, the default, would round the sum of a large file
MINUS: Final = "\u2212"  # the typographic one, as word processors and some portals write it
# "auto", or how twelve hundred and a half is written.
NumberForm = Literal["auto", "1,200.5", "1.200,5", "1 200.5", "1 200,5", "1'200.5", "1200.5", "1200,5"]
_SPACES = str.maketrans({" ": None, "\u00a0": None, "\u202f": None, "\u2009": None, "'": None, "’": None})
_PLAIN = re.compile(r"[+-]?[\d.,]+")
_SPACED = re.compile(r"[+-]?\d{1,3}([ \u00a0\u202f\u2009'’])\d{3}(?:\1\d{3})*(?:[.,]\d+)?")
_GROUPED = {sep: re.compile(rf"[+-]?\d{{1,3}}(?:\{sep}\d{{3}})+") for sep in ",."}
_POWER = re.compile(r"([^eE]*[\d.,])[eE]([+-]?\d{1,3})")  # 1.5E-05, as spreadsheets write small numbers
_UNDECIDED = re.compile(r"-?(?:[0-9]+|[1-9][0-9]{0,2}[.,][0-9]{3})")
_EMPTY = frozenset({"", "-", MINUS, "–", "—", "n/a", "na", "null", "none", "nan", "#n/a"})


def is_empty(text: str) -> bool:
    """Whether a cell says that there is no number: empty, a dash, n/a, null, NaN."""
    return text.casefold() in _EMPTY


def find_decimal_sign(texts: Iterable[str], *, whole: bool) -> str | None:
    """ "." or ",": the sign that must be the decimal one, told by the first number that leaves no choice.

    Where only whole numbers make sense, a number with a fraction tells nothing: it is wrong in any case.
    """
    for text in texts:
        sign = _tell_decimal_sign(text)
        if sign:
            number = read_number(text, sign)
            if number is not None and not (whole and _find_exponent(number) < 0):
                return sign
    return None


def _find_exponent(number: Decimal) -> int:
    """Of its last digit that is not 0: below zero where there is a fraction."""
    exponent = EXACT.normalize(number).as_tuple().exponent
    assert isinstance(exponent, int)
    return exponent


def _tell_decimal_sign(text: str) -> str | None:
    text = text.replace(MINUS, "-")
    if _UNDECIDED.fullmatch(text):  # the bulk of a file that leaves a choice, told cheaply
        return None
    power = _POWER.fullmatch(text.strip("()"))
    digits = power[1] if power else text.translate(_SPACES)
    if not _PLAIN.fullmatch(digits.strip("()")) or len(text) > MOST_DIGITS:
        return None
    dots, commas = digits.count("."), digits.count(",")
    if dots and commas:
        return "." if digits.rfind(".") > digits.rfind(",") else ","
    if dots > 1 or commas > 1:
        return "," if dots > 1 else "."
    sign = "." if dots else "," if commas else None
    if sign is None:
        return None
    if power:  # nobody groups the thousands before a power
        return sign
    before, _, behind = digits.lstrip("+-(").rstrip(")").partition(sign)
    is_group = len(behind) == 3 and 1 <= len(before) <= 3 and not before.startswith("0")
    return None if is_group else sign


def is_ambiguous(text: str) -> bool:
    """Whether the text may be read in two ways: 1.234 and 1,234, thousands or decimals."""
    digits = text.replace(MINUS, "-").translate(_SPACES)
    if not _PLAIN.fullmatch(digits.strip("()")):
        return False
    return digits.count(".") + digits.count(",") == 1 and _tell_decimal_sign(text) is None


def sign_of_form(form: str) -> str:
    """The decimal sign of a number form other than "auto"."""
    return form[-2]


def read_number(text: str, decimal_sign: str) -> Decimal | None:
    """The exact number, or None where the text is none. Groups of thousands must be groups of three."""
    if len(text) > MOST_DIGITS:
        return None
    text = text.replace(MINUS, "-")
    if text.startswith("(") and text.endswith(")"):
        positive = read_number(text[1:-1], decimal_sign)
        return positive.copy_negate() if positive is not None and positive >= 0 else None
    if power := _POWER.fullmatch(text):
        is_grouped = ("," if decimal_sign == "." else ".") in power[1]
        number = None if is_grouped else read_number(power[1], decimal_sign)
        return None if number is None else number.scaleb(int(power[2]), EXACT)
    if text.endswith("-") and text[:1].isdigit():
        text = "-" + text[:-1]
    if _SPACED.fullmatch(text):
        text = text.translate(_SPACES)
    if not _PLAIN.fullmatch(text) or not text.isascii():
        return None
    whole, sign, behind = text.partition(decimal_sign)
    group = "," if decimal_sign == "." else "."
    if group in whole:
        if not _GROUPED[group].fullmatch(whole):
            return None
        whole = whole.replace(group, "")
    if not whole.lstrip("+-") and not behind:
        return None
    if (sign and not behind.isdigit() and behind) or "." in whole or "," in whole:
        return None
    return Decimal(f"{whole}.{behind}" if behind else whole)


def show_float(number: float) -> str:
    """A binary fraction as the decimal that is meant: by the 15 digits that spreadsheets show; "" for NaN."""
    return "" if math.isnan(number) else format(Decimal(f"{number:.15g}"), "f")


class Exact(NamedTuple):
    """value / 10^scale + finer / 10^24, and no smaller scale would do. |finer| < 10^12."""

    value: int
    scale: int
    finer: int = 0


def take_apart(number: Decimal) -> Exact | str:
    """A number as the integers that it is kept as; where it cannot be kept exactly, what is wrong with it."""
    if number.copy_abs() > MOST:
        return "is larger than 10^13"
    exponent = _find_exponent(number)
    if -exponent > FINEST:
        return f"has more than {FINEST} decimals"
    scale = min(max(-exponent, 0), MOST_SCALE)
    value, finer = divmod(int(EXACT.scaleb(number.copy_abs(), FINEST)), 10 ** (FINEST - scale))
    if value >= 2**62:
        return "has more digits than can be kept exactly"
    sign = -1 if number < 0 else 1
    return Exact(sign * value, scale, sign * finer)
