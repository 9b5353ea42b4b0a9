"""What was seen before."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backline.reports import duplicates
from backline.reports.duplicates import Seen, mix_hashes
from backline.reports.format import Refused


@given(
    rows=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 2)), max_size=200),
    size=st.integers(1, 12),
)
def test_it_says_what_a_dictionary_would(rows: list[tuple[int, int]], size: int) -> None:
    seen, known = Seen(), dict[int, int]()
    for start in range(0, len(rows), size):
        block = rows[start : start + size]
        keys = np.array([key for key, _ in block], dtype=np.uint64)
        told = np.array([word for _, word in block], dtype=np.uint64)
        same, clash = seen.look(keys, told)
        for place, (key, word) in enumerate(block):
            assert same[place] == (key in known and known[key] == word)
            assert clash[place] == (key in known and known[key] != word)
            known.setdefault(key, word)


def test_the_order_of_parts_matters() -> None:
    one, two = np.array([1], dtype=np.uint64), np.array([2], dtype=np.uint64)
    assert mix_hashes([one, two]) != mix_hashes([two, one])


def test_there_is_a_limit() -> None:
    seen = Seen(most=10)
    with pytest.raises(Refused, match="More than 10 rows"):
        seen.look(np.arange(11, dtype=np.uint64), np.zeros(11, dtype=np.uint64))
    assert duplicates.MOST_KEYS >= 1_000_000
