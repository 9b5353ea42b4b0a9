"""Audit rows leave by whole closed epochs whose export was verified, and verify says so ever after."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backline.errors import NotAllowed
from backline.storage.database import Database
from backline.storage.seals_epochs import begin_epoch, list_drops
from backline.storage.seals_export import write_lines
from backline.storage.seals_retention import ProvenExport, drop_epoch, prove_export
from tests.storage.chains import check, list_sealed, read_points, seal, tamper, tell


@pytest.fixture
def told(database: Database) -> Database:
    for month in ("1", "2"):
        tell(database, *(f"{month}.{name}" for name in "abc"))
        seal(database)
        with database.write() as connection:
            begin_epoch(connection, f"month {month} closed")
    return database


def write(database: Database, path: Path) -> Path:
    with database.read() as connection:
        path.write_text("".join(line + "\n" for line in write_lines(connection)), encoding="utf-8")
    return path


def drop(database: Database, epoch: int, path: Path) -> int:
    return drop_proven(database, epoch, prove_export(path, [epoch]))


def drop_proven(database: Database, epoch: int, export: ProvenExport) -> int:
    """As the owner: the writer role may not delete."""
    owner = Database(database.url.render_as_string(hide_password=False))
    try:
        with owner.write() as connection:
            return drop_epoch(connection, epoch, export, by="ann", why="older than a year")
    finally:
        owner.close()


def test_an_epoch_leaves_and_the_rest_stands_on_its_last_hash(told: Database, tmp_path: Path) -> None:
    export, points = write(told, tmp_path / "e.jsonl"), read_points(told)
    assert drop(told, 1, export) == 3
    seal(told)
    assert list_sealed(told)[0] == "audit-epoch:2"
    (finding,) = check(told, points)
    assert (finding.kind, finding.fault, finding.epoch) == ("dropped", False, 1)
    assert "(3 rows) was taken out on" in finding.says
    assert "by ann" in finding.says
    assert hashlib.sha256(export.read_bytes()).hexdigest() in finding.says
    with told.read() as connection:
        (gone,) = list_drops(connection)
    assert (gone.epoch, gone.last_seq, gone.dropped_by) == (1, 3, "ann")
    assert points[1, 3] == gone.last_hash
    again = write(told, tmp_path / "again.jsonl")
    assert drop(told, 2, again) == 4
    seal(told)
    assert {finding.kind for finding in check(told, points)} == {"dropped"}


def test_who_took_an_epoch_out_is_told_by_a_sealed_row(told: Database, tmp_path: Path) -> None:
    drop(told, 1, write(told, tmp_path / "e.jsonl"))
    seal(told)
    (true,) = check(told)
    for change in ("dropped_by = 'nobody'", "export_sha = '00ff'", "dropped_at = 1", "last_seq = 2"):
        tamper(told, "CREATE TABLE kept AS SELECT * FROM backline_seal_drop")
        tamper(told, f"UPDATE backline_seal_drop SET {change}")
        found = {finding.kind: finding for finding in check(told)}
        assert found["changed_drop"].fault
        assert found["dropped"].says == true.says
        tamper(told, "DELETE FROM backline_seal_drop", "INSERT INTO backline_seal_drop SELECT * FROM kept", "DROP TABLE kept")  # fmt: skip


def test_a_second_story_of_who_took_an_epoch_out_is_a_fault(told: Database, tmp_path: Path) -> None:
    drop(told, 1, write(told, tmp_path / "e.jsonl"))
    columns = "action, object, before_sha, after_sha, body"
    query = (
        f"INSERT INTO backline_audit (at, actor, {columns}) SELECT at, 'eve', {columns} FROM backline_audit"
    )
    with told.write() as connection:
        connection.execute(text(f"{query} WHERE action = 'audit.drop'"))
    seal(told)
    assert [finding.kind for finding in check(told)] == ["changed_drop", "dropped"]


def test_what_tells_of_an_earlier_epoch_leaves_and_is_told_again(told: Database, tmp_path: Path) -> None:
    for epoch in (1, 2):
        drop(told, epoch, write(told, tmp_path / f"{epoch}.jsonl"))
        seal(told)
    before = [finding.says for finding in check(told)]
    with told.write() as connection:
        begin_epoch(connection, "month 3 closed")
    drop(told, 3, write(told, tmp_path / "3.jsonl"))
    seal(told)
    after = check(told)
    assert {finding.kind for finding in after} == {"dropped"}
    assert [finding.says for finding in after[:2]] == before


def test_an_export_is_read_before_and_not_while_others_wait(told: Database, tmp_path: Path) -> None:
    path = write(told, tmp_path / "e.jsonl")
    proven = prove_export(path, [1, 2])
    path.unlink()
    assert [drop_proven(told, epoch, proven) for epoch in (1, 2)] == [3, 4]
    with told.read() as connection:
        assert {one.export_sha for one in list_drops(connection)} == {proven.sha}


def test_a_rewritten_end_of_what_was_taken_out_is_seen(told: Database, tmp_path: Path) -> None:
    points = read_points(told)
    drop(told, 1, write(told, tmp_path / "e.jsonl"))
    seal(told)
    kinds = [finding.kind for finding in check(told, points | {(1, 3): bytes(32)}) if finding.fault]
    assert kinds == ["rewritten"]


def test_the_open_epoch_stays(told: Database, tmp_path: Path) -> None:
    proven = prove_export(write(told, tmp_path / "e.jsonl"), [3])
    for epoch in (3, 4):
        with pytest.raises(NotAllowed, match="is open"):
            drop_proven(told, epoch, proven)


def test_only_the_oldest_leaves(told: Database, tmp_path: Path) -> None:
    with pytest.raises(NotAllowed, match="not the oldest"):
        drop(told, 2, write(told, tmp_path / "e.jsonl"))


def test_without_a_whole_true_export_nothing_leaves(told: Database, tmp_path: Path) -> None:
    path = write(told, tmp_path / "e.jsonl")
    whole = path.read_text()
    path.write_text(whole.replace('"whole":true', '"whole":false'))
    with pytest.raises(NotAllowed, match="whole"):
        drop(told, 1, path)
    path.write_text(whole.replace('"object":"1.b"', '"object":"1.x"'))
    with pytest.raises(NotAllowed, match="row 2 was changed"):
        drop(told, 1, path)
    path.write_text(whole)
    tamper(told, "UPDATE backline_seal SET hash = prev WHERE epoch = 1 AND seq = 3")
    with pytest.raises(NotAllowed, match="as the database has it"):
        drop(told, 1, path)
    assert len(list_sealed(told)) == 8


def test_the_triggers_hold_back_what_was_not_declared(told: Database) -> None:
    owner = Database(told.url.render_as_string(hide_password=False))
    values = "2, 10, hash, 1, 2, 'sha', 3, 'eve' FROM backline_seal_epoch WHERE epoch = 3"
    for statement, words in (
        ("DELETE FROM backline_audit WHERE id = 1", "never changed"),
        ("DELETE FROM backline_seal WHERE epoch = 1", "never changed"),
        (f"INSERT INTO backline_seal_drop SELECT 3{values[1:]}", "open epoch"),
    ):
        with pytest.raises(DBAPIError, match=words), owner.write() as connection:
            connection.execute(text(statement))
    owner.close()
