"""The clerk: refuses what it cannot begin, and writes nothing before the finish."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backline.errors import LeaseLost
from backline.runtime.effects import AuditTrail, Effects
from backline.runtime.run import run_here
from backline.runtime.submit import Ask
from backline.storage.database import Database
from backline.storage.runs import read_run
from backline.storage.spool_folder import SpoolFolder
from backline.tasks.report_import import ImportReports, import_reports
from backline.wiring import House
from tests.storage.spooled import count_rows, list_current
from tests.tasks.test_report_import import TABLE, Watching, house, write

__all__ = ["house", "write"]  # fixtures


@pytest.mark.parametrize(
    ("job", "words"),
    [
        ({"paths": ["nowhere.csv"]}, "nowhere.csv: there is no such file"),
        ({"paths": ["."], "artist": "art_0000"}, "art_0000"),
        ({"paths": ["."], "mapping": "columns = 1"}, "mapping"),
    ],
)
def test_job_that_cannot_be_done_is_bad_input(house: House, job: dict[str, Any], words: str) -> None:
    run_id = house.submit(import_reports, import_reports.read_job(**job), Ask("tester"))
    run_here(house.runtime, run_id)
    with house.database.read() as connection:
        row = read_run(connection, run_id)
    assert (row.state, row.error_kind) == ("failed", "bad_input")
    assert words in row.error_text


def test_plain_call_writes_nothing_before_the_finish(database: Database, write: Any, tmp_path: Path) -> None:
    effects, trail, watch = Effects(), AuditTrail(), Watching()
    folder = SpoolFolder(tmp_path / "spool")
    job = ImportReports(paths=[str(write("x.csv", TABLE))])
    answer = import_reports(job, database, folder, effects, trail, watch)
    assert [reason.rule for reason in answer.reasons] == ["import.outcome"]
    assert watch.told[-1] == (len(TABLE), len(TABLE), "x.csv")
    assert not folder.path.exists()
    with database.read() as connection:
        assert count_rows(connection, "backline_import") == 0
    for _ in range(2):  # a finish that was rolled back is applied anew
        with database.engine.connect() as connection:
            effects.apply(connection)
            assert len(list_current(connection)) == 2
            connection.rollback()


def test_lost_run_leaves_nothing(database: Database, write: Any, tmp_path: Path) -> None:
    folder, effects = SpoolFolder(tmp_path / "spool"), Effects()
    job = ImportReports(paths=[str(write("x.csv", TABLE)), str(write("y.csv", TABLE))])
    with pytest.raises(LeaseLost):
        import_reports(job, database, folder, effects, AuditTrail(), Watching(lost_after=4))
    assert not folder.path.exists()
    with database.read() as connection:
        assert count_rows(connection, "backline_import") == count_rows(connection, "backline_artist") == 0
