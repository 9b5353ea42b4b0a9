"""Old audit rows leave by whole epochs, after an export that holds them; and epochs are closed for that."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from backline.errors import NotAllowed
from backline.storage.database import Database
from backline.storage.retention import DAY, Author, RetentionPlan
from backline.storage.retention_audit import list_due_epochs, remove_old_epochs, write_export
from backline.storage.seals_epochs import begin_epoch, list_epochs
from backline.storage.seals_export import open_export
from backline.storage.seals_retention import prove_export
from tests.storage.backups import count
from tests.storage.chains import check, list_sealed, seal, tamper, tell


@pytest.fixture
def plan(tmp_path: Path) -> RetentionPlan:
    return RetentionPlan(audit=365, epoch=30, exports=tmp_path / "exports")


def look(database: Database, plan: RetentionPlan, days: int) -> list[int]:
    """What leaves so many days from now."""
    true = database.now_sql
    database.now_sql = f"({true} + {days * DAY})"
    try:
        return list(remove_old_epochs(database, plan, Author("ann")))
    finally:
        database.now_sql = true


def test_an_epoch_is_closed_in_time_and_leaves_with_its_term(database: Database, plan: RetentionPlan) -> None:
    tell(database, "a", "b")
    seal(database)
    assert look(database, plan, 29) == []
    assert count(database, "SELECT count(*) FROM backline_seal_epoch") == 1
    assert look(database, plan, 31) == []
    with database.read() as connection:
        assert [epoch.why for epoch in list_epochs(connection)] == ["first", "closed after 30 days"]
        now = database.now(connection)
        assert list_due_epochs(connection, plan, now + 364 * DAY) == []
        assert list_due_epochs(connection, plan, now + 366 * DAY) == [1]
    tell(database, "c")
    seal(database)
    assert not plan.exports.exists()
    assert look(database, plan, 366) == [2, 2]  # the second epoch was closed by this look
    seal(database)
    assert "a" not in list_sealed(database)
    assert {one.kind for one in check(database, late=True)} == {"dropped"}
    (export,) = plan.exports.iterdir()
    assert stat.S_IMODE(export.stat().st_mode) == 0o600
    assert [seq for seq, _ in prove_export(export, [1, 2]).ends.values()] == [2, 2]


def test_a_chain_that_was_changed_keeps_every_row(database: Database, plan: RetentionPlan) -> None:
    tell(database, "a", "b")
    seal(database)
    tamper(database, "UPDATE backline_audit SET object = 'x' WHERE object = 'a'")
    with pytest.raises(NotAllowed, match="was changed"):
        look(database, plan, 366)
    assert count(database, "SELECT count(*) FROM backline_audit WHERE object IN ('x', 'b')") == 2


def test_a_fault_in_one_epoch_keeps_those_before_it_too(database: Database, plan: RetentionPlan) -> None:
    for name in "ab":
        tell(database, name)
        seal(database)
        with database.write() as connection:
            begin_epoch(connection, f"after {name}")
    tamper(database, "UPDATE backline_audit SET object = 'x' WHERE object = 'b'")
    with pytest.raises(NotAllowed, match="was changed"):
        look(database, plan, 366)
    assert "a" in list_sealed(database)


def test_without_a_term_nothing_is_closed(database: Database, tmp_path: Path) -> None:
    tell(database, "a")
    seal(database)
    keep = RetentionPlan(exports=tmp_path / "exports")
    assert look(database, keep, 9999) == []
    with database.read() as connection:
        assert list_due_epochs(connection, keep, 1 << 62) == []
        assert len(list_epochs(connection)) == 1


def test_an_audit_that_was_never_sealed_has_no_epochs(database: Database, plan: RetentionPlan) -> None:
    tell(database, "a")
    assert look(database, plan, 9999) == []


class Pen:
    """A key whose signature shows the text that was signed."""

    id = "pen"

    def sign(self, text: bytes) -> str:
        return text.hex()


def test_an_export_that_fails_leaves_no_file(database: Database, plan: RetentionPlan) -> None:
    class Broken(Pen):
        def sign(self, text: bytes) -> str:
            assert [path.name[0] for path in plan.exports.iterdir()] == ["."]
            raise OSError(28, text.decode())

    tell(database, "a")
    seal(database)
    with pytest.raises(OSError, match="backline-export"):
        write_export(database, replace(plan, find_signer=Broken))
    assert list(plan.exports.iterdir()) == []


def test_the_export_is_signed_where_there_is_a_key(database: Database, plan: RetentionPlan) -> None:
    tell(database, "a", "b")
    seal(database)
    export = open_export(write_export(database, replace(plan, find_signer=Pen)))
    assert len(list(export.seals())) == 2
    assert (export.key, bytes.fromhex(export.signature)) == ("pen", export.signed_text())
    export = open_export(write_export(database, plan))
    assert len(list(export.seals())) == 2
    assert export.key is None
