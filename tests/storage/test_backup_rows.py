"""Rows as text are the same out of either database and into either."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, Numeric, Table, text

from backline.errors import BadInput
from backline.storage.backup_rows import (
    FLEETING,
    LATE,
    NOT_KEPT,
    dump_rows,
    is_anything_there,
    list_tables,
    load_rows,
    read_columns,
)
from backline.storage.database import Database
from backline.storage.run_tables import metadata
from tests.storage.backups import ODD, back_up, fill, put_back, read_everything
from tests.storage.chains import seal, tamper
from tests.storage.rows import make_run


def test_every_table_and_column_is_kept_but_what_a_server_fills(database: Database) -> None:
    with database.read() as connection:
        tables = list_tables(connection)
        assert set(tables) == set(metadata.tables) - set(FLEETING)
        assert tables[-len(LATE) :] == list(LATE)
        for name in tables:
            kept = {column for column, _ in read_columns(connection, name)}
            wanted = {column.name for column in metadata.tables[name].columns}
            assert kept == wanted - {column for table, column in NOT_KEPT if table == name}, name


def test_what_was_written_is_read_again(
    database: Database, make_database_url: Callable[[str], str], tmp_path: Path
) -> None:
    fill(database)
    copy = Database(make_database_url("sqlite"))
    with database.read() as source, copy.write() as target:
        assert not is_anything_there(target)
        for table in list_tables(source):
            if table == "backline_seal_drop":
                continue
            columns = read_columns(source, table)
            blocks = list(dump_rows(source, table, columns))
            rows = load_rows(target, table, columns, blocks)
            assert rows == b"".join(blocks).count(b"\n")
        assert is_anything_there(target)
    assert read_everything(copy) == read_everything(database)
    with copy.read() as connection:
        row = connection.execute(
            text("SELECT job, answer, error_text, worker FROM backline_run WHERE state = 'succeeded'")
        ).one()
        assert tuple(row) == (ODD, "\\N", "", None)
        secret = connection.execute(text("SELECT nonce, ciphertext FROM backline_secret")).one()
        assert (bytes(secret[0]), bytes(secret[1])) == (bytes(range(256)), b"")
        assert connection.execute(text("SELECT enabled FROM backline_schedule")).scalar_one() in (0, False)
    copy.close()


def test_blocks_may_be_cut_anywhere(database: Database, make_database_url: Callable[[str], str]) -> None:
    odd = ODD + "\v\b\f"  # PostgreSQL writes these with a backslash too
    make_run(database, job=odd)
    copy = Database(make_database_url("sqlite"))
    with database.read() as source, copy.write() as target:
        columns = read_columns(source, "backline_run")
        whole = b"".join(dump_rows(source, "backline_run", columns))
        load_rows(target, "backline_run", columns, (whole[place : place + 1] for place in range(len(whole))))
        assert target.execute(text("SELECT job FROM backline_run")).scalar_one() == odd
        with pytest.raises(BadInput, match="was cut"):
            load_rows(target, "backline_run", columns, [whole[:-1]])
    copy.close()


def test_a_kind_of_column_that_has_no_text_is_refused(database: Database) -> None:
    owner = Database(database.url.render_as_string(hide_password=False))
    odd = Table("backline_odd", MetaData(), Column("sum", Numeric(10, 2)))
    with owner.write() as connection:
        odd.create(connection)
        with pytest.raises(BadInput, match=r"backline_odd\.sum"):
            read_columns(connection, "backline_odd")
        odd.drop(connection)
    owner.close()


ODD_VALUES = [
    ("actor", "x'ff00'"), ("actor", "CAST('bob' AS BLOB)"), ("actor", "CAST(x'ff410a09' AS TEXT)"), ("actor", "'a' || char(0) || 'b'"),
    ("actor", "'\\xffb:00'"), ("at", "'abc'"), ("at", "'a\tb\\'"), ("at", "1.5e308"), ("at", "0.1"), ("at", "9e999"), ("at", "x'0a'"),
    ("run_id", "x''"), ("fence", "'\\N'"), ("body", "CAST(x'22ff22' AS TEXT)"),
]  # fmt: skip
TYPES = "typeof(at), typeof(actor), typeof(run_id), typeof(fence), typeof(body), quote(at), hex(actor), hex(fence), hex(body)"


def leave_odd(database: Database, values: list[tuple[str, str]]) -> None:
    """Audit rows as no process of ours writes them."""
    with database.write() as connection:
        for column, value in values:
            row = {"at": "1", "actor": "'é'", "action": "'x'", "object": "'y'", "body": "'{}'", column: value}
            names, told = ", ".join(row), ", ".join(row.values())
            connection.execute(
                text(f"INSERT INTO backline_audit ({names}) VALUES ({told.replace(':', chr(92) + ':')})")
            )


def test_what_only_sqlite_keeps_comes_back_as_it_was(make_database_url: Callable[[str], str]) -> None:
    source, copy = (Database(make_database_url("sqlite")) for _ in range(2))
    leave_odd(source, ODD_VALUES)
    seal(source)
    tamper(
        source,
        "UPDATE backline_seal SET hash = 'abc' WHERE seq = 3",
        "UPDATE backline_seal SET prev = 7 WHERE seq = 4",
    )
    with source.read() as old, copy.write() as new:
        for table in ("backline_audit", "backline_seal"):
            columns = read_columns(old, table)
            load_rows(new, table, columns, dump_rows(old, table, columns))
        query = text(f"SELECT {TYPES} FROM backline_audit ORDER BY id")
        assert new.execute(query).all() == old.execute(query).all()
        query = text(
            "SELECT typeof(hash), typeof(prev), quote(hash), quote(prev) FROM backline_seal ORDER BY seq"
        )
        assert new.execute(query).all() == old.execute(query).all()
    source.close()
    copy.close()


@pytest.mark.services
@pytest.mark.parametrize("odd", [ODD_VALUES[0], ODD_VALUES[2], ODD_VALUES[5]])
def test_postgresql_refuses_the_row_that_has_no_place_there(
    odd: tuple[str, str], make_database_url: Callable[[str], str], tmp_path: Path
) -> None:
    source = Database(make_database_url("sqlite"))
    leave_odd(source, [odd])
    back_up(source, tmp_path / "b.zip")
    with pytest.raises(
        BadInput, match=r"tables/backline_audit\.copy .* \(COPY backline_audit, line 1"
    ) as caught:
        put_back(tmp_path / "b.zip", make_database_url("postgresql"))
    assert caught.value.remedy == "A value that only SQLite keeps can only go back into SQLite."
    source.close()
