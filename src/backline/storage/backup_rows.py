r"""Rows of a table as text, out of one database and into another, whichever of the two kinds each is.

The text is that of PostgreSQL's COPY: a line a row, tabs between values, \N for NULL, a backslash before
what would be mistaken for one of these, bytes as \x and hex digits. PostgreSQL reads and writes it itself,
as fast as it can; for SQLite one SELECT puts the lines together.

SQLite keeps any value in any column, and text that is no UTF-8. What is not of its column's kind begins with
\xff, a byte that no text has: `\xffb:` bytes in hex, `\xfft:` text, `\xffi:` and `\xffr:` numbers. SQLite gets
it back as it was; PostgreSQL, which has no place for it, refuses the line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, inspect, text

from backline.errors import BadInput
from backline.storage.seal_rows import take_any_text

OURS = "backline_"
VERSION_TABLE = "backline_schema"  # told by the manifest
# Filled by the server that the row is on; another server's transaction ids say nothing.
NOT_KEPT = {("backline_audit", "xid")}
# Held for days or seconds, and no loss: content of Spotify that may be kept nowhere, and who is at something just now.
FLEETING = ("backline_spotify_answer", "backline_turn")
LATE = ("backline_seal_drop",)  # its trigger looks for epochs, which must be there before
ROWS = 2000
Columns = tuple[tuple[str, str], ...]  # name and kind of each column

_KINDS = {
    "BIGINT": "int",
    "INTEGER": "int",
    "SMALLINT": "int",
    "TEXT": "text",
    "VARCHAR": "text",
    "BOOLEAN": "bool",
    "BLOB": "bytes",
    "BYTEA": "bytes",
}
_QUOTED = (
    "replace(replace(replace(replace({0}, '\\', '\\\\'), char(10), '\\n'), char(13), '\\r'), char(9), '\\t')"
)
_ODD = "\\xff"
_SAID_ODD = (
    f"CASE typeof({{0}}) WHEN 'null' THEN '\\N' WHEN 'blob' THEN '{_ODD}b:' || hex({{0}}) "
    f"WHEN 'text' THEN '{_ODD}t:' || {_QUOTED} WHEN 'real' THEN '{_ODD}r:' || quote({{0}}) ELSE '{_ODD}i:' || {{0}} END"
)
_SAID = {
    "int": f"CASE typeof({{0}}) WHEN 'integer' THEN {{0}} ELSE {_SAID_ODD} END",
    "text": f"CASE typeof({{0}}) WHEN 'text' THEN {_QUOTED} ELSE {_SAID_ODD} END",
    "bool": f"CASE {{0}} WHEN 1 THEN 't' WHEN 0 THEN 'f' ELSE {_SAID_ODD} END",
    "bytes": f"CASE typeof({{0}}) WHEN 'blob' THEN '\\\\x' || lower(hex({{0}})) ELSE {_SAID_ODD} END",
}
_BROKEN = re.compile("[\udc80-\udcff]")  # bytes of a text that is no UTF-8
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def list_tables(connection: Connection) -> list[str]:
    """Our tables that are kept, in the order in which they are filled."""
    names = [name for name in inspect(connection).get_table_names() if name.startswith(OURS)]
    return sorted(set(names) - {VERSION_TABLE, *FLEETING}, key=lambda name: (name in LATE, name))


def list_others(connection: Connection) -> list[str]:
    """Tables beside ours, which no backup of Backline holds."""
    return sorted(name for name in inspect(connection).get_table_names() if not name.startswith(OURS))


def read_columns(connection: Connection, table: str) -> Columns:
    """Name and kind of each column that is kept. Raises `BadInput` for a kind that has no text here."""
    found = []
    for column in inspect(connection).get_columns(table):
        name, kind = str(column["name"]), _KINDS.get(str(column["type"]).partition("(")[0])
        if (table, name) in NOT_KEPT:
            continue
        if kind is None:
            raise BadInput(f"{table}.{name} is of the type {column['type']}, which no backup can keep.")
        found.append((name, kind))
    return tuple(found)


def dump_rows(connection: Connection, table: str, columns: Columns) -> Iterator[bytes]:
    """The rows of a table as blocks of whole or cut lines, streamed out of the connection's snapshot."""
    if connection.dialect.name == "postgresql":
        cursor = _driver(connection).cursor()
        with cursor.copy(f"COPY {table} ({_names(columns)}) TO STDOUT") as copy:
            for block in copy:
                yield bytes(block)
        return
    said = " || char(9) || ".join(_SAID[kind].format(_quote(name)) for name, kind in columns)
    with take_any_text(connection):
        result = connection.exec_driver_sql(f"SELECT {said} FROM {table}")
        for rows in result.partitions(ROWS):
            yield "".join(f"{row[0]}\n" for row in rows).encode(errors="surrogateescape")


