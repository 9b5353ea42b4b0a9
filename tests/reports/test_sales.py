"""Which units were streamed, which downloaded, and which nobody says anything of."""

from __future__ import annotations

import re

import pytest

from backline.reports.sales import WORDS
from tests.reports.conftest import Read
from tests.reports.statements import write_statement
from tests.reports.test_cdbaby import HEADER, ROW


@pytest.mark.parametrize(
    ("words", "measure"),
    [
        ("stream", "streams"),
        ("ad-supported streams", "streams"),
        ("streaming", "streams"),
        ("digital download", "downloads"),
        ("permanent downloads", "downloads"),
        ("stream or download", None),
        ("mainstream", None),
        ("s", None),
        ("", None),
    ],
)
def test_only_words_that_say_so(words: str, measure: str | None) -> None:
    assert [name for name, pattern in WORDS.items() if re.fullmatch(pattern, words)] == (
        [measure] if measure else []
    )


def test_units_are_counted_once_and_a_total_row_is_of_all(read: Read) -> None:
    rows = [ROW | {"Transaction Type": kind, "Quantity": "2"} for kind in ("Stream", "Download", "Gift", "")]
    total = {"Report Date": "Total", "Quantity": "8", "Subtotal": "0.3993079896"}
    found = read(write_statement(HEADER, *rows, total))
    values = {name: sum(found.values(name)) for name in ("streams", "downloads", "units")}
    assert values == {"streams": 2, "downloads": 2, "units": 4}
    assert found.reading.totals["units"] == 8
