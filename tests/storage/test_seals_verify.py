"""Each way of tampering, as the database's owner, is named by what was done and to which row."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from backline.storage.audits import AuditEntry, insert_audit
from backline.storage.database import Database
from backline.storage.seals import seal_batch, write_epoch
from backline.storage.seals_chain import hash_row
from backline.storage.seals_epochs import begin_epoch
from backline.storage.seals_verify import Finding
from backline.storage.upgrade import upgrade_database
from tests.storage.chains import await_neighbours, check, open_owner, read_points, seal, tamper, tell

NAMES = [f"song:{number}" for number in range(1, 11)]
CHANGES = [
    "actor = 'bob'",
    "at = at + 1",
    "fence = NULL",
    "run_id = ''",
    "body = '[]'",
    "before_sha = 'x'",
]
SWAP_IDS = [
    "UPDATE backline_audit SET id = -5 WHERE id = 5",
    "UPDATE backline_audit SET id = 5 WHERE id = 7",
    "UPDATE backline_audit SET id = 7 WHERE id = -5",
]
SWAP_SEALED = [
    "UPDATE backline_seal SET audit_id = -5 WHERE seq = 5",
    "UPDATE backline_seal SET audit_id = 5 WHERE seq = 7",
    "UPDATE backline_seal SET audit_id = 7 WHERE seq = 5",
]
SWAP_SEALS = [
    "UPDATE backline_seal SET seq = -5 WHERE seq = 5",
    "UPDATE backline_seal SET seq = 5 WHERE seq = 7",
    "UPDATE backline_seal SET seq = 7 WHERE seq = -5",
]


@pytest.fixture
def sealed(database: Database) -> Database:
    tell(database, *NAMES)
    assert seal(database) == 10
    return database


def kinds(findings: list[Finding]) -> set[str]:
    return {finding.kind for finding in findings if finding.fault}


def rewrite(database: Database) -> None:
    """Hash the whole chain anew over a changed row, as who owns the database can."""
    with open_owner(database) as connection:
        connection.execute(text("UPDATE backline_audit SET actor = 'bob' WHERE id = 4"))
        prev = connection.execute(text("SELECT hash FROM backline_seal_epoch")).scalar_one()
        rows = connection.execute(text("SELECT * FROM backline_audit ORDER BY id")).mappings().all()
        for row in rows:
            own = hash_row(bytes(prev), {name: value for name, value in row.items() if name != "xid"})
            connection.execute(
                text("UPDATE backline_seal SET prev = :prev, hash = :hash WHERE audit_id = :id"),
                {"prev": prev, "hash": own, "id": row["id"]},
            )
            prev = own


def test_an_untouched_chain_is_clean(sealed: Database) -> None:
    assert check(sealed, read_points(sealed), late=True) == []


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_row_is_named(sealed: Database, change: str) -> None:
    tamper(sealed, f"UPDATE backline_audit SET {change} WHERE id = 4")
    (finding,) = check(sealed)
    assert (finding.kind, finding.audit_id, finding.epoch, finding.seq) == ("changed_row", 4, 1, 4)
    assert "row 4" in finding.says


def test_a_changed_seal_is_named_as_its_row(sealed: Database) -> None:
    tamper(sealed, "UPDATE backline_seal SET hash = prev WHERE seq = 4")
    (finding,) = check(sealed)
    assert (finding.kind, finding.audit_id) == ("changed_row", 4)


@pytest.mark.parametrize("last", [False, True])
def test_a_changed_row_whose_seal_was_made_anew_is_named_itself(sealed: Database, last: bool) -> None:
    number = 10 if last else 4
    tamper(sealed, f"UPDATE backline_audit SET actor = 'bob' WHERE id = {number}")
    with open_owner(sealed) as connection:
        row = connection.execute(text(f"SELECT * FROM backline_audit WHERE id = {number}")).mappings().one()
        prev = connection.execute(text(f"SELECT prev FROM backline_seal WHERE seq = {number}")).scalar_one()
        own = hash_row(bytes(prev), {name: value for name, value in row.items() if name != "xid"})
        connection.execute(text(f"UPDATE backline_seal SET hash = :own WHERE seq = {number}"), {"own": own})
    if last:  # nothing stands on it yet
        tell(sealed, "song:11")
        assert check(sealed) == []
        return
    (finding,) = check(sealed)
    assert (finding.kind, finding.audit_id, finding.seq) == ("changed_row", 4, 4)
    assert "made anew" in finding.says
    kept = {(1, 4): own}  # an anchor that knows this row as it is: then the one after it is not what it was
    (finding,) = check(sealed, kept)
    assert (finding.kind, finding.audit_id) == ("removed_seals", 5)


ODD_HASHES = {"sqlite": ["'text'", "x'00'", "7", "9999999999999", "x''"], "postgresql": [r"'\x00'", "''"]}


@pytest.mark.parametrize("column", ["prev", "hash"])
def test_an_odd_hash_is_a_fault_of_its_row(sealed: Database, column: str) -> None:
    for odd in ODD_HASHES[sealed.dialect]:
        tamper(sealed, f"UPDATE backline_seal SET {column} = {odd} WHERE seq = 4")
        assert ("changed_row", 4) in {(finding.kind, finding.audit_id) for finding in check(sealed)}


def test_a_seal_of_no_place_is_told_by_its_row(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/b.db")
    upgrade_database(database)
    tell(database, *NAMES)
    seal(database)
    tamper(database, "UPDATE backline_seal SET seq = 'abc' WHERE audit_id = 7")
    assert [(finding.kind, finding.seq, finding.audit_id) for finding in check(database)] == [
        ("removed_seals", 7, None), ("odd_seal", None, 7),
    ]  # fmt: skip
    assert check(database)[0].says == "Seal 7 of epoch 1 was removed."
    database.close()


@pytest.mark.parametrize("action", ["audit.drop", "audit.epoch"])
def test_an_odd_tale_of_an_epoch_is_a_fault(sealed: Database, action: str) -> None:
    with sealed.write() as connection:
        for body in ("nonsense", "[]", "1", '"x"', "[" * 9999):
            insert_audit(connection, sealed.now_sql, AuditEntry("eve", action, "audit-epoch:1", body))
    seal(sealed)
    found = [(finding.kind, finding.fault, finding.audit_id) for finding in check(sealed)]
    assert found == [("odd_row", True, number) for number in range(11, 16)]


def test_a_removed_row_is_named(sealed: Database) -> None:
    tamper(sealed, "DELETE FROM backline_audit WHERE id = 4")
    (finding,) = check(sealed)
    assert (finding.kind, finding.audit_id) == ("removed_row", 4)


def test_a_row_removed_with_its_seal_is_a_gap(sealed: Database) -> None:
    tamper(sealed, "DELETE FROM backline_audit WHERE id = 4", "DELETE FROM backline_seal WHERE seq = 4")
    (finding,) = check(sealed)
    assert (finding.kind, finding.seq) == ("removed_seals", 4)


def test_a_gap_that_was_closed_is_seen(sealed: Database) -> None:
    tamper(
        sealed,
        "DELETE FROM backline_audit WHERE id = 4",
        "DELETE FROM backline_seal WHERE seq = 4",
        "UPDATE backline_seal SET seq = seq - 100 WHERE seq > 4",
        "UPDATE backline_seal SET seq = seq + 99 WHERE seq < 0",
    )
    (finding,) = check(sealed)
    assert (finding.kind, finding.seq, finding.audit_id) == ("removed_seals", 4, 5)


@pytest.mark.parametrize("swap", [SWAP_IDS, SWAP_SEALED, SWAP_SEALS], ids=["ids", "sealed", "seals"])
def test_reordered_rows_are_told_from_changed_ones(sealed: Database, swap: list[str]) -> None:
    tamper(sealed, *swap)
    findings = check(sealed)
    assert kinds(findings) == {"reordered"}
    assert {5, 7} <= {finding.seq for finding in findings}


def test_a_cut_tail_is_seen_by_the_anchors_alone(sealed: Database) -> None:
    points = {place: own for place, own in read_points(sealed).items() if place[1] in (3, 9)}
    tamper(sealed, "DELETE FROM backline_audit WHERE id > 6", "DELETE FROM backline_seal WHERE seq > 6")
    assert check(sealed) == []
    (finding,) = check(sealed, points)
    assert (finding.kind, finding.seq) == ("cut_tail", 6)
    assert "seal 9" in finding.says


def test_rows_cut_from_the_tail_whose_seals_stay(sealed: Database) -> None:
    tamper(sealed, "DELETE FROM backline_audit WHERE id > 8")
    assert [finding.audit_id for finding in check(sealed)] == [9, 10]


def test_a_rewritten_chain_is_seen_by_the_anchors_alone(sealed: Database) -> None:
    points = {place: own for place, own in read_points(sealed).items() if place[1] in (2, 6, 9)}
    rewrite(sealed)
    assert check(sealed) == []
    (finding,) = check(sealed, points)
    assert (finding.kind, finding.seq) == ("rewritten", 6)
    assert "behind seal 2" in finding.says


def test_a_cut_tail_dressed_up_as_a_restore(sealed: Database) -> None:
    points = read_points(sealed)
    tamper(sealed, "DELETE FROM backline_audit WHERE id > 6", "DELETE FROM backline_seal WHERE seq > 6")
    with sealed.write() as connection:
        values = {
            "epoch": 2, "foot": points[1, 6], "rows_before": 6, "began_at": 5, "why": "disk died",
            "anchor": "epoch 1, seal 6", "xid_floor": 0, "audit_id": 6,
        }  # fmt: skip
        write_epoch(connection, values)
    assert kinds(check(sealed, points)) == {"cut_tail", "untold_restore"}
    assert kinds(check(sealed)) == {"untold_restore"}


def test_everything_gone_is_seen_by_the_anchors(sealed: Database) -> None:
    points = read_points(sealed)
    tamper(
        sealed,
        *(f"DELETE FROM {name}" for name in ("backline_audit", "backline_seal", "backline_seal_epoch")),
    )
    assert kinds(check(sealed, points)) == {"cut_tail"}


def test_rows_that_nobody_sealed_are_late_after_a_minute(sealed: Database) -> None:
    tell(sealed, "song:11", "song:12")
    assert check(sealed, late=True) == []
    tamper(sealed, "UPDATE backline_audit SET at = at - 61000000 WHERE id > 10")
    (finding,) = check(sealed, late=True)
    assert (finding.kind, finding.fault, finding.audit_id) == ("unsealed", True, 11)
    assert finding.says.startswith("2 audit rows")


def test_a_row_slipped_in_behind_the_head_is_never_sealed(sealed: Database) -> None:
    tamper(
        sealed,
        "INSERT INTO backline_audit (id, at, actor, action, object, body) VALUES (-3, 5, 'eve', 'a', 'o', '{}')",
    )
    if not sealed.is_sqlite:
        tamper(sealed, "UPDATE backline_audit SET xid = '3' WHERE id = -3")
    seal(sealed)
    (finding,) = check(sealed, late=True)
    assert (finding.kind, finding.audit_id) == ("inserted_row", -3)


def test_a_row_slipped_in_is_told_whatever_time_it_claims(sealed: Database) -> None:
    tamper(
        sealed,
        "DELETE FROM backline_audit WHERE id = 4",
        "DELETE FROM backline_seal WHERE audit_id = 4",
        "INSERT INTO backline_audit (id, at, actor, action, object, body) "
        "VALUES (4, 9000000000000000, 'eve', 'a', 'o', '{}')",
    )
    if not sealed.is_sqlite:
        tamper(sealed, "UPDATE backline_audit SET xid = '3' WHERE id = 4")
    seal(sealed)
    found = {finding.kind: finding.audit_id for finding in check(sealed, late=True)}
    assert (found["inserted_row"], found["future_row"]) == (4, 4)


@pytest.mark.parametrize("number", [-1, 0, 12, (1 << 63) - 1])
def test_an_id_that_the_database_would_not_give_is_refused(tmp_path: Path, number: int) -> None:
    database = Database(f"sqlite:///{tmp_path}/b.db")
    upgrade_database(database)
    tell(database, *NAMES)
    seal(database)
    insert = "INSERT INTO backline_audit (id, at, actor, action, object, body) VALUES (:id, 5, 'eve', 'a', 'o', '{}')"
    with pytest.raises(IntegrityError, match="ids from the database"), database.write() as connection:
        connection.execute(text(insert), {"id": number})
    with database.write() as connection:
        connection.execute(text(insert), {"id": 11})
    tell(database, "song:12")
    assert seal(database) == 2
    database.close()


def test_rows_behind_the_last_id_are_not_blamed(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/b.db")
    upgrade_database(database)
    tell(database, *NAMES)
    seal(database)
    tamper(
        database,
        "INSERT INTO backline_audit (id, at, actor, action, object, body) "
        "SELECT 9223372036854775807, at, actor, action, object, body FROM backline_audit WHERE id = 1",
    )
    seal(database)
    tell(database, "honest")
    assert seal(database) == 0
    found = {finding.kind: finding for finding in check(database, late=True)}
    assert set(found) == {"last_id", "unsealed"}
    assert "Restore the newest backup" in found["last_id"].says
    database.close()


def test_a_row_of_the_future_is_sealed_and_told(sealed: Database) -> None:
    tamper(
        sealed,
        "INSERT INTO backline_audit (at, actor, action, object, body) VALUES (9000000000000000, 'a', 'a', 'o', '{}')",
    )
    await_neighbours(sealed)
    (finding,) = check(sealed, late=True)[:1]
    assert (finding.kind, finding.fault, finding.audit_id) == ("unsealed", True, 11)
    await_neighbours(sealed)
    with sealed.write() as connection:
        assert seal_batch(connection, least_age=1.0) == 1
    (finding,) = check(sealed, late=True)
    assert (finding.kind, finding.fault, finding.audit_id) == ("future_row", False, 11)
    assert "2255-03-14" in finding.says


def test_a_changed_epoch_and_a_missing_one(sealed: Database) -> None:
    for why in ("one", "two"):
        with sealed.write() as connection:
            begin_epoch(connection, why)
    assert check(sealed) == []
    tamper(sealed, "UPDATE backline_seal_epoch SET why = 'other' WHERE epoch = 2")
    assert kinds(check(sealed)) == {"changed_epoch"}
    tamper(sealed, "DELETE FROM backline_seal_epoch WHERE epoch = 2")
    assert kinds(check(sealed)) == {"epoch_gap"}


def test_a_closed_epoch_that_lost_its_end_needs_no_anchor(sealed: Database) -> None:
    with sealed.write() as connection:
        begin_epoch(connection, "month")
    tamper(
        sealed, "DELETE FROM backline_audit WHERE id = 10", "DELETE FROM backline_seal WHERE audit_id = 10"
    )
    assert kinds(check(sealed)) == {"cut_tail"}


def test_an_epoch_said_to_be_taken_out_that_no_row_tells_of(sealed: Database) -> None:
    with sealed.write() as connection:
        begin_epoch(connection, "month")
    tamper(
        sealed,
        "INSERT INTO backline_seal_drop SELECT 1, 10, hash, 1, 2, 'sha', 3, 'eve' FROM backline_seal "
        "WHERE epoch = 1 AND seq = 10",
        "DELETE FROM backline_audit WHERE id <= 10",
        "DELETE FROM backline_seal WHERE epoch = 1",
    )
    assert kinds(check(sealed)) == {"removed_epoch"}


def test_many_changed_rows_are_all_told(database: Database) -> None:
    tell(database, *(f"song:{number}" for number in range(260)))
    seal(database)
    tamper(database, "UPDATE backline_audit SET actor = 'bob'")
    findings = check(database)
    assert [finding.kind for finding in findings] == ["changed_row"] * 260
    assert {finding.audit_id for finding in findings} == set(range(1, 261))
