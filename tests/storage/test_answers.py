"""Stored answers: what has expired is not given and leaves with the next one that is kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import func, select

from backline.storage.answers import count_expired, expire_answers, keep_answer, read_answer
from backline.storage.database import Database
from backline.storage.spotify_tables import answer

DAY = 86_400_000_000


def make(key: str, now: int, days: int = 30, body: bytes = b"{}") -> dict[str, Any]:
    return {
        "key": key, "client_id": "c", "account_id": None, "etag": '"1"', "body": body, "fetched_at": now,
        "fresh_until": now, "expires_at": now + days * DAY,
    }  # fmt: skip


def read_now(database: Database) -> int:
    with database.read() as connection:
        return database.now(connection)


def count(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(answer)).scalar_one())


def test_an_answer_is_given_until_it_expires(database: Database) -> None:
    now = read_now(database)
    with database.write() as connection:
        keep_answer(connection, database.now_sql, make("a", now, body=b"\x00\xff"))
        keep_answer(connection, database.now_sql, make("b", now - 31 * DAY))
        found = read_answer(connection, database.now_sql, "a")
        assert found is not None and (found.body, found.etag) == (b"\x00\xff", '"1"')
        assert read_answer(connection, database.now_sql, "b") is None
        assert read_answer(connection, database.now_sql, "none") is None


def test_the_later_one_stands_in_place_of_the_earlier(database: Database) -> None:
    now = read_now(database)
    with database.write() as connection:
        for body in (b"1", b"2"):
            keep_answer(connection, database.now_sql, make("a", now, body=body))
        found = read_answer(connection, database.now_sql, "a")
    assert found is not None and found.body == b"2"
    assert count(database) == 1


def test_what_has_expired_leaves_with_those_that_come(database: Database) -> None:
    now = read_now(database)
    rows = [make(str(number), now - 40 * DAY) for number in range(45)]
    with database.write() as connection:
        connection.execute(answer.insert(), rows)
    for left in (26, 7, 3, 4):
        with database.write() as connection:
            keep_answer(connection, database.now_sql, make(f"new {left}", now))
        assert count(database) == left


def test_all_that_has_expired_is_counted_and_leaves(database: Database) -> None:
    now = read_now(database)
    with database.write() as connection:
        connection.execute(answer.insert(), [make(str(number), now - 29 * DAY) for number in range(30)])
        assert (count_expired(connection, now), expire_answers(connection, now)) == (0, 0)
        keep_answer(connection, database.now_sql, make("new", now))
        assert count_expired(connection, now + DAY) == expire_answers(connection, now + DAY) == 30
    assert count(database) == 1


def test_many_may_keep_at_once(database: Database) -> None:
    now = read_now(database)
    with database.write() as connection:
        connection.execute(answer.insert(), [make(str(number), now - 40 * DAY) for number in range(60)])

    def keep(number: int) -> None:
        with database.write() as connection:
            keep_answer(connection, database.now_sql, make(f"new {number % 3}", now))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(keep, range(24)))
    assert count(database) == 3
