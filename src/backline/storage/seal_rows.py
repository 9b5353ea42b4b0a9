"""Audit rows and seals as they stand, whatever stands in their columns: who checks them must not stumble over them.

SQLite keeps bytes, numbers and broken text in any column. Such a row is sealed and checked like every other; see
seals_chain.py for its form.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, Table, select, type_coerce
from sqlalchemy.types import NullType

from backline.storage.seals_chain import Drop, Epoch


@contextmanager
def take_any_text(connection: Connection) -> Iterator[None]:
    """Inside, bytes of a text that are no UTF-8 become lone surrogates (PEP 383) and not an error."""
    if connection.dialect.name != "sqlite":  # PostgreSQL takes no such text
        yield
        return
    driver: Any = connection.connection.driver_connection
    before = driver.text_factory
    driver.text_factory = _decode
    try:
        yield
    finally:
        driver.text_factory = before


def select_raw(table: Table) -> Select[*tuple[Any, ...]]:
    """Every column as the driver gives it: no type of ours looks at it."""
    return select(*(type_coerce(column, NullType()).label(column.name) for column in table.c))


def make_epoch(row: RowMapping) -> Epoch:
    """An epoch of its row."""
    return Epoch(**{**row, "foot": read_hash(row["foot"]), "hash": read_hash(row["hash"])})


def make_drop(row: RowMapping) -> Drop:
    """An epoch taken out, of its row."""
    numbers = {name: read_number(row[name]) for name in ("last_seq", "dropped_at")}
    return Drop(**{**row, **numbers, "last_hash": read_hash(row["last_hash"])})


def read_hash(value: object) -> bytes:
    """The hash; empty where it is none, so that nothing stands on it."""
    return bytes(value) if isinstance(value, (bytes, memoryview)) else b""


def read_number(value: object) -> int:
    """The whole number; -1, which no place has, where it is none."""
    return value if isinstance(value, int) else -1


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
