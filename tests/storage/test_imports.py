"""Rows of imports, and mappings that are remembered."""

from __future__ import annotations

import pytest

from backline.errors import BadInput, UnknownName
from backline.storage.database import Database
from backline.storage.import_lines import DayRange, ImportLine, RejectedRow, Rows, Totals
from backline.storage.imports import (
    NewImport,
    check_undoable,
    count_days,
    describe_import,
    find_same,
    insert_import,
    keep_mapping,
    list_imports,
    mark_undone,
    read_import,
    read_mappings,
    show_day,
)

LINE = ImportLine(
    file="a.zip/x.csv",
    format="table",
    outcome="accepted",
    import_id="imp_aa01",
    rows=Rows(read=4, accepted=2, rejected=1, ignored=1),
    rejected=[RejectedRow(line=3, kind="bad_number", reason="ünï")],
    totals=Totals(units=7, money={"EUR": "1.50"}),
    days=DayRange(first="2019-12-31", last="2020-01-01", count=2),
)


def make(import_id: str = "imp_aa01", outcome: str = "accepted") -> NewImport:
    """An import of the same bytes."""
    line = LINE.model_copy(update={"import_id": import_id, "outcome": outcome})
    return NewImport(line, "bytes", "hints", "mine", "run-1")


def test_line_comes_back_as_it_was(database: Database) -> None:
    with database.write() as connection:
        insert_import(connection, make(), 5)
        row = read_import(connection, "imp_aa01")
    assert describe_import(row) == LINE
    assert (row.report, row.run_id, row.created_at, row.undone_at) == ("mine", "run-1", 5, None)


def test_same_bytes_and_hints_are_found_until_taken_back(database: Database) -> None:
    with database.write() as connection:
        insert_import(connection, make("imp_aa00", "rejected"), 1)
        assert find_same(connection, "bytes", "hints") is None
        first = insert_import(connection, make("imp_aa01"), 1)
        second = insert_import(connection, make("imp_aa02"), 1)
        assert second > first
        found = find_same(connection, "bytes", "hints")
        assert found is not None and found.no == second
        assert find_same(connection, "bytes", "other hints") is None
        assert find_same(connection, "other bytes", "hints") is None
        assert mark_undone(connection, second, moment=9, by="ann")
        assert not mark_undone(connection, second, moment=10, by="bo")
        found = find_same(connection, "bytes", "hints")
        assert found is not None and found.no == first
        row = read_import(connection, "imp_aa02")
    assert (row.undone_at, row.undone_by) == (9, "ann")
    with pytest.raises(BadInput, match="taken back before, by ann"):
        check_undoable(row)
    check_undoable(found)


def test_ids_and_their_beginnings(database: Database) -> None:
    with database.write() as connection:
        for import_id in ("imp_aa01", "imp_aa01b", "imp_bb", "imp_cc"):
            insert_import(connection, make(import_id, "rejected"), 1)
        assert read_import(connection, " imp_aa01 ").id == "imp_aa01"
        assert read_import(connection, "imp_b").id == "imp_bb"
        for name in ("imp_", "imp_zz", "", "imp%"):
            with pytest.raises(UnknownName, match="import list"):
                read_import(connection, name)
        with pytest.raises(BadInput, match="was rejected"):
            check_undoable(read_import(connection, "imp_bb"))
        assert [row.id for row in list_imports(connection, limit=2)] == ["imp_cc", "imp_bb"]


def test_mapping_of_a_header_is_remembered_and_replaced(database: Database) -> None:
    with database.write() as connection:
        assert read_mappings(connection) == {}
        for body in ("one", "two"):
            keep_mapping(connection, database.now_sql, "f", body, created_by="ann")
        assert read_mappings(connection) == {"f": "two"}


def test_days() -> None:
    assert [show_day(count_days(day)) for day in ("1969-12-31", None)] == ["1969-12-31", None]
    assert count_days("1969-12-31") == -1
