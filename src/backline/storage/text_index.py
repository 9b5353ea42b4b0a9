"""Texts of one column, each kept once: a number for every text, and two 64-bit hashes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Places = npt.NDArray[np.int32]
Hashes = npt.NDArray[np.uint64]  # shape (texts, 2)


class TextIndex:
    """Numbers texts from 0 in the order of their first sight."""

    def __init__(self) -> None:
        self.texts: list[Any] = []
        self._places: dict[Hashable, int] = {}
        self._digests = bytearray()

    def __len__(self) -> int:
        return len(self.texts)

    def place(self, text: Any, name: str | None = None) -> int:
        """The number of a text. `name`: what makes it the same as another one, where that is not the text."""
        key = text if name is None else name
        found = self._places.get(key)
        if found is None:
            found = self._places[key] = len(self.texts)
            self.texts.append(text)
            self._digests += hashlib.blake2b(str(key).encode(), digest_size=16).digest()
        return found

    def find(self, name: str) -> int | None:
        """The number of a known text."""
        return self._places.get(name)

    def close(self) -> None:
        """No more texts: what is needed only to find them goes."""
        self._places = {}

    def encode(self, column: pa.Array, fold: Any = None) -> Places:
        """The number of each value of an Arrow column of strings; null counts as "" .

        A text of the dictionary that no value refers to (of rejected rows) gets no number.
        """
        coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        texts = [*(text or "" for text in coded.dictionary.to_pylist()), ""]
        codes = coded.indices.fill_null(len(texts) - 1).to_numpy(zero_copy_only=False)
        places = np.zeros(len(texts), dtype=np.int32)
        for code in np.flatnonzero(np.bincount(codes, minlength=len(texts))).tolist():
            places[code] = self.place(texts[code], fold(texts[code]) if fold else None)
        numbers: Places = places[codes]
        return numbers

    def hashes(self) -> Hashes:
        """Two independent hashes of every text so far, uint64 of shape (texts, 2)."""
        return np.frombuffer(bytes(self._digests), dtype="<u8").reshape(-1, 2)
