"""What a look at an artist asks for and finds, over thousands of invented discographies that change."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from backline.spotify.discography import (
    Changed,
    Discography,
    Known,
    KnownRelease,
    Page,
    choose_share,
    count_looks,
    read_date,
    read_form,
)
from backline.spotify.payloads import AlbumStub, ArtistStub

ARTIST = "ARTIST"


@dataclass(frozen=True)
class One:
    """A release as it truly is."""

    id: str
    title: str
    date: str
    form: str = "album"
    tracks: int = 5

    def tell(self) -> AlbumStub:
        return AlbumStub(
            id=self.id, name=self.title, album_type=self.form, release_date=self.date, total_tracks=self.tracks,
            artists=[ArtistStub(id=ARTIST, name="Somebody")],
        )  # fmt: skip


class Shop:
    """A platform with one artist: `truth` by id, told in pages of `size`."""

    def __init__(self, rng: random.Random, count: int, size: int = 10, order: str = "newest") -> None:
        self.rng, self.size, self.order = rng, size, order
        self.truth: dict[str, One] = {}
        self.made = self.asked = 0
        for _ in range(count):
            self.add(self.draw_date())

    def draw_date(self) -> str:
        year = self.rng.randrange(1970, 2026)
        day = f"{year}-{self.rng.randrange(1, 13):02}-{self.rng.randrange(1, 29):02}"
        return day[: self.rng.choice((4, 7, 10, 10, 10, 10))]

    def add(self, date: str) -> str:
        self.made += 1
        one = One(f"r{self.made}", f"Title {self.made}", date, self.rng.choice(("album", "single")))
        self.truth[one.id] = one
        return one.id

    def change(self, key: str, **new: object) -> None:
        self.truth[key] = replace(self.truth[key], **new)  # type: ignore[arg-type] # its own fields

    def pick(self) -> str:
        return self.rng.choice(list(self.truth))

    def list_all(self) -> list[One]:
        rows = list(self.truth.values())
        if self.order == "shuffled":
            return sorted(rows, key=lambda one: one.id[::-1])
        rows.sort(key=lambda one: one.date, reverse=True)
        return sorted(rows, key=lambda one: one.form) if self.order == "grouped" else rows

    def tell(self, offset: int) -> Page:
        self.asked += 1
        rows = self.list_all()
        more = "more" if offset + self.size < len(rows) else None
        items = [one.tell() for one in rows[offset : offset + self.size]]
        return Page(items=items, offset=offset, limit=self.size, total=len(rows), next=more)


def look(
    shop: Shop, known: Known, between: Callable[[], None] = lambda: None, **options: object
) -> tuple[Discography, int]:
    """One look; how many pages it took. `between` happens after each page."""
    found, before = Discography(known, **options), shop.asked  # type: ignore[arg-type] # its own options
    while (offset := found.find_next()) is not None:
        found.take(offset, shop.tell(offset))
        between()
    return found, shop.asked - before


def keep(found: Discography) -> Known:
    """What is known after a look whose releases were all read."""
    releases = {key: one for key, one in found.known.releases.items() if key not in found.list_gone()}
    for key, stub in found.seen.items():
        date, form = read_date(stub), read_form(stub)
        releases[key] = KnownRelease(stub.name, date, form, stub.total_tracks)
    return Known(found.told_total, found.next_offset, releases)


def knows(known: Known, shop: Shop) -> set[str]:
    """The ids of which something else is known than what is true."""
    wrong = set(known.releases) ^ set(shop.truth)
    for key in set(known.releases) & set(shop.truth):
        one, told = shop.truth[key], known.releases[key]
        if (told.title, told.released, told.form, told.tracks) != (one.title, one.date, one.form, one.tracks):
            wrong.add(key)
    return wrong


@pytest.mark.parametrize("size", [10, 50])
@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 21, 40, 99, 100, 250])
def test_a_first_look_takes_every_page_once_and_the_next_one_or_two(count: int, size: int) -> None:
    shop = Shop(random.Random(count), count, size)
    found, asked = look(shop, Known())
    assert asked == max(1, math.ceil(count / size)) and found.is_whole
    assert set(found.list_to_read()) == set(shop.truth) and not found.list_changed()
    known = keep(found)
    for _ in range(60):
        found, asked = look(shop, known)
        assert asked == (1 if count <= size else 2)
        assert not (found.list_to_read() or found.list_new() or found.list_gone() or found.list_changed())
        known = keep(found)


def test_the_turn_sees_every_page_before_it_sees_one_again() -> None:
    shop = Shop(random.Random(3), 95)
    known = keep(look(shop, Known())[0])
    seen: list[str] = []
    for _ in range(count_looks(9)):
        found, _ = look(shop, known)
        seen += list(found.seen)[10:]
        known = keep(found)
    assert len(seen) == len(set(seen)) == 85


@pytest.mark.parametrize("count", [3, 10, 11, 20, 35, 120])
@pytest.mark.parametrize("tracks", [1, 12])
def test_a_new_release_is_seen_at_once_for_no_more_than_an_unchanged_look(count: int, tracks: int) -> None:
    shop = Shop(random.Random(count), count)
    known = keep(look(shop, Known())[0])
    key = shop.add("2026-11-20")
    shop.change(key, tracks=tracks)
    found, asked = look(shop, known)
    assert asked == (1 if count + 1 <= 10 else 2)
    assert found.list_new() == found.list_to_read() == [key] and not found.list_gone()
    assert look(shop, keep(found))[0].list_new() == []


@pytest.mark.parametrize(
    "seed", [*range(100), *(pytest.param(one, marks=pytest.mark.long) for one in range(100, 3000))]
)
def test_one_change_is_seen_within_the_stated_looks(seed: int) -> None:
    rng = random.Random(seed)
    shop = Shop(
        rng, rng.randrange(1, 130), rng.choice((5, 10, 50)), rng.choice(("newest", "grouped", "shuffled"))
    )
    known = keep(look(shop, Known())[0])
    for _ in range(rng.randrange(12)):
        known = keep(look(shop, known)[0])
    for change in draw_changes(shop):
        change()
        left = count_looks(math.ceil(len(shop.truth) / shop.size) - 1)
        while wrong := knows(known, shop):
            assert left > 0, wrong
            known, left = keep(look(shop, known)[0]), left - 1


@pytest.mark.parametrize(
    "seed", [*range(40), *(pytest.param(one, marks=pytest.mark.long) for one in range(40, 1000))]
)
def test_changes_without_end_hide_none_longer_than_twice_that(seed: int) -> None:
    rng = random.Random(seed)
    shop = Shop(
        rng, rng.randrange(1, 90), rng.choice((3, 5, 10)), rng.choice(("newest", "grouped", "shuffled"))
    )
    known = keep(look(shop, Known())[0])
    wrong_for: dict[str, int] = {}
    for _ in range(120):
        for change in rng.sample(list(draw_changes(shop)), rng.randrange(4)):
            change()
        pages = max(math.ceil(len(shop.truth) / shop.size), math.ceil((known.total or 0) / shop.size)) - 1
        known = keep(look(shop, known)[0])
        wrong_for = {key: wrong_for.get(key, 0) + 1 for key in knows(known, shop)}
        assert max(wrong_for.values(), default=0) <= 2 * count_looks(pages) - 1


def draw_changes(shop: Shop) -> Iterator[Callable[[], None]]:
    """Everything that may happen outside, on a release each."""
    rng = shop.rng

    def edit(**new: object) -> None:
        if shop.truth:
            shop.change(shop.pick(), **new)

    def drop() -> None:
        if shop.truth:
            del shop.truth[shop.pick()]

    def swap() -> None:
        drop()
        shop.add(shop.draw_date())

    yield lambda: edit(title=f"Another {rng.random()}")
    yield lambda: edit(date=shop.draw_date())
    yield lambda: edit(tracks=rng.randrange(1, 30))
    yield lambda: edit(form=rng.choice(("album", "single", "compilation")))
    yield drop
    yield swap
    yield lambda: (shop.add(shop.draw_date()), None)[1]
    yield lambda: (shop.add("2026-11-21"), None)[1]


def test_what_is_told_otherwise_is_named_with_old_and_new() -> None:
    shop = Shop(random.Random(1), 2)
    shop.change("r1", date="2020-01-01", form="single")
    known = keep(look(shop, Known())[0])
    shop.change("r1", title="New", date="2020-02", tracks=6)
    found, _ = look(shop, known)
    assert found.list_changed() == [
        Changed("r1", "released", "2020-01-01", "2020-02"),
        Changed("r1", "title", "Title 1", "New"),
        Changed("r1", "tracks", 5, 6),
    ]
    assert found.list_to_read() == ["r1"]


def test_nonsense_is_no_change() -> None:
    shop = Shop(random.Random(1), 2)
    known = keep(look(shop, Known())[0])
    shop.change("r1", title="", date="0000", form="ep")
    assert look(shop, known)[0].list_changed() == []


def test_a_deletion_and_a_date_moved_are_walked_for() -> None:
    shop = Shop(random.Random(4), 35)
    known = keep(look(shop, Known())[0])
    gone = shop.list_all()[33].id
    del shop.truth[gone]
    found, asked = look(shop, known)
    assert asked == 4 and found.list_gone() == [gone]
    known = keep(found)
    first = shop.list_all()[0].id
    shop.change(first, date="1960")
    found, asked = look(shop, known)
    moved = [one for one in found.list_changed() if one.release_id == first]
    # Nobody tells where it went: it is not on the first page, the page in turn may have it.
    while not moved:
        known = keep(found)
        found, asked = look(shop, known)
        moved = [one for one in found.list_changed() if one.release_id == first]
    assert asked == 4 and moved[0].new == "1960"


def test_full_reads_everything_anew_and_newest_first() -> None:
    shop = Shop(random.Random(5), 25)
    known = keep(look(shop, Known())[0])
    found, asked = look(shop, known, is_full=True)
    dates = [shop.truth[key].date for key in found.list_to_read()]
    assert asked == 3 and len(dates) == 25 and dates == sorted(dates, reverse=True)


def test_what_goes_on_takes_no_page_in_turn_and_reads_what_is_left() -> None:
    shop = Shop(random.Random(6), 45)
    known = keep(look(shop, Known())[0])
    unread = {key: replace(one, is_read=key not in {"r3", "r40"}) for key, one in known.releases.items()}
    found, asked = look(shop, replace(known, releases=unread), goes_on=True)
    assert asked == 1 and set(found.list_to_read()) == {"r3", "r40"}
    assert found.next_offset == known.next_offset


def test_a_list_that_moves_while_it_is_read_says_nothing_of_what_was_not_seen() -> None:
    shop = Shop(random.Random(7), 30)
    known = keep(look(shop, Known())[0])
    on_first = shop.list_all()[2].id

    def drop() -> None:
        shop.truth.pop(on_first, None)

    found, _ = look(shop, known, between=drop, is_full=True)
    assert not found.is_whole and found.told_total is None and not found.list_gone()
    found, asked = look(shop, keep(found))
    assert asked == 3 and found.list_gone() == [on_first] and not found.list_new()


def test_one_that_stands_twice_hides_what_it_pushed_out() -> None:
    shop = Shop(random.Random(8), 20)
    known = keep(look(shop, Known())[0])
    on_second = shop.list_all()[15].id

    def swap() -> None:
        if shop.truth.pop(on_second, None):
            shop.add("2026-11-21")

    found, _ = look(shop, known, between=swap, is_full=True)
    assert not found.is_whole and found.told_total is None
    found, _ = look(shop, keep(found))
    assert found.list_gone() == [on_second] and len(found.list_new()) == 1


def test_a_count_that_was_never_right_is_believed_as_it_is() -> None:
    """Where the platform counts one that it does not show, an unchanged look costs no more for it."""
    stub = One("a", "A", "2020").tell()
    page = Page(items=[stub, None], limit=10, total=3)
    found = Discography(Known())
    found.take(0, page)
    assert found.find_next() is None and found.told_total == 3
    again = Discography(keep(found))
    again.take(0, page)
    assert again.find_next() is None and not again.has_to_walk


def test_an_empty_page_that_promises_more_is_the_end() -> None:
    found = Discography(Known())
    found.take(0, Page(items=[], limit=10, total=30, next="more"))
    assert found.find_next() is None


def test_a_name_comes_from_the_credits() -> None:
    shop = Shop(random.Random(9), 1)
    found, _ = look(shop, Known())
    assert found.find_name(ARTIST) == "Somebody" and found.find_name("other") is None


@pytest.mark.parametrize(
    ("pages", "days", "share"),
    [(0, 1, 1), (1, 1, 1), (24, 1, 1), (28, 1, 1), (29, 1, 2), (3, 7, 1), (24, 7, 8), (9, 14, 9), (9, 40, 9), (9, None, 1)],
)  # fmt: skip
def test_the_share_grows_with_the_pause(pages: int, days: float | None, share: int) -> None:
    assert choose_share(pages, days, 30) == share


@pytest.mark.parametrize(
    "seed", [*range(15), *(pytest.param(one, marks=pytest.mark.long) for one in range(15, 500))]
)
def test_nothing_expires_that_is_looked_at_evenly(seed: int) -> None:
    rng = random.Random(seed)
    shop = Shop(rng, rng.randrange(11, 600))
    days = rng.choice((0.25, 1, 2, 7, 14))
    known = keep(look(shop, Known())[0])
    pages = math.ceil(len(shop.truth) / 10) - 1
    seen_on = dict.fromkeys(shop.truth, 0.0)
    now, share = 0.0, choose_share(pages, days, 30)
    while now < 200:
        now += days
        found, asked = look(shop, known, share=share)
        assert asked == 1 + min(share, pages)
        assert max(now - seen_on[key] for key in found.seen) < 30 - 1 + 1e-9
        seen_on |= dict.fromkeys(found.seen, now)
        known = keep(found)
