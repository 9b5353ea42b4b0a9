"""Days as files write them. 03/04/2026 is read by what the whole column allows, or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

from backline.music import end_month

EARLIEST: Final = date(1990, 1, 1)
MONTH_FORMS: Final = ("YYYY-MM", "MM/YYYY")
DATE_FORMS: Final = ("auto", "YYYY-MM-DD", "DD/MM/YYYY", "MM/DD/YYYY", *MONTH_FORMS)
SAME_FORMS: Final = (
    "DD.MM.YYYY and DD-MM-YYYY mean DD/MM/YYYY, MM-DD-YYYY means MM/DD/YYYY, MM.YYYY and MM-YYYY mean MM/YYYY"
)
_TIME = r"(?:[T ,]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:[AaPp][Mm])?\s*(?:Z|UTC|[+-]\d{2}:?\d{2})?)?"
_YEAR_FIRST = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){_TIME}")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_YEAR_LAST = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}|\d{{2}}){_TIME}")
_DAY_WORD = re.compile(rf"(\d{{1,2}})\.?[ -]([^\W\d_]{{3,9}})\.?,?[ -](\d{{4}}){_TIME}")
_WORD_DAY = re.compile(rf"([^\W\d_]{{3,9}})\.? (\d{{1,2}}),? (\d{{4}}){_TIME}")
_MONTH = re.compile(r"(\d{4})(?:[-/.]|M)(\d{1,2})")  # 2026-08, 2026/08, 2017M9
_MONTH_FIRST = re.compile(r"(\d{1,2})[-/.](\d{4})")
_MONTH_WORD = re.compile(r"([^\W\d_]{3,9})\.? (\d{4})")
_MONTHS: Final = {
    word: number
    for number, words in enumerate(
        [
            "jan january januar janvier janv jän jänner",
            "feb february februar février févr fev",
            "mar march märz mär mrz mars",
            "apr april avril avr",
            "may mai",
            "jun june juni juin",
            "jul july juli juillet juil",
            "aug august août aout",
            "sep sept september septembre",
            "oct october okt oktober octobre",
            "nov november novembre",
            "dec december dez dezember décembre déc",
        ],
        start=1,
    )
    for word in words.split()
}


def find_day_order(texts: Iterable[str]) -> str | None:
    """ "DD/MM/YYYY" or "MM/DD/YYYY": what the first date that leaves no choice says; None: no such date."""
    for text in texts:
        match = _YEAR_LAST.fullmatch(text)
        if match is None or match[2] == ".":
            continue
        first, second = int(match[1]), int(match[3])
        if first > 12 >= second:
            return "DD/MM/YYYY"
        if second > 12 >= first:
            return "MM/DD/YYYY"
    return None


def is_ambiguous(text: str) -> bool:
    """Whether the text may be two different days: 03/04/2026, but not 05/05/2026, and not 03.04.2026."""
    match = _YEAR_LAST.fullmatch(text)
    if match is None or match[2] == ".":
        return False
    return match[1].lstrip("0") != match[3].lstrip("0") and int(match[1]) <= 12 and int(match[3]) <= 12


def read_date_form(text: str) -> str | None:
    """One of `DATE_FORMS`, however its parts are parted, or None. MM.DD.YYYY is none: dots put the day first."""
    if text == "MM.DD.YYYY":
        return None
    form = re.sub("[-./]", "-" if text.startswith("YYYY") else "/", text)
    return form if form in DATE_FORMS else None


def read_day(text: str, form: str) -> date | None:
    """The day, or None where the text is none. Dots put the day first; words name months in en, fr, de."""
    try:
        if match := _YEAR_FIRST.fullmatch(text):
            return date(int(match[1]), int(match[3]), int(match[4]))
        if match := _COMPACT.fullmatch(text):
            return date(int(match[1]), int(match[2]), int(match[3]))
        if form == "YYYY-MM-DD" or form in MONTH_FORMS:
            return None
        if match := _YEAR_LAST.fullmatch(text):
            year = int(match[4]) + (2000 if len(match[4]) == 2 else 0)
            day, month = int(match[1]), int(match[3])
            if form == "MM/DD/YYYY" and match[2] != ".":
                day, month = month, day
            return date(year, month, day)
        if match := _DAY_WORD.fullmatch(text):
            return date(int(match[3]), _MONTHS[match[2].casefold()], int(match[1]))
        if match := _WORD_DAY.fullmatch(text):
            return date(int(match[3]), _MONTHS[match[1].casefold()], int(match[2]))
    except (ValueError, KeyError):
        return None
    return None


def read_month(text: str, form: str) -> date | None:
    """The last day of the month that a text names, by itself or by one of its days; None where it names none."""
    day = read_day(text, form)
    try:
        if day is not None:
            return end_month(day.year, day.month)
        if match := _MONTH.fullmatch(text):
            return end_month(int(match[1]), int(match[2]))
        if match := _MONTH_FIRST.fullmatch(text):
            return end_month(int(match[2]), int(match[1]))
        if match := _MONTH_WORD.fullmatch(text):
            return end_month(int(match[2]), _MONTHS[match[1].casefold()])
    except (ValueError, KeyError):
        return None
    return None


def as_day(value: date | datetime) -> date:
    """The day of a typed cell."""
    return value.date() if isinstance(value, datetime) else value
