"""Locks keep out who takes the same one, and nobody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from backline.storage.database import Database
from backline.storage.locks import Lock, take_lock, try_lock


@pytest.mark.services
def test_a_lock_keeps_out_its_like_until_the_end(make_database_url: Callable[[str], str]) -> None:
    database = Database(make_database_url("postgresql"))
    with database.write() as mine:
        take_lock(mine, Lock.SEALS)
        with database.write() as theirs:
            assert [lock for lock in Lock if not try_lock(theirs, lock)] == [Lock.SEALS]
    with database.write() as theirs:
        assert try_lock(theirs, Lock.SEALS)
    database.close()


def test_on_sqlite_the_writer_is_alone_anyway(make_database_url: Callable[[str], str]) -> None:
    database = Database(make_database_url("sqlite"))
    with database.write() as connection:
        take_lock(connection, Lock.VAULT)
        assert try_lock(connection, Lock.VAULT)
    database.close()
