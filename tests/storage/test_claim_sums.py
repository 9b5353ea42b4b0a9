"""Sums over the facts of claims: the order and the blocks make no difference, every value does."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backline.storage.claim_sums import ClaimSums, Sums, make_keys, read_days, read_scopes, sort_distinct

Row = tuple[int, int, int, int]  # scope, day, line, hash
rows = st.lists(
    st.tuples(st.integers(0, 2), st.integers(-1, 1), st.integers(1, 3), st.integers(0, 2**64 - 1))
)


def sum_up(told: list[Row], size: int) -> Sums:
    """Sums of rows that come in blocks of a size; rows of one line stay together."""
    sums = ClaimSums()
    for first in range(0, len(told), size):
        part = told[first : first + size]
        scopes, days, lines, hashes = (np.array(column) for column in zip(*part, strict=True))
        hashes = np.array([row[3] for row in part], dtype=np.uint64)
        sums.add(make_keys(scopes, days), lines, hashes, hashes ^ np.uint64(5))
    return sums.total()


def test_keys_keep_scope_and_day() -> None:
    scopes, days = np.array([0, 7, 2**31 - 1]), np.array([-800_000, 0, 20_000])
    keys = make_keys(scopes, days)
    assert (read_scopes(keys).tolist(), read_days(keys).tolist()) == (scopes.tolist(), days.tolist())


@given(rows)
def test_same_facts_have_the_same_digest(told: list[Row]) -> None:
    mixed = random.Random(1).sample(told, len(told))
    one, other = sum_up(told, 100), sum_up(mixed, 100)
    assert one.digests() == other.digests()
    assert one.keys.tolist() == sorted(
        {int(make_keys(np.array([row[0]]), np.array([row[1]]))[0]) for row in told}
    )
    assert sum(one.facts.tolist()) == len(told)
    assert sum(one.rows.tolist()) == len({row[:3] for row in told})
    assert sum_up(told, 1).digests() == one.digests()


def test_a_value_a_count_and_an_extra_change_the_digest() -> None:
    told = [(0, 0, 1, 5), (0, 0, 2, 6)]
    plain = sum_up(told, 9)
    none, one = np.array([0]), np.array([1])
    digests = [
        plain.digests(none),
        plain.digests(one),
        sum_up([*told, (0, 0, 3, 0)], 9).digests(none),
        sum_up([(0, 0, 1, 5), (0, 0, 2, 7)], 9).digests(none),
    ]
    assert len({digest[0] for digest in digests}) == 4
    assert all(len(digest[0]) == 32 for digest in digests)


def test_scopes_that_become_one_are_added() -> None:
    told = [(0, 0, 1, 5), (1, 0, 2, 6), (2, 0, 3, 7)]
    moved = sum_up(told, 9).move(np.array([4, 4, 3]))
    assert read_scopes(moved.keys).tolist() == [3, 4]
    assert moved.facts.tolist() == [1, 2]
    assert moved.first.tolist() == [7, 11]
    assert len(moved.cut(slice(0, 1))) == 1


def test_nothing() -> None:
    nothing = ClaimSums().total()
    assert (len(nothing), nothing.digests(), len(nothing.move(np.zeros(0, dtype=np.int32)))) == (0, [], 0)
    assert sort_distinct(np.array([3, 1, 3])).tolist() == [1, 3]
    assert sort_distinct(np.zeros(0, dtype=np.int64)).tolist() == []


def test_claims_of_nothing_stand_among_the_others() -> None:
    told = [(0, 0, 1, 5), (2, 0, 2, 6)]
    filled = sum_up(told, 9).fill(make_keys(np.array([1]), np.array([0])))
    assert read_scopes(filled.keys).tolist() == [0, 1, 2] and filled.facts.tolist() == [1, 0, 1]
    assert filled.digests()[::2] == sum_up(told, 9).digests()
