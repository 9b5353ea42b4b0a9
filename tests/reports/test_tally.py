"""What came of a file."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backline.reports.columns import NumberColumn
from backline.reports.format import Rejection
from backline.reports.tally import MOST_REJECTIONS, Tally, add_up
from tests.reports.conftest import Read


@given(st.lists(st.tuples(st.integers(-(2**61), 2**61), st.integers(0, 12), st.booleans()), max_size=60))
def test_sums_are_exact(rows: list[tuple[int, int, bool]]) -> None:
    numbers = NumberColumn(
        np.array([value for value, _, _ in rows], dtype=np.int64),
        np.array([scale for _, scale, _ in rows], dtype=np.int8),
        np.zeros(len(rows), dtype=bool),
        {},
    )
    mask = np.array([chosen for _, _, chosen in rows], dtype=bool)
    assert Fraction(add_up(numbers, mask)) == Fraction(0) + sum(
        Fraction(v, 10**s) for v, s, chosen in rows if chosen
    )


def test_rejections_beyond_the_room_are_counted() -> None:
    tally = Tally()
    tally.reject([Rejection(line, "bad_row", "x") for line in range(MOST_REJECTIONS + 5)], more=7)
    assert len(tally.rejected) == MOST_REJECTIONS
    assert tally.counts.rejected == MOST_REJECTIONS + 12
    assert tally.days().count == 0


def test_a_file_of_many_bad_rows_counts_them_all(read: Read) -> None:
    rows = "2026-08-01,A,x\n" * 150_000 + "2026-08-01,A,5\n" + "1,2\n" * 20_000
    found = read("date,artist,streams\n" + rows)
    assert found.counts == (170_001, 1, 170_000, 0)
    assert len(found.reading.rejected) == MOST_REJECTIONS
    assert found.reading.rejected[-1].line == MOST_REJECTIONS + 1
