"""Expired content of every kind is counted and leaves in batches, each with its audit row."""

from __future__ import annotations

import json

from sqlalchemy import insert

from backline.storage import account_tables
from backline.storage.audits import list_audit
from backline.storage.database import Database
from backline.storage.expired import count_expired, remove_expired
from backline.storage.retention import Author
from tests.storage.catalogue_stage import DAY, CatalogueStage, release, track


def test_content_leaves_in_batches_that_tell_the_audit(database: Database) -> None:
    stage = CatalogueStage(database)
    with database.write() as connection:
        stage.now = database.now(connection) - 40 * DAY
        for number, expires_at in enumerate((stage.now + DAY, stage.now + 90 * DAY)):
            gap = {"account_id": "a", "after": number, "before": 9, "run_id": "r", "seen_at": 1}
            connection.execute(insert(account_tables.play_gap).values(**gap, expires_at=expires_at))
    stage.look(release("Dawn", track("One")))
    with database.read() as connection:
        now = database.now(connection)
        assert count_expired(connection, now) == 5
        assert count_expired(connection, now - 20 * DAY) == 1
    assert list(remove_expired(database, Author("ann", "r", 3), batch=2)) == [4, 1]
    assert list(remove_expired(database, Author("ann"))) == []
    assert (stage.count("entry"), stage.count("account_gap")) == (0, 1)
    with database.read() as connection:
        rows = list_audit(connection)
    assert {(row.actor, row.action, row.run_id, row.fence) for row in rows} == {
        ("ann", "retention.content", "r", 3)
    }
    assert [json.loads(row.body)["count"] for row in rows] == [1, 4]
    assert not any("Dawn" in row.body or "One" in row.body for row in rows)  # counts, never content
