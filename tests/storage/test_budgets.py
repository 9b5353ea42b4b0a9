"""The budget of a day: exact between many, rolling by the hour, with a reserve, and an end that is learned."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from backline.storage.budgets import HOUR, BudgetKey, Budgets, Share
from backline.storage.database import Database

KEY = BudgetKey("spotify", "own", "tracks")
OTHER = BudgetKey("spotify", "own", "search")


def age(database: Database, hours: int) -> None:
    """As if so many hours had passed."""
    with database.write() as connection:
        connection.execute(text("UPDATE backline_budget_hour SET hour = hour - :by"), {"by": hours})
        change = "UPDATE backline_budget SET learned_at = learned_at - :by"
        connection.execute(text(change), {"by": hours * HOUR})


def spend(budgets: Budgets, share: Share, times: int, key: BudgetKey = KEY) -> list[int]:
    return [budgets.take(key, share, interactive=True).wait for _ in range(times)]


def test_what_fits_goes_and_the_rest_is_told_when(database: Database) -> None:
    budgets, share = Budgets(database), Share(3)
    assert spend(budgets, share, 3) == [0, 0, 0]
    room = budgets.take(KEY, share, interactive=True)
    assert 24 * HOUR < room.wait <= 25 * HOUR
    assert (room.spent, room.limit) == (3, 3)
    assert spend(budgets, share, 1, OTHER) == [0], "another family has a budget of its own"


def test_the_day_rolls_by_the_hour_and_no_24_hours_have_more(database: Database) -> None:
    budgets, share = Budgets(database), Share(3)
    spend(budgets, share, 2)
    age(database, 10)
    spend(budgets, share, 1)
    wait = budgets.take(KEY, share, interactive=True).wait
    assert 14 * HOUR < wait <= 15 * HOUR
    age(database, 14)  # the first two are 24 hours old by their hour, and maybe not by their minute
    assert 0 < budgets.take(KEY, share, interactive=True).wait <= HOUR
    age(database, 1)
    assert spend(budgets, share, 3)[:2] == [0, 0]
    wait = budgets.take(KEY, share, interactive=True).wait
    assert 9 * HOUR < wait <= 10 * HOUR, "then the one of ten hours later leaves"
    with database.read() as connection:
        hours = connection.execute(text("SELECT count(*) FROM backline_budget_hour")).scalar_one()
    assert hours == 2, "what no window can reach has left"


def test_the_wait_is_as_long_as_is_needed_where_the_allowance_has_shrunk(database: Database) -> None:
    budgets = Budgets(database)
    spend(budgets, Share(9), 4)
    age(database, 10)
    spend(budgets, Share(9), 2)
    assert 14 * HOUR < budgets.take(KEY, Share(3), interactive=True).wait <= 15 * HOUR
    assert 24 * HOUR < budgets.take(KEY, Share(2), interactive=True).wait <= 25 * HOUR


def test_the_reserve_is_for_those_who_wait(database: Database) -> None:
    budgets, share = Budgets(database), Share(10, 0.2)
    batch = [budgets.take(KEY, share, interactive=False).wait for _ in range(9)]
    assert batch[:8] == [0] * 8 and batch[8] > 0
    assert [wait > 0 for wait in spend(budgets, share, 3)] == [False, False, True]
    (line,) = budgets.list_spending()
    assert (line.key, line.spent, line.interactive, line.learned) == (KEY, 10, 2, None)


def test_a_small_allowance_lets_at_least_one_go() -> None:
    assert Share(1, 0.9).limit(None, interactive=False) == 1
    assert Share(400, 0.2).limit(None, interactive=False) == 320
    assert Share(400, 0.2).limit(100, interactive=False) == 80
    assert Share(400, 0.2).limit(900, interactive=True) == 400


def test_where_a_quota_ended_is_learned_and_let_go_after_thirty_days(database: Database) -> None:
    budgets, share = Budgets(database), Share(100)
    spend(budgets, share, 21)
    assert budgets.learn(KEY, 10) == 20
    assert budgets.list_spending()[0].learned == 20
    age(database, 25)
    assert spend(budgets, share, 21)[19:] == [0, pytest.approx(25 * HOUR, abs=HOUR)]
    age(database, 30 * 24)
    assert spend(budgets, share, 21)[20] == 0
    assert budgets.list_spending()[0].learned is None


def test_a_quota_that_somebody_else_spent_teaches_no_more_than_the_least(database: Database) -> None:
    budgets = Budgets(database)
    spend(budgets, Share(100), 3)
    assert budgets.learn(KEY, 10) == 10
    assert budgets.learn(OTHER, 7) == 7, "a budget that was never used can be told as well"


def test_what_was_asked_more_than_a_day_ago_is_not_learned(database: Database) -> None:
    budgets = Budgets(database)
    spend(budgets, Share(100), 50)
    age(database, 24)
    spend(budgets, Share(100), 31)
    assert budgets.learn(KEY, 1) == 30


def test_eight_at_once_get_exactly_what_there_is(database: Database) -> None:
    budgets, share = Budgets(database), Share(40)
    with ThreadPoolExecutor(8) as pool:
        rooms = list(pool.map(lambda _: budgets.take(KEY, share, interactive=True), range(64)))
    assert [room.wait for room in rooms].count(0) == 40
    assert budgets.list_spending()[0].spent == 40
