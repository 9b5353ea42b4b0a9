"""Columns of cells into numbers and codes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backline.reports.columns import NumberColumn, Problem, code_column, read_numbers, repeat_value
from backline.reports.numbers import FINEST, Exact, read_number, take_apart


def read(
    values: list[Any], kind: pa.DataType | None = None, *, whole: bool = True, sign: str = "."
) -> NumberColumn:
    """Numbers of a column."""
    array = pa.array(values, type=kind) if kind else pa.array(values)
    return read_numbers(array, "streams", whole=whole, tell_sign=lambda _: sign)


def as_list(numbers: NumberColumn) -> list[Any]:
    """Decimals, None where empty, "bad" where there is a problem."""
    return [
        "bad" if row in numbers.problems else None if empty else Decimal(int(value)).scaleb(-int(scale))
        for row, (value, scale, empty) in enumerate(
            zip(numbers.values, numbers.scales, numbers.empty, strict=True)
        )
    ]


def test_texts_take_the_fast_and_the_patient_way() -> None:
    found = read(["5", " 7 ", "", None, "1,200", "0x1F", "007", "12.0", "1.5", "-3", "9" * 14])
    assert as_list(found) == [5, 7, None, None, 1200, "bad", 7, 12, "bad", -3, "bad"]
    assert "'1.5'" in found.problems[8].reason
    assert set(np.flatnonzero(found.bad_rows()).tolist()) == set(found.problems)


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, None, 10**13 + 1], pa.int64(), [1, None, "bad"]),
        ([2**64 - 1, 3], pa.uint64(), ["bad", 3]),
        ([-(2**63), 3], pa.int64(), ["bad", 3]),
        (
            [1.0, None, float("nan"), 1.5, float("inf"), 1e300],
            pa.float64(),
            [1, None, None, "bad", "bad", "bad"],
        ),
        ([1.0, 2.5], pa.float32(), [1, "bad"]),
        ([Decimal("12.00"), Decimal("12.50")], pa.decimal128(10, 2), [12, "bad"]),
        (["7", None, "x"], pa.dictionary(pa.int32(), pa.string()), [7, None, "bad"]),
    ],
)
def test_typed_columns(values: list[Any], kind: pa.DataType, expected: list[Any]) -> None:
    assert as_list(read(values, kind)) == expected


def test_money_keeps_its_places() -> None:
    assert as_list(read(["0.0041", "12.50", "1,200.5"], whole=False)) == [
        Decimal("0.0041"),
        Decimal("12.5"),
        Decimal("1200.5"),
    ]
    assert as_list(read([0.1, 2.0], whole=False)) == [Decimal("0.1"), 2]
    assert as_list(read(["0,5"], whole=False, sign=",")) == [Decimal("0.5")]


def test_very_fine_money_is_kept_exactly_or_told_why() -> None:
    words = ["0.0000000000000000000000012", "0.0000000000015", "1.5E-05", "0.00352941176470588", "", "2"]
    found = read([*words[1:], words[0], "0." + "1" * 50, "1e14"], whole=False)
    assert found.finer is not None and found.finer.scales.tolist() == [FINEST] * 8
    assert found.finer.empty.tolist() == [False, True, False, True, True, True, True, True]
    assert (found.values[:3].tolist(), found.scales[:3].tolist()) == ([1, 15, 3529411764], [12, 6, 12])
    assert found.finer.values[[0, 2]].tolist() == [500_000_000_000, 705_880_000_000]
    told = {row: problem.reason.rpartition("' ")[2] for row, problem in found.problems.items()}
    assert told == {
        5: "has more than 24 decimals.",
        6: "is longer than 40 characters.",
        7: "is larger than 10^13.",
    }


def test_fractions_of_a_parquet_file_have_the_digits_that_are_meant() -> None:
    assert as_list(read([0.1 + 0.2, 1.234], pa.float64(), whole=False)) == [Decimal("0.3"), Decimal("1.234")]
    assert as_list(read([0.1, 1.234, None], pa.float32(), whole=False, sign=",")) == [
        Decimal("0.1"),
        Decimal("1.234"),
        None,
    ]


@given(st.lists(st.one_of(st.integers(-(10**13), 10**13).map(str), st.sampled_from(["", "x", " 4", "+4"]))))
def test_a_mixed_column_is_read_as_its_cells_one_by_one(values: list[str]) -> None:
    together = as_list(read(values, pa.string()))
    assert together == [as_list(read([value], pa.string()))[0] for value in values]


def test_codes_are_trimmed_merged_and_keep_problems() -> None:
    column = pa.array(["a", " a", "b", None, "", "bad"])
    coded = code_column(column, lambda word: Problem("bad_row", "no") if word == "bad" else word)
    assert coded.values[:2] == ["a", "b"]
    assert coded.codes[:5].tolist() == [0, 0, 1, -1, -1]
    assert coded.empty.tolist() == [False, False, False, True, True, False]
    assert coded.bad_rows().tolist() == [False] * 5 + [True]
    assert coded.value(0) == "a"
    assert coded.value(3) is None
    assert coded.value(5) is None
    assert coded.as_words().to_pylist()[:4] == ["a", "a", "b", None]
    hashes = coded.hashes()
    assert hashes[0] == hashes[1] != hashes[2]


def test_words_that_a_block_does_not_use_are_left_out() -> None:
    column = pa.array([f"w{n}" for n in range(9)]).dictionary_encode().slice(3, 2)
    column = pa.concat_arrays([column, pa.array([None, "w3"]).dictionary_encode()])
    coded = code_column(column, str)
    assert [coded.value(row) for row in range(4)] == ["w3", "w4", None, "w3"]
    assert coded.values == ["w3", "w4"]


def test_a_constant_is_a_column() -> None:
    assert repeat_value("x", 2).as_words().to_pylist() == ["x", "x"]
    assert repeat_value(None, 2).empty.all()


@given(
    st.lists(st.from_regex(r"-?[0-9]{1,4}([.,][0-9]{3}){0,4}([.,][0-9]{0,12})?", fullmatch=True), min_size=1),
    st.sampled_from(".,"),
    st.booleans(),
)
def test_the_usual_ways_to_write_a_number_mean_what_they_mean_one_by_one(
    words: list[str], sign: str, whole: bool
) -> None:
    found = read(words, whole=whole, sign=sign)
    for row, word in enumerate(words):
        number = read_number(word, sign)
        exact = take_apart(number) if number is not None else None
        is_good = isinstance(exact, Exact) and not (whole and exact.scale)
        assert (row in found.problems) is not is_good
        if is_good:
            assert (found.values[row], found.scales[row], 0) == exact
    assert not found.empty.any()
