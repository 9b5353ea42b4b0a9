"""Ids, ISRCs, UPCs and tokens, one after the other from a seed: the same seed and order give the same ones."""

from __future__ import annotations

import random

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
PAIRS = [first + second for first in DIGITS for second in DIGITS]
SPACE = 62**22
STEP = 1_618_033_988_749_894_848_204_586_834_365_638_117_720 | 1


class Minter:
    """Gives out what must be unique in a world."""

    def __init__(self, seed: int | str) -> None:
        self.random = random.Random(f"backline {seed}")
        self._at = self.random.randrange(SPACE)
        self._step = (STEP * (2 * self.random.randrange(1 << 30) + 1)) % SPACE
        self._recordings = self._releases = 0

    def take_id(self) -> str:
        """22 characters of base 62, never the same twice."""
        self._at = rest = (self._at + self._step) % SPACE
        parts = []
        for _ in range(11):
            rest, pair = divmod(rest, 3844)
            parts.append(PAIRS[pair])
        return "".join(parts)

    def take_word(self, length: int, alphabet: str = DIGITS) -> str:
        """`length` random characters: account ids, secrets."""
        return "".join(self.random.choices(alphabet, k=length))

    def take_isrc(self, year: int) -> str:
        """An ISRC (ISO 3901) under the prefix ZZ, which no country has."""
        self._recordings += 1
        registrant, number = divmod(self._recordings, 100_000)
        return f"ZZ{_to_letters(registrant)}{year % 100:02d}{number:05d}"

    def take_upc(self, length: int = 12) -> str:
        """A UPC-A (12) or EAN-13 (13) that begins with 2, which is kept for use inside shops: no real product."""
        self._releases += 1
        body = "2" + str(self._releases).zfill(length - 2)
        return body + str(sum_check_digit(body))


def sum_check_digit(body: str) -> int:
    """The GS1 check digit: from the right, digits count 3 and 1 in turn, and the sum is filled to a ten."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return -total % 10


def _to_letters(number: int) -> str:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return letters[number // 676 % 26] + letters[number // 26 % 26] + letters[number % 26]
