"""Texts by number."""

from __future__ import annotations

import pyarrow as pa
import pytest

from backline.storage.words import Words


@pytest.mark.parametrize("is_coded", [True, False])
def test_numbers_go_on_over_blocks(is_coded: bool) -> None:
    words = Words()
    found = []
    for texts in (["b", "a", None, "b"], ["a", "c", ""]):
        column = pa.array(texts, pa.string())
        found += words.encode(column.dictionary_encode() if is_coded else column).tolist()
    assert [words.texts[place] for place in found] == ["b", "a", "", "b", "a", "c", ""]
    assert len(words) == 4


def test_folded_texts_are_one_as_first_written() -> None:
    words = Words()
    assert words.encode(pa.array(["Ann", "ANN", "ann"]), str.casefold).tolist() == [0, 0, 0]
    assert (words.texts, words.find("ann"), words.find("Ann")) == (["Ann"], 0, None)


def test_hashes_depend_on_the_text_alone() -> None:
    one, two = Words(), Words()
    one.encode(pa.array(["a", "b"]))
    two.encode(pa.array(["b", "a"]))
    assert one.hashes()[0].tolist() == two.hashes()[1].tolist()
    assert len(set(one.hashes().ravel().tolist())) == 4


def test_a_text_that_no_value_has_gets_no_number() -> None:
    words = Words()
    column = pa.DictionaryArray.from_arrays(pa.array([2, None, 0], pa.int32()), pa.array(["a", "b", "c"]))
    found = words.encode(column).tolist()
    assert [words.texts[place] for place in found] == ["c", "", "a"]
    assert (len(words), words.find("b")) == (3, None)
    assert words.encode(column[:0]).tolist() == []


def test_a_closed_list_keeps_texts_and_hashes() -> None:
    words = Words()
    words.encode(pa.array(["a", "b"]))
    hashes = words.hashes().tolist()
    words.close()
    assert (words.texts, len(words), words.hashes().tolist()) == (["a", "b"], 2, hashes)
    assert words.find("a") is None
