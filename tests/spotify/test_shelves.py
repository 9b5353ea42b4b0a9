"""What is kept and followed is read only until it adds up, and then nothing is wrong."""

from __future__ import annotations

import random

import pytest

from backline.spotify.shelves import ShelfNews, ShelfReader

Rows = list[tuple[str, int | None] | None]
PAGE = 5


def read(
    known: dict[str, int | None], rows: Rows, *, blanks: int = 0, is_full: bool = False
) -> tuple[ShelfNews, int]:
    """Read a list in pages of five until that is enough; the news, and how many pages it took."""
    reader, pages = ShelfReader(known, blanks, is_full), 0
    while not reader.is_done:
        part = rows[pages * PAGE : (pages + 1) * PAGE]
        pages += 1
        reader.take(part, len(rows), is_end=pages * PAGE >= len(rows))
    return reader.tell(), pages


def shelf(first: int, last: int) -> Rows:
    """Things named by their moment, newest first."""
    return [(f"t{moment}", moment) for moment in range(last, first - 1, -1)]


def know(rows: Rows) -> dict[str, int | None]:
    return {row[0]: row[1] for row in rows if row is not None}


@pytest.mark.parametrize(
    ("change", "pages", "added", "gone"),
    [
        ("nothing", 1, set(), set()),
        ("two saved", 1, {"t101", "t102"}, set()),
        ("ten saved", 3, {f"t{number}" for number in range(101, 111)}, set()),
        ("the newest taken off", 1, set(), {"t100"}),
        ("one far down taken off", 9, set(), {"t60"}),
        ("one saved, one far down taken off", 9, {"t101"}, {"t60"}),
        ("one far down saved anew", 1, {"t60"}, set()),
    ],
)
def test_pages_are_read_until_they_add_up(change: str, pages: int, added: set[str], gone: set[str]) -> None:
    before = shelf(1, 100)
    rows: Rows = {
        "nothing": before,
        "two saved": shelf(1, 102),
        "ten saved": shelf(1, 110),
        "the newest taken off": shelf(1, 99),
        "one far down taken off": [row for row in before if row != ("t60", 60)],
        "one saved, one far down taken off": [row for row in shelf(1, 101) if row != ("t60", 60)],
        "one far down saved anew": [("t60", 103), *(row for row in before if row != ("t60", 60))],
    }[change]
    news, taken = read(know(before), rows)
    assert (set(news.added), set(news.gone), taken) == (added, gone, pages)


def test_the_first_reading_takes_all_and_an_empty_list_leaves_nothing() -> None:
    news, pages = read({}, shelf(1, 12))
    assert (len(news.added), news.gone, pages, news.is_whole) == (12, (), 3, True)
    news, pages = read(know(shelf(1, 12)), [])
    assert (news.added, len(news.gone), pages) == ((), 12, 1)
    assert read({}, []) == (ShelfNews((), (), 0, True, 0, True), 1)


def test_entries_without_a_thing_are_counted_and_do_not_cost_a_walk_each_time() -> None:
    rows: Rows = [*shelf(20, 30), None, *shelf(1, 19)]
    news, _ = read({}, rows)
    assert news.blanks == 1
    assert read(know(rows), rows, blanks=1)[1] == 1
    assert (
        read(know(rows), rows, blanks=0)[1] == 3
    )  # what it was before the first of them: read on until they add up


def test_a_list_that_slides_while_it_is_read_loses_nothing() -> None:
    before = shelf(1, 20)
    reader = ShelfReader(know(before), is_full=True)
    reader.take(before[:5], 20, is_end=False)
    reader.take(before[6:11], 19, is_end=True)  # t15 slid over the edge of the page
    assert reader.tell().gone == () and not reader.tell().is_steady
    reader = ShelfReader(know(before), is_full=True)
    reader.take(before[:5], 20, is_end=False)
    reader.take(before[4:], 20, is_end=True)  # one came and one went
    assert reader.tell().gone == () and not reader.tell().is_steady


def test_follows_have_neither_order_nor_moment() -> None:
    rows: Rows = [(f"a{number}", None) for number in range(12)]
    known = know(rows)
    assert read(known, rows)[1] == 1
    assert read(known, [*rows, ("new", None)])[0].added == ("new",)
    news, pages = read(known, rows[:3] + rows[4:])
    assert (news.gone, pages) == (("a3",), 3)
    assert read(known, rows, is_full=True)[1] == 3
    # One went and another came, both behind the first page: only a reading to the end tells.
    swapped = [*rows[:7], *rows[8:], ("new", None)]
    assert read(known, swapped)[0].added == ()
    assert read(known, swapped, is_full=True)[0].gone == ("a7",)


@pytest.mark.parametrize("seed", range(200))
def test_whatever_happened_to_a_library_is_found(seed: int) -> None:
    """Many things share a moment: whoever saves forty at once does it in one second."""
    rng, clock, held = random.Random(seed), 0, dict[str, int | None]()
    known: dict[str, int | None] = {}
    for _ in range(6):
        for _ in range(rng.randint(0, 12)):
            clock += rng.randint(0, 1)
            name = f"t{rng.randrange(60)}"
            if name in held and rng.random() < 0.7:
                del held[name]
            elif name not in held:
                held[name] = clock
        clock += 1
        order = sorted(held.items(), key=lambda one: (-(one[1] or 0), one[0]))
        news, _ = read(known, list(order))
        for uri in news.gone:
            del known[uri]
        known |= {uri: held[uri] for uri in news.added}
        assert known == held
