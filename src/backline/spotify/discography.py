"""What an artist has out: which pages to ask for, and what they show beside what is known. Nothing is asked here.

The first page tells how many releases there are. Where that adds up with what is known, the rest is as it was, but for
what a count does not show: a date or a title that changed, or one release that went as another came. So each look also
takes a part of the other pages in turn, and where anything does not add up, or the order moved, all of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from backline.spotify.payloads import AlbumStub, OffsetPage, list_things

FORMS: Final = ("album", "single", "compilation")
Page = OffsetPage[AlbumStub]


@dataclass(frozen=True, slots=True)
class KnownRelease:
    """A release as it was last told. `released`: as precise as it is known. `is_read`: its tracks are known."""

    title: str
    released: str | None = None
    form: str | None = None
    tracks: int | None = None
    is_read: bool = True


@dataclass(frozen=True, slots=True)
class Known:
    """What was known before. `total`: how many the list told when all of it was seen, None where it has to be walked.

    `next_offset`: where the turn through the pages goes on. `isrcs`: of every track that was read, by its id.
    """

    total: int | None = None
    next_offset: int = 0
    releases: Mapping[str, KnownRelease] = field(default_factory=dict)
    isrcs: Mapping[str, str | None] = field(default_factory=dict)


class Changed(NamedTuple):
    """One field of one release that is told otherwise than before."""

    release_id: str
    field: str
    old: str | int | None
    new: str | int | None


class Discography:
    """One look at the list of an artist: asks for pages by their offset until it has seen enough.

    `is_full`: all pages, and each release is read anew. `goes_on`: the look of an earlier run is finished, so no
    further page is taken in turn. `share`: how many pages are taken in turn.
    """

    def __init__(self, known: Known, *, is_full: bool = False, goes_on: bool = False, share: int = 1) -> None:
        self.known, self.is_full = known, is_full
        self.seen: dict[str, AlbumStub] = {}
        self._changed: dict[str, list[Changed]] = {}
        self._pages: dict[int, Page] = {}
        self._rows = 0
        self._left = 0 if goes_on else share
        self._turn = known.next_offset

    def find_next(self) -> int | None:
        """The offset of the page that is asked for next, or None: enough is seen."""
        if 0 not in self._pages or self.has_to_walk:
            return self._find_unread()
        first_end = self._find_end(0)
        if first_end is None or self._left <= 0:
            return None
        if not first_end <= self._turn < self.total:
            self._turn = first_end
        return None if self._turn in self._pages else self._turn

    def take(self, offset: int, page: Page) -> None:
        """What was answered for an offset."""
        self._pages[offset] = page
        stubs = [one for one in list_things(page.items) if one.id]
        self._rows += len(stubs)
        for stub in stubs:
            self._see(str(stub.id), stub)
        if offset and offset == self._turn:
            self._left -= 1
            self._turn = self._find_end(offset) or self._find_end(0) or 0

    @property
    def total(self) -> int:
        """How many releases the list told last."""
        return next(reversed(self._pages.values())).total if self._pages else 0

    @property
    def has_to_walk(self) -> bool:
        """Whether all pages must be seen: something does not add up, or a release has moved and others with it."""
        if self.is_full or self.known.total is None or not self._is_steady():
            return True
        moved = any(one.field in ("released", "form") for some in self._changed.values() for one in some)
        return moved or self.known.total + len(self.list_new()) != self.total

    @property
    def is_covered(self) -> bool:
        """Whether every page was seen, and none told another number of releases."""
        return bool(self._pages) and self._find_unread() is None and self._is_steady()

    @property
    def is_whole(self) -> bool:
        """Whether what was not seen is not there. The list may move while it is read: then some stand in it twice."""
        return self.is_covered and self._rows == len(self.seen) and (not self._missing() or self._is_told())

    @property
    def told_total(self) -> int | None:
        """The number to compare with next time; None where the list must be walked then."""
        if not self.is_covered:
            return self.total if not self.has_to_walk else None
        return None if self._missing() and not self.is_whole else self.total

    @property
    def next_offset(self) -> int:
        """Where the turn through the pages goes on next time."""
        return (self._find_end(0) or 0) if self.is_covered else self._turn

    @property
    def pages_in_turn(self) -> int:
        """How many pages there are behind the first."""
        first = self._find_end(0)
        return 0 if first is None else math.ceil((self.total - first) / first)

    def count_pages(self) -> int:
        """How many pages were seen."""
        return len(self._pages)

    def list_new(self) -> list[str]:
        """Releases that were not known, in the order of the list."""
        return [one for one in self.seen if one not in self.known.releases]

    def list_gone(self) -> list[str]:
        """Releases that were known and are not there any more."""
        return self._missing() if self.is_whole else []

    def list_changed(self) -> list[Changed]:
        """What known releases are told otherwise. What is not told any more, or is nonsense, is no change."""
        return sorted(one for some in self._changed.values() for one in some)

    def list_to_read(self) -> list[str]:
        """Releases whose tracks are to be read, newest first."""
        counts = {one.release_id for one in self.list_changed() if one.field == "tracks"}
        unread = [key for key, one in self.known.releases.items() if not one.is_read]
        wanted = [key for key in self.seen if self.is_full or key in counts or key not in self.known.releases]
        gone = set(self.list_gone())
        return sorted(
            {key: None for key in (*wanted, *unread) if key not in gone}, key=self._date, reverse=True
        )

    def find_name(self, artist_id: str) -> str | None:
        """What the artist is called in the credits of what was seen."""
        names = (who.name for one in self.seen.values() for who in one.artists if who.id == artist_id)
        return next((name for name in names if name), None)

    def _see(self, release_id: str, stub: AlbumStub) -> None:
        self.seen[release_id] = stub
        known = self.known.releases.get(release_id)
        self._changed[release_id] = list(compare_release(release_id, known, stub)) if known else []

    def _missing(self) -> list[str]:
        return [one for one in self.known.releases if one not in self.seen]

    def _is_told(self) -> bool:
        return sum(len(page.items) for page in self._pages.values()) == self.total

    def _is_steady(self) -> bool:
        return len({page.total for page in self._pages.values()}) <= 1

    def _find_end(self, offset: int) -> int | None:
        page = self._pages[offset]
        return page.resume_at if page.items else None

    def _find_unread(self) -> int | None:
        at: int | None = 0
        while at is not None and at in self._pages:
            at = self._find_end(at)
        return at

    def _date(self, release_id: str) -> str:
        stub, known = self.seen.get(release_id), self.known.releases.get(release_id)
        return (stub and read_date(stub)) or (known and known.released) or ""


def compare_release(release_id: str, old: KnownRelease, new: AlbumStub) -> Iterator[Changed]:
    """What a release is told otherwise than before."""
    told = {
        "title": new.name or None,
        "released": read_date(new),
        "form": read_form(new),
        "tracks": new.total_tracks,
    }
    for name, value in told.items():
        before = getattr(old, name)
        if value is not None and value != before:
            yield Changed(release_id, name, before, value)


def read_date(stub: AlbumStub) -> str | None:
    """The date of a release, as precise as it is known."""
    return stub.released.text if stub.released else None


def read_form(stub: AlbumStub) -> str | None:
    """album, single or compilation; None for what is none of these."""
    form = (stub.album_type or "").lower()
    return form if form in FORMS else None


def choose_share(pages: int, days: float | None, keep_days: float) -> int:
    """How many pages to take in turn, so that each is seen again before what it showed expires.

    `pages`: how many there are behind the first; `days` since the last look, which is believed to be the usual pause.
    A page that was seen must be seen again within `keep_days`, less one pause and the day that is not written down.
    """
    if days is None or pages <= 1:
        return 1
    room = keep_days - 1 - days
    return pages if room <= days else max(1, min(pages, math.ceil(pages * days / room)))


def count_looks(pages: int, share: int = 1) -> int:
    """After how many looks at the latest a changed release is seen, where no others move meanwhile.

    Where others do, it may slip back over the edge of a page and be passed by once: the move that pushed it is seen
    within the same turn, and then all pages are. So it is never more than twice as many.
    """
    return max(1, math.ceil(pages / share))
