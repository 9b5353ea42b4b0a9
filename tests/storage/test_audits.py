"""Audit rows can be added and read, and nothing else."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backline.storage.audits import AuditEntry, insert_audit, list_audit, tell_audit, write_body
from backline.storage.database import Database

CHANGES = ["UPDATE backline_audit SET actor = 'bob'", "DELETE FROM backline_audit", "TRUNCATE backline_audit"]


@pytest.fixture
def told(database: Database) -> Database:
    with database.write() as connection:
        for entry in (
            AuditEntry("ann", "run.failed", "run:1", "{}", "1", 2, "b", "a"),
            AuditEntry("ann", "song.change", "song:7", "{}", "1"),
            AuditEntry("bob", "run.failed", "run:2", "{}", "2"),
        ):
            insert_audit(connection, database.now_sql, entry)
    return database


def test_a_row_of_a_known_moment_tells_its_id(told: Database) -> None:
    body = write_body({"why": "späť", "anchor": None, "rows": 3})
    with told.write() as connection:
        number = tell_audit(connection, 7, AuditEntry("ann", "audit.epoch", "audit-epoch:2", body))
    with told.read() as connection:
        row = list_audit(connection)[0]
    assert (row.id, row.at, row.body) == (number, 7, '{"rows":3,"why":"späť"}')


def test_rows_are_found_by_object_and_by_run(told: Database) -> None:
    with told.read() as connection:
        assert [row.object for row in list_audit(connection)] == ["run:2", "song:7", "run:1"]
        assert [row.object for row in list_audit(connection, limit=1)] == ["run:2"]
        assert [row.actor for row in list_audit(connection, object="song:7")] == ["ann"]
        assert [row.object for row in list_audit(connection, run_id="1")] == ["song:7", "run:1"]
        first = list_audit(connection, object="run:1")[0]
        assert (first.fence, first.before_sha, first.after_sha) == (2, "b", "a") and first.at > 0
        assert [row.id for row in list_audit(connection)] == [3, 2, 1]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("owner", [True, False], ids=["owner", "product"])
def test_nobody_changes_them(told: Database, change: str, owner: bool) -> None:
    if told.is_sqlite and change.startswith("TRUNCATE"):
        change = "INSERT OR REPLACE INTO backline_audit SELECT * FROM backline_audit"
    database = Database(told.url.render_as_string(hide_password=False)) if owner else told
    words = "never changed" if owner or told.is_sqlite else "permission denied"
    with pytest.raises(DBAPIError, match=words), database.write() as connection:
        connection.execute(text(change))
    with told.read() as connection:
        assert [row.actor for row in list_audit(connection)] == ["bob", "ann", "ann"]
    if owner:
        database.close()
