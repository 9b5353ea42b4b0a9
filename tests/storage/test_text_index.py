"""Texts by number."""

from __future__ import annotations

import pyarrow as pa
import pytest

from backline.storage.text_index import TextIndex


@pytest.mark.parametrize("is_coded", [True, False])
def test_numbers_go_on_over_blocks(is_coded: bool) -> None:
    index = TextIndex()
    found = []
    for texts in (["b", "a", None, "b"], ["a", "c", ""]):
        column = pa.array(texts, pa.string())
        found += index.encode(column.dictionary_encode() if is_coded else column).tolist()
    assert [index.texts[place] for place in found] == ["b", "a", "", "b", "a", "c", ""]
    assert len(index) == 4


def test_folded_texts_are_one_as_first_written() -> None:
    index = TextIndex()
    assert index.encode(pa.array(["Ann", "ANN", "ann"]), str.casefold).tolist() == [0, 0, 0]
    assert (index.texts, index.find("ann"), index.find("Ann")) == (["Ann"], 0, None)


def test_hashes_depend_on_the_text_alone() -> None:
    one, two = TextIndex(), TextIndex()
    one.encode(pa.array(["a", "b"]))
    two.encode(pa.array(["b", "a"]))
    assert one.hashes()[0].tolist() == two.hashes()[1].tolist()
    assert len(set(one.hashes().ravel().tolist())) == 4


def test_a_text_that_no_value_has_gets_no_number() -> None:
    index = TextIndex()
    column = pa.DictionaryArray.from_arrays(pa.array([2, None, 0], pa.int32()), pa.array(["a", "b", "c"]))
    found = index.encode(column).tolist()
    assert [index.texts[place] for place in found] == ["c", "", "a"]
    assert (len(index), index.find("b")) == (3, None)
    assert index.encode(column[:0]).tolist() == []


def test_a_closed_list_keeps_texts_and_hashes() -> None:
    index = TextIndex()
    index.encode(pa.array(["a", "b"]))
    hashes = index.hashes().tolist()
    index.close()
    assert (index.texts, len(index), index.hashes().tolist()) == (["a", "b"], 2, hashes)
    assert index.find("a") is None
