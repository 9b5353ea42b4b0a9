"""Many rows at once: columns of numbers and texts in, sent to the driver in big batches.

SQLite gets some rows a statement by `executemany`, PostgreSQL a COPY of CSV that Arrow writes; both about
ten times as fast as rows through the ORM's layers. Text columns are arrays of `str` objects (None is NULL).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pa_csv
from sqlalchemy import Column, Connection, Integer, SmallInteger, Table, text

from backline.storage.statement import translate_error

T = TypeVar("T")
Numbers = npt.NDArray[np.int64]
Columns = Mapping[str, npt.NDArray[Any]]
BATCH = 65_536
ROWS = 20  # in one INSERT on SQLite: a quarter less work than one by one
PARAMETERS = 1000  # values in one IN (…)


def is_sqlite(connection: Connection) -> bool:
    """Whether the connection speaks to SQLite; else it is PostgreSQL."""
    return connection.dialect.name == "sqlite"


def chunk(values: Sequence[T], size: int = PARAMETERS) -> Iterator[Sequence[T]]:
    """The values in slices of at most `size`."""
    for first in range(0, len(values), size):
        yield values[first : first + size]


def bind_numbers(connection: Connection, numbers: Sequence[int]) -> tuple[str, Any]:
    """Any number of numbers as one value: the query that lists them, and what is bound to its `:numbers`."""
    if is_sqlite(connection):
        return "SELECT value FROM json_each(:numbers)", json.dumps(list(numbers))
    return "SELECT unnest(CAST(:numbers AS bigint[]))", list(numbers)


def reserve_numbers(connection: Connection, column: Column[int], count: int) -> Numbers:
    """So many new numbers of a key that counts up, ascending. On SQLite the caller holds the write lock."""
    table = column.table.name
    if is_sqlite(connection):
        last = connection.execute(text(f"SELECT coalesce(max({column.name}), 0) FROM {table}")).scalar_one()
        return np.arange(last + 1, last + 1 + count, dtype=np.int64)
    query = text(
        "SELECT nextval(pg_get_serial_sequence(:table, :column)) FROM generate_series(1, CAST(:count AS bigint))"
    )
    values = {"table": table, "column": column.name, "count": count}
    numbers = np.fromiter(connection.execute(query, values).scalars(), dtype=np.int64, count=count)
    return np.sort(numbers)


def insert_columns(connection: Connection, table: Table, columns: Columns) -> None:
    """Insert rows given as columns of equal length."""
    count = len(next(iter(columns.values())))
    for first in range(0, count, BATCH):
        part = {name: values[first : first + BATCH] for name, values in columns.items()}
        if is_sqlite(connection):
            _execute_many(connection, table, part, "")
        else:
            _copy(connection, table, part)


def merge_columns(connection: Connection, table: Table, columns: Columns, conflict: str) -> None:
    """Insert rows with an ON CONFLICT clause of our own words, e.g. `DO NOTHING`."""
    count = len(next(iter(columns.values())))
    for first in range(0, count, BATCH):
        part = {name: values[first : first + BATCH] for name, values in columns.items()}
        if is_sqlite(connection):
            _execute_many(connection, table, part, conflict)
        else:
            _insert_arrays(connection, table, part, conflict)


def update_flag(connection: Connection, table: str, flag: str, key: str, keys: Numbers, *, on: bool) -> None:
    """Set a boolean column of the rows with these keys."""
    if not len(keys):
        return
    if is_sqlite(connection):
        sql = f"UPDATE {table} SET {flag} = {int(on)} WHERE {key} = ?"
        connection.exec_driver_sql(sql, [(number,) for number in keys.tolist()])
    else:
        sql = f"UPDATE {table} SET {flag} = {'true' if on else 'false'} WHERE {key} = ANY(%s)"
        connection.exec_driver_sql(sql, (keys.tolist(),))


def make_texts(values: Sequence[str | None]) -> npt.NDArray[Any]:
    """Texts as an array of objects, to be picked from by number."""
    texts = np.empty(len(values), dtype=object)
    texts[:] = values
    return texts


def repeat(value: str | bool | None, count: int) -> npt.NDArray[Any]:
    """One value in every row."""
    values = np.empty(count, dtype=object)
    values.fill(value)
    return values


def _execute_many(connection: Connection, table: Table, columns: Columns, conflict: str) -> None:
    """What is the same in all rows is bound once a statement: a third less work on usual columns."""
    count = len(next(iter(columns.values())))
    same = {name: values[:1].tolist()[0] for name, values in columns.items() if _is_same(values)}
    varied = [name for name in columns if name not in same]
    start = f"INSERT INTO {table.name} ({', '.join([*same, *varied])}) VALUES "
    end = f" ON CONFLICT {conflict}" if conflict else ""
    cells = np.empty((count, len(varied)), dtype=object)
    for place, name in enumerate(varied):
        cells[:, place] = columns[name].tolist()
    shared, full = tuple(same.values()), count - count % ROWS
    for part, rows in ((cells[:full], ROWS), (cells[full:], 1)):
        if len(part):
            marks = ", ".join(_number_marks(len(same), len(varied), row) for row in range(rows))
            values = part.reshape(len(part) // rows, rows * len(varied)).tolist()
            connection.exec_driver_sql(start + marks + end, [(*shared, *row) for row in values])


def _is_same(values: npt.NDArray[Any]) -> bool:
    """Whether every row holds one and the same value; the last row is looked at first."""
    return bool(values[0] == values[-1] and (values == values[0]).all())


def _number_marks(shared: int, varied: int, row: int) -> str:
    """The marks of one row: ?1 … for what all rows share, then its own."""
    first = shared + row * varied
    places = [*range(1, shared + 1), *range(first + 1, first + varied + 1)]
    return f"({', '.join(f'?{place}' for place in places)})"


def _copy(connection: Connection, table: Table, columns: Columns) -> None:
    batch = pa.RecordBatch.from_arrays([pa.array(values) for values in columns.values()], names=list(columns))
    sink = pa.BufferOutputStream()
    pa_csv.write_csv(batch, sink, pa_csv.WriteOptions(include_header=False, quoting_style="needed"))
    sql = f"COPY {table.name} ({', '.join(columns)}) FROM STDIN (FORMAT csv)"
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(sql) as copy:
            copy.write(sink.getvalue().to_pybytes())
    except connection.dialect.loaded_dbapi.Error as error:
        raise translate_error(connection, sql, (), error) from error


def _insert_arrays(connection: Connection, table: Table, columns: Columns, conflict: str) -> None:
    marks = ", ".join(f"%s::{_name_type(table.c[name])}[]" for name in columns)
    sql = f"INSERT INTO {table.name} ({', '.join(columns)}) SELECT * FROM unnest({marks}) ON CONFLICT {conflict}"
    connection.exec_driver_sql(sql, tuple(values.tolist() for values in columns.values()))


def _name_type(column: Column[Any]) -> str:
    if isinstance(column.type, SmallInteger):
        return "smallint"
    if isinstance(column.type, Integer):
        return str(column.type.compile()).lower()
    return "text"
