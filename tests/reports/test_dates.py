"""Days in every form, and those that stay open."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backline.reports.dates import as_day, find_day_order, is_ambiguous, read_date_form, read_day, read_month

DAYS = st.dates(date(2000, 1, 1), date(2049, 12, 31))
FORMS = {
    "%Y-%m-%d": "auto",
    "%Y/%m/%d": "auto",
    "%Y%m%d": "auto",
    "%Y-%m-%dT%H:%M:%SZ": "auto",
    "%Y-%m-%d %H:%M:%S": "auto",
    "%d.%m.%Y": "auto",
    "%d/%m/%Y": "DD/MM/YYYY",
    "%d-%m-%Y": "DD/MM/YYYY",
    "%d/%m/%y": "DD/MM/YYYY",
    "%m/%d/%Y": "MM/DD/YYYY",
    "%m/%d/%Y 12:00:00 AM": "MM/DD/YYYY",
    "%d %b %Y": "auto",
    "%d-%b-%Y": "auto",
    "%B %d, %Y": "auto",
}


@given(day=DAYS, form=st.sampled_from(sorted(FORMS)))
def test_a_day_in_any_form_is_read_back(day: date, form: str) -> None:
    assert read_day(day.strftime(form), FORMS[form]) == day


@given(days=st.lists(DAYS, min_size=1, max_size=40), form=st.sampled_from(["%d/%m/%Y", "%m/%d/%Y"]))
def test_the_order_is_told_right_or_not_at_all(days: list[date], form: str) -> None:
    texts = [day.strftime(form) for day in days]
    order = find_day_order(texts)
    expected = "DD/MM/YYYY" if form.startswith("%d") else "MM/DD/YYYY"
    assert order in (None, expected)
    if order is None:
        assert all(is_ambiguous(text) or day.day == day.month for text, day in zip(texts, days, strict=True))


@pytest.mark.parametrize(
    "text", ["2026-02-30", "31/31/2026", "yesterday", "", "20261301", "3 Foo 2026", "2026-1", "46236"]
)
def test_what_is_no_day_is_none(text: str) -> None:
    assert read_day(text, "auto") is None


def test_months_in_french_and_german() -> None:
    assert read_day("3 février 2026", "auto") == date(2026, 2, 3)
    assert read_day("3. März 2026", "auto") == date(2026, 3, 3)


def test_open_ones_are_known() -> None:
    assert is_ambiguous("03/04/2026")
    assert not is_ambiguous("05/05/2026")
    assert not is_ambiguous("03.04.2026")
    assert not is_ambiguous("2026-03-04")


def test_a_moment_is_its_day() -> None:
    assert as_day(datetime(2026, 3, 4, 23, 59)) == date(2026, 3, 4)  # noqa: DTZ001 - a cell without zone
    assert as_day(date(2026, 3, 4)) == date(2026, 3, 4)


def test_forms_may_be_parted_otherwise() -> None:
    told = ["auto", "YYYY/MM/DD", "YYYY-MM-DD", "DD.MM.YYYY", "DD-MM-YYYY", "MM-DD-YYYY"]
    assert [read_date_form(form) for form in told] == [
        "auto",
        "YYYY-MM-DD",
        "YYYY-MM-DD",
        "DD/MM/YYYY",
        "DD/MM/YYYY",
        "MM/DD/YYYY",
    ]
    assert [read_date_form(form) for form in ("YYYY/MM", "MM.YYYY")] == ["YYYY-MM", "MM/YYYY"]
    assert [read_date_form(form) for form in ("MM.DD.YYYY", "D.M.", "")] == [None] * 3


@pytest.mark.parametrize(
    ("text", "form", "last"),
    [
        ("2026-08", "auto", "2026-08-31"),
        ("2026/02", "auto", "2026-02-28"),
        ("2024-02-01", "YYYY-MM-DD", "2024-02-29"),
        ("2017M10", "auto", "2017-10-31"),
        ("08/2026", "MM/YYYY", "2026-08-31"),
        ("2.2026", "YYYY-MM", "2026-02-28"),
        ("2026-08-03", "YYYY-MM", "2026-08-31"),
        ("2017M9", "auto", "2017-09-30"),
        ("7/31/2026 12:00:00 AM", "MM/DD/YYYY", "2026-07-31"),
        ("Oct 2017", "auto", "2017-10-31"),
        ("December 2025", "auto", "2025-12-31"),
        ("2026-13", "auto", None),
        ("2017M0", "auto", None),
        ("soon", "auto", None),
        ("Foo 2017", "auto", None),
    ],
)
def test_a_month_is_its_last_day(text: str, form: str, last: str | None) -> None:
    found = read_month(text, form)
    assert (found.isoformat() if found else None) == last
