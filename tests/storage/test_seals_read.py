"""The chain is streamed whole or in part, and rows that wait for an open transaction are no fault."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from backline.storage.database import Database
from backline.storage.seals_read import check_unsealed, find_range, walk_seals, walk_unsealed
from tests.storage.chains import seal, tamper, tell


@pytest.fixture
def told(database: Database) -> Database:
    tell(database, "a", "b", "c", "d", "e")
    tamper(database, "UPDATE backline_audit SET at = id * 10")
    seal(database)
    tell(database, "f")
    tamper(database, "UPDATE backline_audit SET at = id * 10")
    return database


def test_a_stretch_is_found_by_time_and_walked(told: Database) -> None:
    with told.read() as connection:
        between = find_range(connection, 20, 40)
        assert between == ((1, 2), (1, 3))
        assert [seal.audit_id for seal in walk_seals(connection, between)] == [2, 3]
        assert find_range(connection, None, 20) == ((1, 1), (1, 1))
        assert find_range(connection, 1000, None) is None
        assert [seal.seq for seal in walk_seals(connection)] == [1, 2, 3, 4, 5]


def test_a_seal_without_its_row_is_walked_too(told: Database) -> None:
    tamper(told, "DELETE FROM backline_audit WHERE id = 2")
    with told.read() as connection:
        assert [seal.row is None for seal in walk_seals(connection)] == [False, True, False, False, False]


def test_rows_without_a_seal(told: Database) -> None:
    with told.read() as connection:
        assert [row["object"] for row in walk_unsealed(connection, None, None)] == ["f"]
        assert list(walk_unsealed(connection, 70, None)) == []
        assert [row["id"] for row in walk_unsealed(connection, 60, 61)] == [6]


def test_what_waits_for_an_open_transaction_is_told_apart(told: Database) -> None:
    if told.is_sqlite:
        with told.read() as connection:
            assert [finding.kind for finding in check_unsealed(connection)] == ["unsealed"]
        return
    seal(told)
    with told.write() as slow:
        slow.execute(text("SELECT pg_current_xact_id()"))
        with told.write() as connection:
            connection.execute(
                text(
                    "INSERT INTO backline_audit (at, actor, action, object, body) VALUES (1, 'a', 'a', 'g', '{}')"
                )
            )
        assert seal(told) == 0
        with told.read() as connection:
            (finding,) = check_unsealed(connection)
    assert (finding.kind, finding.fault) == ("waiting", False)


@pytest.mark.services
def test_rows_of_another_server_are_told_apart(told: Database) -> None:
    if told.is_sqlite:
        return
    tamper(told, "UPDATE backline_audit SET xid = '900000000000' WHERE object = 'f'")
    with told.read() as connection:
        (finding,) = check_unsealed(connection)
    assert (finding.kind, finding.fault) == ("unsealed", True)
    assert "another server" in finding.says
