"""A database of its own for each test, and services that answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from kombu import Connection
from sqlalchemy import text

from backline.storage.database import Database
from backline.storage.upgrade import find_head, read_revision


def test_database_is_upgraded_empty_and_its_own(database: Database) -> None:
    assert read_revision(database) == find_head()
    with database.write() as connection:
        assert connection.execute(text("SELECT count(*) FROM backline_schedule")).scalar_one() == 0
        connection.execute(
            text(
                "INSERT INTO backline_schedule (id, task, job, cron, zone, catch_up, enabled, next_slot, "
                "created_at, created_by) VALUES ('s', 'a.b', '{}', '* * * * *', 'UTC', 'none', true, 0, 0, 'x')"
            )
        )


def test_postgresql_keeps_fsync(service: Callable[[str], str]) -> None:
    database = Database(service("postgresql"))
    with database.read() as connection:
        assert connection.execute(text("SHOW fsync")).scalar_one() == "on"
    database.close()


@pytest.mark.services
@pytest.mark.parametrize("name", ["redis", "rabbitmq"])
def test_broker_takes_and_gives_a_message(service: Callable[[str], str], name: str) -> None:
    with Connection(service(name)) as connection:
        queue = connection.SimpleQueue("probe")
        queue.put("hello")
        assert queue.get(timeout=5).payload == "hello"
        queue.close()
