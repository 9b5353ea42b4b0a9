"""The scheduled form of retention, called as a plain function."""

from __future__ import annotations

from pathlib import Path

from backline.runtime.claim import Watch
from backline.runtime.stop import StopOrder
from backline.storage.database import Database
from backline.storage.retention import DAY, RetentionPlan
from backline.tasks.housekeeping import ApplyRetention, RetentionAnswer, apply_retention, name_lock
from tests.storage.backups import count
from tests.storage.catalogue_stage import CatalogueStage, release, track
from tests.storage.chains import list_sealed, seal, tell
from tests.storage.rows import make_run


def call(database: Database, plan: RetentionPlan, *, dry_run: bool = False) -> RetentionAnswer:
    watch = Watch(database, "r", 1, attempt=1, asked_by="ann", soft=60, hard=90, stop=StopOrder(25))
    return apply_retention(ApplyRetention(dry_run=dry_run), database, plan, watch)


def removed(answer: RetentionAnswer) -> dict[str, int]:
    return {line.kind: line.removed for line in answer.kinds if line.removed}


def test_what_leaves_is_told_by_kind(database: Database, tmp_path: Path) -> None:
    plan = RetentionPlan(runs=1, audit=100, epoch=10, exports=tmp_path)
    make_run(database, state="succeeded", finished_at=5)
    tell(database, "a")
    seal(database)
    true, database.now_sql = database.now_sql, f"({database.now_sql} + {101 * DAY})"
    assert removed(call(database, plan, dry_run=True)) == {"runs": 1}  # the epoch is not closed yet
    answer = call(database, plan)
    database.now_sql = true
    assert removed(answer) == {"runs": 1, "audit": 1}
    if database.is_sqlite:  # on PostgreSQL transactions of other databases of the server may put it off
        assert "audit-epoch:1" in list_sealed(database)  # else a reader would find it gone and untold
    assert {line.kind: line.days for line in answer.kinds}["audit"] == 100
    assert "audit row" in answer.reasons[0].decision
    assert count(database, "SELECT count(*) FROM backline_run") == 0
    assert removed(call(database, plan)) == {}


def test_expired_content_leaves_whatever_the_terms(database: Database) -> None:
    stage = CatalogueStage(database)
    with database.read() as connection:
        stage.now = database.now(connection) - 31 * DAY
    stage.look(release("Dawn", track("One")))
    assert removed(call(database, RetentionPlan(), dry_run=True)) == {"content": 4}
    assert removed(call(database, RetentionPlan())) == {"content": 4}
    assert stage.count("entry") == 0


def test_nothing_leaves_without_a_term_and_two_do_not_work_at_once(database: Database) -> None:
    make_run(database, state="succeeded", finished_at=5)
    assert removed(call(database, RetentionPlan())) == {}
    assert name_lock(ApplyRetention()) == name_lock(ApplyRetention(dry_run=True))
