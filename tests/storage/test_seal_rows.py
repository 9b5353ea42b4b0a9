"""Rows with bytes, numbers and broken text in their columns are sealed, checked and named like every other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256

import pytest
from sqlalchemy import text

from backline.storage.database import Database
from backline.storage.seal_rows import (
    make_drop,
    read_hash,
    read_number,
    select_raw,
    take_any_text,
)
from backline.storage.seal_tables import drop
from backline.storage.seals_chain import GENESIS, ROW_FIELDS, hash_row
from backline.storage.seals_read import walk_seals
from tests.storage.chains import check, list_sealed, seal, tamper, tell

COLUMNS = ("at", "actor", "action", "object", "run_id", "fence", "before_sha", "after_sha", "body")
ODD = {"bytes": "x'ff00'", "broken text": "CAST(x'c3286f' AS TEXT)", "number": "1.5"}


@pytest.fixture
def house(make_database_url: Callable[[str], str]) -> Iterator[Database]:
    """SQLite alone keeps such values."""
    database = Database(make_database_url("sqlite"))
    yield database
    database.close()


@pytest.mark.parametrize("odd", ODD)
def test_odd_values_are_sealed_and_the_chain_goes_on(house: Database, odd: str) -> None:
    for column in COLUMNS:
        values = dict.fromkeys(("actor", "action", "object", "body"), "'x'") | {
            "at": "5",
            column: ODD[odd],
        }
        with house.write() as connection:
            names, given = ", ".join(values), ", ".join(values.values())
            connection.execute(text(f"INSERT INTO backline_audit ({names}) VALUES ({given})"))
    assert seal(house) == len(COLUMNS)
    tell(house, "after")
    assert seal(house) == 1
    assert [finding for finding in check(house) if finding.fault] == []
    assert [finding.kind for finding in check(house, late=True) if finding.fault] == []


@pytest.mark.parametrize("odd", ODD)
def test_rows_that_became_odd_are_named(house: Database, odd: str) -> None:
    tell(house, *COLUMNS)
    seal(house)
    for number, column in enumerate(COLUMNS, 1):
        tamper(house, f"UPDATE backline_audit SET {column} = {ODD[odd]} WHERE id = {number}")
        found = [(one.kind, one.audit_id) for one in check(house, late=True) if one.fault]
        assert found == [("changed_row", place) for place in range(1, number + 1)]


def test_the_form_of_bytes_and_broken_text() -> None:
    row = dict.fromkeys(ROW_FIELDS) | {"id": 1, "body": b"\xff\x00", "actor": "o\udcff"}
    written = b'{"actor":"o\xff","body":{"blob":"ff00"},"id":1}'
    assert hash_row(GENESIS, row) == sha256(b"\x01" + bytes(32) + written).digest()


@pytest.mark.parametrize("table", ["backline_seal_epoch", "backline_seal_drop"])
@pytest.mark.parametrize("odd", ODD)
def test_odd_epochs_are_faults(house: Database, table: str, odd: str) -> None:
    tell(house, "a")
    seal(house)
    if table == "backline_seal_epoch":
        names = ("foot", "hash", "rows_before", "began_at", "why", "anchor", "xid_floor", "audit_id")
    else:
        names = ("last_seq", "last_hash", "first_at", "last_at", "export_sha", "dropped_at", "dropped_by")
        tamper(house, "INSERT INTO backline_seal_drop VALUES (1, 1, x'00', 1, 2, 'sha', 3, 'eve')")
    for name in names:
        tamper(house, f"UPDATE {table} SET {name} = {ODD[odd]}")
        assert [finding for finding in check(house, {(1, 1): bytes(32)}) if finding.fault]


def test_any_text_is_taken_only_inside(house: Database) -> None:
    with house.read() as connection:
        with take_any_text(connection):
            assert connection.execute(text("SELECT CAST(x'ff' AS TEXT)")).scalar_one() == "\udcff"
        before = connection.connection.driver_connection.text_factory
        assert before is str
        tamper(house)
        walk = walk_seals(connection)
        assert list(walk) == []
        assert connection.connection.driver_connection.text_factory is str
    assert list_sealed(house) == []


def test_what_is_no_hash_and_no_number(house: Database) -> None:
    assert (read_hash(memoryview(b"a")), read_hash("a"), read_hash(9)) == (b"a", b"", b"")
    assert (read_number(3), read_number("3"), read_number(None)) == (3, -1, -1)
    tamper(house, "INSERT INTO backline_seal_drop VALUES (1, 'x', 'y', 1, 2, 'sha', 3, 'eve')")
    with house.read() as connection:
        found = make_drop(connection.execute(select_raw(drop)).mappings().one())
    assert (found.last_seq, found.last_hash, found.dropped_at) == (-1, b"", 3)
