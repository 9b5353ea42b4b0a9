"""Dates with points or slashes: by the order that the file tells, or refused with both readings."""

from __future__ import annotations

import pytest

from backline.reports.catalogue_dates import is_written, read_dates


@pytest.mark.parametrize(
    ("words", "read"),
    [
        (["01.03.2026", "13.03.2026"], ["2026-03-01", "2026-03-13"]),
        (["1/3/2026", "3/13/2026"], ["2026-01-03", "2026-03-13"]),
        (["03.03.2026"], ["2026-03-03"]),  # the same day either way
        (["01.03.2026"], [None]),
        (["01/03/2026", "13/03/2026", "03/13/2026"], [None, "2026-03-13", "2026-03-13"]),
        (["31.02.2026", "01.03.2026"], [None, None]),  # what is no date tells nothing
    ],
)
def test_dates(words: list[str], read: list[str | None]) -> None:
    found, wrong = read_dates(dict(enumerate(words)))
    assert [found.get(line) for line in range(len(words))] == read
    assert {cell.line for cell in wrong} == {line for line, day in enumerate(read) if day is None}


def test_both_readings_are_named() -> None:
    (cell,) = read_dates({7: "01.03.2026"})[1]
    assert (cell.line, cell.field) == (7, "release_date")
    assert "2026-03-01 or 2026-01-03" in cell.reason and "YYYY-MM-DD" in cell.remedy
    assert not is_written("2026-03-01") and not is_written("01.03/2026") and not is_written("01.03.26")