def load_rows(connection: Connection, table: str, columns: Columns, blocks: Iterable[bytes]) -> int:
    """Write rows that `dump_rows` gave, in the caller's transaction; how many."""
    if connection.dialect.name == "postgresql":
        cursor = _driver(connection).cursor()
        with cursor.copy(f"COPY {table} ({_names(columns)}) FROM STDIN") as copy:
            for block in blocks:
                copy.write(block)
        return int(cursor.rowcount)
    insert = f"INSERT INTO {table} ({_names(columns)}) VALUES "
    readers = [_READERS[kind] for _, kind in columns]
    count = 0
    for rows in _chunk(_split_lines(blocks)):
        values = [
            tuple(read(value) for read, value in zip(readers, line.split("\t"), strict=True)) for line in rows
        ]
        if any(not line.isascii() and _BROKEN.search(line) for line in rows):
            for row in values:
                places, shown = zip(*map(_show_broken, row), strict=True)
                connection.exec_driver_sql(f"{insert}({', '.join(places)})", shown)
        else:
            connection.exec_driver_sql(f"{insert}({', '.join('?' * len(columns))})", values)
        count += len(values)
    return count


def advance_counters(connection: Connection) -> None:
    """Let PostgreSQL's counters go on behind the highest key there is; SQLite looks for itself."""
    if connection.dialect.name != "postgresql":
        return
    query = text(
        "SELECT c.table_name, c.column_name, pg_get_serial_sequence(quote_ident(c.table_name), c.column_name) AS counter "
        "FROM information_schema.columns c WHERE c.table_schema = current_schema() AND c.table_name LIKE 'backline\\_%'"
    )
    for table, column, counter in connection.execute(query).all():
        if counter is not None:
            highest = f"(SELECT max({column}) FROM {table})"
            connection.execute(
                text(f"SELECT setval('{counter}', coalesce({highest}, 1), {highest} IS NOT NULL)")
            )


def is_anything_there(connection: Connection) -> bool:
    """Whether any of our tables has a row."""
    return any(
        connection.execute(text(f"SELECT 1 FROM {table} LIMIT 1")).first()
        for table in list_tables(connection)
    )


def _driver(connection: Connection) -> Any:
    """psycopg's connection, in SQLAlchemy's transaction: it must have begun."""
    connection.execute(text("SET LOCAL client_encoding TO 'UTF8'"))
    return connection.connection.driver_connection


def _quote(name: str) -> str:
    return f'"{name}"'


def _names(columns: Columns) -> str:
    return ", ".join(_quote(name) for name, _ in columns)


def _split_lines(blocks: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for block in blocks:
        whole, newline, tail = (rest + block).rpartition(b"\n")
        rest = tail
        if newline:
            yield from whole.decode(errors="surrogateescape").split("\n")
    if rest:
        raise BadInput("The last line of a table was cut.")


def _chunk(lines: Iterable[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    for line in lines:
        chunk.append(line)
        if len(chunk) == ROWS:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _read_text(value: str) -> str:
    if "\\" not in value:
        return value
    return _ESCAPED.sub(lambda match: _ESCAPES.get(match[1], match[1]), value)


def _make_reader(read: Callable[[str], Any]) -> Callable[[str], Any]:
    def read_value(value: str) -> Any:
        if value.startswith("\\"):
            if value == "\\N":
                return None
            if value.startswith(_ODD):
                return _ODD_READERS[value[4]](value[6:])
        return read(value)

    return read_value


def _show_broken(value: object) -> tuple[str, object]:
    """A place in a statement and what goes there: SQLite takes a text that is no UTF-8 as bytes only."""
    if isinstance(value, str) and _BROKEN.search(value):
        return "CAST(? AS TEXT)", value.encode(errors="surrogateescape")
    return "?", value


_ODD_READERS: dict[str, Callable[[str], Any]] = {
    "b": bytes.fromhex, "t": _read_text, "i": int, "r": float,
}  # fmt: skip
_READERS: dict[str, Callable[[str], Any]] = {
    "int": _make_reader(int),
    "text": _make_reader(_read_text),
    "bool": _make_reader(lambda value: int(value == "t")),
    "bytes": _make_reader(lambda value: bytes.fromhex(value[3:])),
}
