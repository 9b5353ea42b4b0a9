"""What was in hand is queued again, earlier claims are stale, and the chain goes on in a new epoch."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from backline.storage.database import Database
from backline.storage.restore_past import JUMP
from backline.storage.upgrade import upgrade_database
from tests.storage.backups import back_up, put_back
from tests.storage.chains import check, read_points, seal, tell
from tests.storage.rows import make_run

MakeUrl = Callable[[str], str]


def url_of(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.services])])
def target(request: pytest.FixtureRequest, make_database_url: MakeUrl) -> str:
    """The URL of an empty, upgraded database."""
    return make_database_url(request.param)


def test_later_anchors_are_known_to_be_lost_and_numbers_are_not_taken_twice(
    database: Database, tmp_path: Path
) -> None:
    tell(database, "one")
    seal(database)
    back_up(database, tmp_path / "b.zip")
    points = {}
    for number in range(3):
        tell(database, f"lost {number}")
        seal(database)
        points |= read_points(database)
        database.close()
        done = put_back(tmp_path / "b.zip", url_of(database), force=True)
        assert done.arrival.epoch == 2 + number
    tell(database, "kept")
    seal(database)
    found = check(database, points, late=True)
    assert [(one.kind, one.fault, one.epoch) for one in found] == [("restored", False, n) for n in (1, 2, 3)]
    assert "restored to epoch 1, seal 1" in found[0].says


def test_numbers_that_only_anchors_know_are_passed_by(
    database: Database, target: str, tmp_path: Path
) -> None:
    tell(database, "one")
    seal(database)
    back_up(database, tmp_path / "b.zip")
    assert put_back(tmp_path / "b.zip", target, least=7).arrival.epoch == 7
    copy = Database(target)
    assert [one for one in check(copy, {(6, 3): bytes(32)}) if one.fault] == []
    copy.close()


def test_workers_that_go_on_meanwhile_find_their_fences_stale(database: Database, tmp_path: Path) -> None:
    """A run was claimed twice after the backup; whoever holds the second claim still works."""
    run_id = make_run(database, state="running", fence=5, worker="w")
    back_up(database, tmp_path / "b.zip")
    late = 7
    database.close()
    put_back(tmp_path / "b.zip", url_of(database), force=True)
    settle = text(
        "UPDATE backline_run SET state = 'succeeded' WHERE id = :id AND fence = :fence AND state = 'running'"
    )
    claim = text(
        "UPDATE backline_run SET state = 'running', fence = fence + 1 WHERE id = :id RETURNING fence"
    )
    for _ in range(3):
        with database.write() as connection:
            fence = connection.execute(claim, {"id": run_id}).scalar_one()
            assert connection.execute(settle, {"id": run_id, "fence": late}).rowcount == 0
            assert fence > JUMP
    with database.write() as connection:
        assert connection.execute(settle, {"id": run_id, "fence": fence}).rowcount == 1


def test_on_postgresql_nobody_has_to_be_stopped(pg_url: str, tmp_path: Path) -> None:
    """Who works is waited for, and then finds the restored tables."""
    database = Database(pg_url)
    upgrade_database(database)
    make_run(database)
    back_up(database, tmp_path / "b.zip")
    make_run(database)
    with database.engine.connect() as held:
        look = text("SELECT count(*) FROM backline_run")
        assert held.execute(look).scalar_one() == 2  # its lock keeps the restore waiting
        restoring = threading.Thread(
            target=put_back, args=(tmp_path / "b.zip", pg_url), kwargs={"force": True}
        )
        restoring.start()
        held.rollback()
        restoring.join(timeout=60)
        assert not restoring.is_alive()
        assert held.execute(look).scalar_one() == 1
    database.close()
