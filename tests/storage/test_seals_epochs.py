"""A new epoch stands on the old one's head, tells why, and takes in what was written but not sealed."""

from __future__ import annotations

import json

from sqlalchemy import text

from backline.storage.audits import list_audit
from backline.storage.database import Database
from backline.storage.seals import read_epoch, read_head
from backline.storage.seals_epochs import begin_epoch, list_epochs
from tests.storage.chains import check, list_sealed, read_points, seal, tamper, tell


def begin(database: Database, why: str, anchor: str | None = None) -> int:
    with database.write() as connection:
        return begin_epoch(connection, why, anchor, actor="ann")


def test_it_stands_on_the_head_and_tells_why(database: Database) -> None:
    tell(database, "a", "b")
    seal(database)
    with database.read() as connection:
        head = read_head(connection)
    assert head is not None
    assert begin(database, "month closed") == 2
    tell(database, "c")
    assert seal(database) == 1
    with database.read() as connection:
        first, second = list_epochs(connection)
        (told,) = list_audit(connection, object="audit-epoch:2")
        newest = read_head(connection)
    assert (first.why, first.audit_id) == ("first", None)
    assert (second.foot, second.rows_before, second.why) == (head.hash, 2, "month closed")
    assert (told.actor, told.action) == ("ann", "audit.epoch")
    assert json.loads(told.body) == {"foot": head.hash.hex(), "why": "month closed"}
    assert newest is not None
    assert (newest.epoch, newest.seq, newest.count) == (2, 2, 4)
    assert list_sealed(database) == ["a", "b", "audit-epoch:2", "c"]
    assert check(database) == []


def test_the_first_epoch_may_be_begun_by_hand(database: Database) -> None:
    tell(database, "a")
    assert begin(database, "before anything was sealed") == 1
    assert list_sealed(database) == ["a", "audit-epoch:1"]
    assert check(database) == []


def test_what_was_not_sealed_is_sealed_first(database: Database) -> None:
    tell(database, "a")
    seal(database)
    tell(database, "b", "c")
    begin(database, "now")
    assert list_sealed(database) == ["a", "b", "c", "audit-epoch:2"]
    tell(database, "d")
    assert seal(database) == 1
    assert check(database) == []


def test_after_a_restore_to_an_older_point_verify_knows_why_anchors_are_ahead(database: Database) -> None:
    tell(database, "a", "b", "c")
    seal(database)
    points = read_points(database)
    tamper(database, "DELETE FROM backline_audit WHERE id > 1", "DELETE FROM backline_seal WHERE seq > 1")
    assert [finding.kind for finding in check(database, points)] == ["cut_tail"]
    begin(database, "disk died", "epoch 1, seq 1")
    tell(database, "d")
    seal(database)
    (finding,) = check(database, points | read_points(database))
    assert (finding.kind, finding.fault) == ("restored", False)
    assert "epoch 1, seq 1 (disk died)" in finding.says


def test_epochs_that_a_restore_lost_are_passed_by_and_told(database: Database) -> None:
    tell(database, "a")
    seal(database)
    lost = {(2, 1): b"l" * 32, (3, 0): b"l" * 32}
    with database.write() as connection:
        assert begin_epoch(connection, "disk died", "epoch 1, seq 1", least=4) == 4
    found = check(database, lost | read_points(database))
    assert [(finding.kind, finding.epoch, finding.fault) for finding in found] == [
        ("restored", 2, False), ("restored", 3, False),
    ]  # fmt: skip
    assert [finding.kind for finding in check(database, {(5, 1): b"l" * 32})] == ["cut_tail"]


def test_an_epoch_that_was_skipped_without_a_restore_is_a_gap(database: Database) -> None:
    tell(database, "a")
    seal(database)
    with database.write() as connection:
        begin_epoch(connection, "odd", least=4)
    assert [finding.kind for finding in check(database)] == ["epoch_gap"]


def test_an_ordinary_epoch_explains_no_cut(database: Database) -> None:
    tell(database, "a", "b", "c")
    seal(database)
    points = read_points(database)
    tamper(database, "DELETE FROM backline_audit WHERE id > 1", "DELETE FROM backline_seal WHERE seq > 1")
    begin(database, "month closed")
    assert [finding.kind for finding in check(database, points) if finding.fault] == ["cut_tail"]


def test_rows_of_another_server_are_taken_in(database: Database) -> None:
    """A dump restored into another cluster: ids of transactions that this server has not had yet."""
    tell(database, "a")
    seal(database)
    tell(database, "b")
    if not database.is_sqlite:
        tamper(database, "UPDATE backline_audit SET xid = '900000000000'")
    begin(database, "moved", "epoch 1, seq 1")
    for name in ("c", "d"):
        tell(database, name)
        assert seal(database) == 1
    assert list_sealed(database) == ["a", "b", "audit-epoch:2", "c", "d"]
    assert check(database, late=True) == []


def test_a_transaction_that_was_open_meanwhile_is_sealed_in_the_new_epoch(database: Database) -> None:
    if database.is_sqlite:  # it has one writer at a time
        begin(database, "first")
        return
    tell(database, "a")
    with database.write() as slow:
        slow.execute(
            text(
                "INSERT INTO backline_audit (at, actor, action, object, body) VALUES (1, 'ann', 'a', 'slow', '{}')"
            )
        )
        begin(database, "now")
        assert seal(database) == 0
    assert seal(database) == 1
    assert list_sealed(database) == ["a", "audit-epoch:1", "slow"]
    with database.read() as connection:
        epoch = read_epoch(connection)
    assert epoch is not None
    assert epoch.xid_floor > 0
    assert check(database) == []
