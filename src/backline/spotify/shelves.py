"""What a person keeps and whom they follow, read as little as will do: what is known, and pages until it adds up.

Saved things come newest first, each with its moment. So whatever was saved since stands before what is known, and
whatever was taken off makes the total smaller than it should be: the pages are read until both are explained.
Followed artists have neither order nor moment. Their first page and their number must agree, or all are read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ShelfNews:
    """What a reading found, by URI. `is_whole`: nothing was left unread. `blanks`: entries without a thing."""

    added: tuple[str, ...]
    gone: tuple[str, ...]
    total: int | None
    is_whole: bool
    blanks: int
    is_steady: bool


@dataclass(slots=True)
class ShelfReader:
    """Takes pages. `known`: URI and moment (µs; None where it has none). `blanks`: entries without a thing, before.

    `is_full`: read everything, whatever the first page says.
    """

    known: Mapping[str, int | None]
    blanks: int = 0
    is_full: bool = False
    total: int | None = None
    seen: dict[str, int | None] = field(default_factory=dict)
    is_done: bool = False
    _count: int = 0
    _blanks: int = 0
    _last: int | None = None
    _last_uri: str = ""
    _is_ordered: bool = True
    _is_steady: bool = True
    _is_whole: bool = False

    def take(self, rows: Sequence[tuple[str, int | None] | None], total: int | None, *, is_end: bool) -> None:
        """One page: URI and moment of each entry, None for one without a thing. `total`: as the page tells it."""
        self._is_steady = self._is_steady and self.total in (None, total)
        self.total = total
        for row in rows:
            self._count += 1
            if row is None:
                self._blanks += 1
                continue
            uri, moment = row
            if uri in self.seen:
                self._is_steady = False  # the list slid while it was read
            if moment is None or (self._last is not None and moment > self._last):
                self._is_ordered = False
            if moment is not None:
                self._last, self._last_uri = moment, uri
            self.seen[uri] = moment
        self._is_whole = is_end
        self.is_done = is_end or (not self.is_full and self._adds_up())

    def tell(self) -> ShelfNews:
        """What was found so far. Where the list changed while it was read, nothing is said to be gone."""
        added = tuple(uri for uri, moment in self.seen.items() if self.known.get(uri, -1) != moment)
        fits = self._is_steady and (not self._is_whole or self.total in (None, self._count))
        gone = tuple(uri for uri in self.known if uri not in self.seen and self._must_be_seen(uri))
        blanks = self._blanks if self._is_whole else max(self._blanks, self.blanks)
        return ShelfNews(added, gone if fits else (), self.total, self._is_whole, blanks, fits)

    def _adds_up(self) -> bool:
        """Whether what was not read is what is known and older than what was."""
        if self.total is None or not self._is_steady:
            return False
        if not self._has_moments():
            is_news = any(uri not in self.known for uri in self.seen)
            return not is_news and self.total == len(self.known) + self.blanks
        # Only behind what is known nothing new can come, not even of the same moment.
        is_behind = self._last is None or self.known.get(self._last_uri, -1) == self._last
        rest = sum(1 for uri in self.known if uri not in self.seen and not self._must_be_seen(uri))
        left = self.total - self._count
        return self._is_ordered and is_behind and rest + max(0, self.blanks - self._blanks) == left

    def _has_moments(self) -> bool:
        return any(moment is not None for moment in self.seen.values()) or not self.seen

    def _must_be_seen(self, uri: str) -> bool:
        """Whether a thing would have been among what was read."""
        if self._is_whole:
            return True
        moment = self.known[uri]
        return self._is_ordered and moment is not None and self._last is not None and moment > self._last
