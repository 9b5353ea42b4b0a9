"""What was in hand is queued again, earlier claims are stale, and the chain goes on in a new epoch."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from backline.storage.database import Database
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
    assert [(one.kind, one.fault, one.epoch) for one in found] == [("restored", False, 1)]
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
    """On PostgreSQL nobody has to be stopped: they wait for the restore, and what they hold is theirs no more."""
    if database.is_sqlite:
        return
    run_id = make_run(database, state="running", fence=5, worker="w")
    back_up(database, tmp_path / "b.zip")
    mine = text(
        "UPDATE backline_run SET state = 'succeeded' WHERE id = :id AND fence = 5 AND state = 'running'"
    )
    late: list[int] = []
    with database.engine.connect() as held:
        held.execute(text("SELECT count(*) FROM backline_run"))  # its locks keep the restore waiting
        restoring = threading.Thread(
            target=put_back, args=(tmp_path / "b.zip", url_of(database)), kwargs={"force": True}
        )
        restoring.start()
        held.rollback()
        restoring.join(timeout=60)
        late.append(held.execute(mine, {"id": run_id}).rowcount)
        held.rollback()
    assert late == [0]
    assert not restoring.is_alive()
