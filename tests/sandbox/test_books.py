"""One account: a rolling window, a budget a day and family, and pauses that hold."""

from __future__ import annotations

import random

from backline.sandbox.books import DAY, Book, Limits


def make_book() -> Book:
    return Book(random.Random(1))


def make_limits(**some: object) -> Limits:
    return Limits(**({"budgets": {"search": 3, "me": None}, "most": None} | some))  # type: ignore[arg-type] # a test's own


def test_the_budget_of_a_family_ends_and_others_go_on() -> None:
    book, limits = make_book(), make_limits()
    assert all(book.admit("search", 10.0, 0, limits).pause is None for _ in range(3))
    refused = book.admit("search", 11.0, 0, limits)
    assert refused.pause
    assert refused.first
    assert (refused.pause.kind, book.over_budget) == ("quota", 1)
    assert 20_000 <= refused.left <= 86_400
    assert book.admit("me", 11.0, 0, limits).pause is None


def test_a_pause_lasts_over_midnight_and_gives_the_budget_back() -> None:
    book, limits = make_book(), make_limits()
    for _ in range(4):
        book.admit("search", DAY - 1, 0, limits)
    until = book.pauses["search"].until
    assert book.admit("search", DAY + 1, 0, limits).pause
    assert book.admit("search", until, 0, limits).pause is None
    assert book.over_budget == 1


def test_midnight_gives_the_budget_back() -> None:
    book, limits = make_book(), make_limits()
    assert all(book.admit("search", DAY - 1, 0, limits).pause is None for _ in range(3))
    assert book.admit("search", DAY + 1, 0, limits).pause is None
    assert book.spent == {"search": 1}


def test_the_window_rolls() -> None:
    book, limits = make_book(), make_limits(most=2)
    assert [book.admit("me", at, 0, limits).pause is None for at in (0.5, 20.0, 25.0)] == [True, True, False]
    pause = book.pauses["*"]
    assert 1 <= pause.until - 25 <= 11
    assert book.admit("search", 25.5, 0, limits).pause is pause
    assert book.admit("me", 37.0, 0, limits).pause is None
    assert book.most_in_window == 4


def test_a_request_inside_a_pause_is_known_and_may_extend_it() -> None:
    book, limits = make_book(), make_limits(extend=60.0)
    pause = book.order("*", "rate", 10, 0.0, limits).pause
    assert pause
    assert book.admit("me", 1.0, 5.0, limits).inside is None  # the order was still on its way
    pause.told = 5.0
    ruling = book.admit("me", 2.0, 5.5, limits)
    assert ruling.inside == 0.5
    assert ruling.left == 128.0


def test_a_header_is_there_or_not_as_asked() -> None:
    for wanted in (True, False):
        ruling = make_book().order("me", "quota", 10, 0.0, make_limits(header=wanted))
        assert ruling.pause
        assert ruling.pause.header is wanted
    book = make_book()
    drawn = [book.order("me", "quota", 10, 0.0, make_limits()).pause for _ in range(30)]
    assert {pause.header for pause in drawn if pause} == {True, False}
