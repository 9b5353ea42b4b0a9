"""Arrow columns of texts, folded and hashed whole: no Python call for a text in plain Latin or Cyrillic letters."""

from __future__ import annotations

import unicodedata

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from backline.music import fold_name
from backline.storage.claim_sums import mix

Hashes = npt.NDArray[np.uint64]

_SPACES = "[\t-\r\x1c-\x1f ]+"  # what str.split takes for white space, of ASCII
_UNTIDY = "^ | $|  |[\t-\r\x1c-\x1f]"
# Letters that NFKC leaves alone and that fold to one letter, their lower case. None of them combines.
_LETTERS = "".join(
    letter
    for letter in map(chr, (*range(0xC0, 0x250), *range(0x400, 0x460)))
    if unicodedata.normalize("NFKC", letter) == letter
    and letter.casefold() == letter.lower()
    and len(letter.lower()) == 1
)
_PLAIN = rf"\A[\x00-\x7f{_LETTERS}]*\z"
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SALTS = (np.uint64(0x243F6A8885A308D3), np.uint64(0x13198A2E03707344))
_WORD = 8  # bytes that are hashed at a time


def fold_texts(texts: pa.Array) -> pa.Array:
    """`music.fold_name` of each text; there are no nulls."""
    is_plain, folded = pc.string_is_ascii(texts), pc.ascii_lower(texts)
    if not pc.all(is_plain).as_py():
        is_plain, folded = pc.match_substring_regex(texts, _PLAIN), pc.utf8_lower(texts)
    untidy = pc.and_(is_plain, pc.match_substring_regex(folded, _UNTIDY))
    if pc.any(untidy).as_py():
        tidied = pc.utf8_trim(pc.replace_substring_regex(folded.filter(untidy), _SPACES, " "), " ")
        folded = pc.replace_with_mask(folded, untidy, tidied)
    if not pc.all(is_plain).as_py():
        is_odd = pc.invert(is_plain)
        words = [fold_name(text) for text in texts.filter(is_odd).to_pylist()]
        folded = pc.replace_with_mask(folded, is_odd, pc.cast(pa.array(words), pa.string()))
    return folded


def hash_texts(texts: pa.Array) -> Hashes:
    """Two 64-bit hashes of each text's UTF-8, uint64 of shape (texts, 2); null counts as "" .

    The same in every process and on every machine, since digests of claims are built on them.
    """
    texts = texts.cast(pa.string()).fill_null("")
    _, offsets, data = texts.buffers()
    count = len(texts)
    if not count:
        return np.zeros((0, 2), dtype=np.uint64)
    ends = np.frombuffer(offsets, dtype=np.int32)[texts.offset : texts.offset + count + 1].astype(np.int64)
    padded = np.zeros(int(ends[-1] - ends[0]) + _WORD, dtype=np.uint8)
    if ends[-1] > ends[0]:
        padded[:-_WORD] = np.frombuffer(data, dtype=np.uint8)[ends[0] : ends[-1]]
    words = np.ndarray((len(padded) - _WORD + 1,), dtype="<u8", buffer=padded, strides=(1,))
    starts, lengths = ends[:-1] - ends[0], np.diff(ends)
    hashes = np.stack([mix(lengths.astype(np.uint64) + salt) for salt in _SALTS], axis=1)
    rows = np.flatnonzero(lengths)
    while len(rows):
        found = words[starts[rows]].astype(np.uint64)
        unused = np.uint64(8) * (_WORD - np.minimum(lengths[rows], _WORD)).astype(np.uint64)
        found = (found << unused) >> unused
        hashes[rows] = mix((hashes[rows] ^ found[:, None]) * _FACTOR + np.array(_SALTS))
        starts[rows] += _WORD
        lengths[rows] -= _WORD
        rows = rows[lengths[rows] > 0]
    return hashes
