"""Every request that came, what it was counted as and what became of it: a test can say what a sync may cost."""

from __future__ import annotations

import math
import random
import time
from dataclasses import asdict, dataclass

from backline.sandbox.books import Book, Limits, Pause, Ruling
from backline.sandbox.clock import tell_moment

GRACE = 0.0


@dataclass(slots=True)
class Entry:
    """One request. `why` says what an answer that is no success came from; `into_pause`: real seconds since the order was sent."""

    n: int
    at: float
    method: str
    path: str
    query: str
    family: str
    client_id: str | None = None
    account: str | None = None
    user: str | None = None
    status: int = 0
    counted: bool = False
    why: str | None = None
    into_pause: float | None = None


class Ledger:
    """The books of all accounts and the list of all requests."""

    def __init__(self, limits: Limits, seed: int | str) -> None:
        self.limits = limits
        self.entries: list[Entry] = []
        self._seed = seed
        self._books: dict[str, Book] = {}
        self._numbers = 0

    def open_entry(self, at: float, method: str, path: str, query: str, family: str) -> Entry:
        """Write down that a request came."""
        self._numbers += 1
        entry = Entry(self._numbers, at, method, path, query, family)
        self.entries.append(entry)
        return entry

    def admit(self, entry: Entry) -> Ruling:
        """Count a request on its account, or say which pause it runs into."""
        ruling = self.open_book(entry).admit(entry.family, entry.at, time.monotonic(), self.limits)
        entry.counted = ruling.pause is None
        entry.into_pause = ruling.inside
        if ruling.pause:
            entry.why = ruling.pause.kind if ruling.first else "pause"
        return ruling

    def order_pause(self, entry: Entry, name: str, kind: str, seconds: float) -> Pause:
        """Order a pause for an account out of its turn (a fault on demand)."""
        ruling = self.open_book(entry).order(name, kind, seconds, entry.at, self.limits)
        assert ruling.pause
        return ruling.pause

    def open_book(self, entry: Entry) -> Book:
        """The book of a request's account."""
        name = entry.account or "nobody"
        if name not in self._books:
            self._books[name] = Book(random.Random(f"book {self._seed} {name}"))
        return self._books[name]

    def tell(self, after: int = 0, grace: float = GRACE) -> dict[str, object]:
        """All that is known. `grace`: real seconds within which a request was on its way before the order was read."""
        books = list(self._books.values())
        spent: dict[str, int] = {}
        for book in books:
            for family, count in book.spent.items():
                spent[family] = spent.get(family, 0) + count
        inside = [one for one in self.entries if one.into_pause is not None and one.into_pause > grace]
        return {
            "requests": [_tell_entry(entry) for entry in self.entries if entry.n > after],
            "spent": spent,
            "spent_by_account": {name: book.spent for name, book in self._books.items()},
            "budget": self.limits.budgets,
            "window": {"seconds": self.limits.seconds, "most": self.limits.most},
            "over_budget": sum(book.over_budget for book in books),
            "inside_ban": len(inside),
            "most_in_window": max((book.most_in_window for book in books), default=0),
            "pauses": {
                name: {family: tell_moment(pause.until) for family, pause in book.pauses.items()}
                for name, book in self._books.items()
            },
        }

    def empty(self, books: bool = True) -> None:
        """Forget all requests; with `books` also what was spent and every pause."""
        self.entries.clear()
        if books:
            self._books.clear()
            return
        for book in self._books.values():
            book.over_budget = book.most_in_window = 0


def _tell_entry(entry: Entry) -> dict[str, object]:
    return asdict(entry) | {"at": tell_moment(entry.at, 3)}


def round_up(seconds: float) -> int:
    """Whole seconds as a header has them: never less than what is left."""
    return max(1, math.ceil(seconds - 1e-6))
