"""Texts by the column: folded as one by one, and hashed by what they say and nothing else."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from backline.music import fold_name
from backline.storage.text_columns import fold_texts, hash_texts

LETTERS = st.text(st.sampled_from('aB \t\n\x0b\x1c\x1f\x85\xa0ÄßİﬁΣ中\x00"'), max_size=30)


@given(st.lists(LETTERS))
def test_folding_a_column_is_folding_each_name(texts: list[str]) -> None:
    assert fold_texts(pa.array(texts, type=pa.string())).to_pylist() == [fold_name(text) for text in texts]


def test_every_letter_folds_in_company_as_alone() -> None:
    letters = [chr(code) for code in range(1, 0x3000)]
    texts = [f" A{letter}\n{letter}\u0301 " for letter in letters] + [letter * 2 for letter in letters]
    assert fold_texts(pa.array(texts)).to_pylist() == [fold_name(text) for text in texts]


@given(st.lists(LETTERS, unique=True))
def test_different_texts_have_different_hashes_in_both_lanes(texts: list[str]) -> None:
    hashes = hash_texts(pa.array(texts, type=pa.string()))
    assert hashes.shape == (len(texts), 2)
    assert len(np.unique(hashes)) == 2 * len(texts)


def test_a_hash_tells_the_text_and_not_its_place() -> None:
    texts = pa.array(["xxx", "one", None, "a text of more than eight bytes", "é" * 500, "one\x00", ""])
    hashes = hash_texts(texts)
    for place, text in enumerate(texts.to_pylist()):
        assert hash_texts(pa.array([text], type=pa.string())).tolist() == [hashes[place].tolist()]
        assert hash_texts(texts.slice(place, 1)).tolist() == [hashes[place].tolist()]
    assert hashes[2].tolist() == hashes[6].tolist()
    assert len(np.unique(hashes[:, 0])) == len(texts) - 1


def test_a_hash_is_the_same_in_every_process() -> None:
    assert hash_texts(pa.array(["Track 12345"])).tolist() == [[7553458666642033009, 3542978712443365818]]
