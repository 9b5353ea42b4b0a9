"""Fetching as a run: on a real ledger of both kinds with a place written by hand, and with the real Dovecot."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from backline.errors import BadInput, NeedsHuman, TryLater
from backline.mailroom.place import Mailroom
from backline.runtime.effects import AuditTrail, Effects, FollowUps
from backline.runtime.handle import RunHandle
from backline.runtime.run import run_here
from backline.runtime.submit import Ask
from backline.settings import load_settings
from backline.storage.audits import list_audit
from backline.storage.database import Database
from backline.storage.runs import list_runs, read_run, retry_run
from backline.tasks.report_fetch import IMPORT, FetchReports, fetch_reports
from backline.tasks.report_import import import_reports
from backline.wiring import House
from tests.mailroom.conftest import TABLE, Drawer
from tests.storage.spooled import count_rows
from tests.tasks.test_report_import import Watching

ENDS = [
    (TryLater(60, "It is away."), "scheduled"),
    (NeedsHuman("It does not let us in."), "needs_attention"),
]


@pytest.fixture
def house(tmp_path: Path, database: Database) -> Iterator[House]:
    """A house with fetch and import, and no places yet."""
    options = {
        "BACKLINE_STATE": str(tmp_path / "state"),
        "BACKLINE_DATABASE_URL": database.url.render_as_string(hide_password=False),
    }
    tasks = {task.name: task for task in (import_reports, fetch_reports)}
    made = House(load_settings(options).settings, tasks)
    yield made
    made.close()


def carry(house: House, places: list[Any], named: Sequence[str] = ()) -> str:
    """One fetch over these places, or over the named ones of them; the run's id."""
    house.runtime.providers[Mailroom] = lambda _: Mailroom(places, house.settings.state / "fetched")  # type: ignore[index] # a dict
    run_id = house.submit(fetch_reports, FetchReports(places=list(named)), Ask("tester"))
    run_here(house.runtime, run_id)
    return run_id


def read_answer(house: House, run_id: str) -> dict[str, Any]:
    """The answer of a run that succeeded."""
    return RunHandle(house.database, run_id).get(timeout=5)


def list_imports_asked(house: House) -> list[Any]:
    """Runs of the import, oldest first."""
    with house.database.read() as connection:
        return list_runs(connection, task=IMPORT, oldest_first=True)


def list_open(house: House) -> list[Any]:
    """Fetches that have not succeeded."""
    with house.database.read() as connection:
        return [row for row in list_runs(connection, task=fetch_reports.name) if row.state != "succeeded"]


def test_new_files_are_stored_noted_and_handed_to_the_import(house: House) -> None:
    drawer = Drawer(files={"a.csv": TABLE, "bad.csv": b""})
    run_id = carry(house, [drawer])
    answer = read_answer(house, run_id)
    assert answer["places"] == [{"place": "drawer", "stored": 1, "refused": 1, "left": 0, "error": None}]
    stored, refused = answer["files"]
    assert Path(stored["path"]).read_bytes() == TABLE and refused["reason"] == "It is empty."
    (asked,) = list_imports_asked(house)
    assert json.loads(asked.job)["paths"] == [stored["path"]] and asked.parent_id == run_id
    run_here(house.runtime, asked.id)
    (file,) = read_answer(house, asked.id)["files"]
    assert (file["file"], file["outcome"], file["totals"]["units"]) == ("a.csv", "accepted", 5)
    with house.database.read() as connection:
        assert set(connection.execute(text("SELECT outcome FROM backline_fetched")).scalars()) == {
            "stored",
            "refused",
        }
        assert [row.action for row in list_audit(connection, object="place:sftp:drawer")] == [
            "fetch.refused",
            "fetch.stored",
        ]


def test_the_oldest_file_is_imported_first_wherever_it_came_from(house: House) -> None:
    late, early = (
        Drawer(name, files={f"{name}.csv": TABLE + name.encode()}, changed=moment)
        for name, moment in (("a", 2.0), ("b", 1.0))
    )
    carry(house, [late, early])
    (asked,) = list_imports_asked(house)
    assert [Path(path).name for path in json.loads(asked.job)["paths"]] == ["b.csv", "a.csv"]


def test_a_second_look_takes_nothing_twice(house: House) -> None:
    drawer = Drawer(files={"a.csv": TABLE})
    carry(house, [drawer])
    answer = read_answer(house, carry(house, [drawer]))
    assert answer["files"] == [] and len(list_imports_asked(house)) == 1
    drawer.files["b.csv"] = TABLE.replace(b"Ann", b"Bo")
    assert [file["name"] for file in read_answer(house, carry(house, [drawer]))["files"]] == ["b.csv"]


@pytest.mark.parametrize(("error", "state"), ENDS)
def test_a_place_alone_puts_its_run_off_or_waits(house: House, error: Exception, state: str) -> None:
    run_id = carry(house, [Drawer(error=error)], ["drawer"])
    with house.database.read() as connection:
        row = read_run(connection, run_id)
        assert (row.state, count_rows(connection, "backline_fetched")) == (state, 0)


@pytest.mark.parametrize(("error", "state"), ENDS)
def test_a_place_has_one_open_run_however_often_is_looked(house: House, error: Exception, state: str) -> None:
    away = Drawer("away", error=error)
    carry(house, [away])
    (own,) = list_open(house)
    run_here(house.runtime, own.id)
    away.error, away.files = None, {"a.csv": TABLE}
    (left,) = read_answer(house, carry(house, [away]))["places"]
    assert left["error"] == f"Left to run {own.id}, which asks it alone."
    assert [(row.id, row.state) for row in list_open(house)] == [(own.id, state)]
    away.error = error
    (told,) = read_answer(house, carry(house, [away], ["away"]))["places"]
    assert told["error"] == str(error) and [row.id for row in list_open(house)] == [own.id]
    away.error = None
    with house.database.write() as connection:
        retry_run(connection, house.database.now_sql, own.id)
    run_here(house.runtime, own.id)
    assert list_open(house) == [] and len(list_imports_asked(house)) == 1


def test_a_place_that_is_away_holds_up_no_other(house: House) -> None:
    away = Drawer("away", error=TryLater(60, "It is away."))
    run_id = carry(house, [away, Drawer(files={"a.csv": TABLE})])
    answer = read_answer(house, run_id)
    assert [line["error"] for line in answer["places"]] == ["It is away.", None]
    assert len(list_imports_asked(house)) == 1
    with house.database.read() as connection:
        jobs = [json.loads(row.job)["places"] for row in list_runs(connection, task=fetch_reports.name)]
    assert sorted(jobs) == [[], ["away"]]


def test_a_finish_that_fails_notes_nothing_and_the_next_look_takes_the_file_again(
    database: Database, tmp_path: Path
) -> None:
    drawer = Drawer(files={"a.csv": TABLE})
    room = Mailroom([drawer], tmp_path)
    for _ in range(2):
        effects, asked = Effects(), FollowUps()
        fetch_reports(FetchReports(), room, database, effects, asked, AuditTrail(), Watching())
        with database.engine.connect() as connection:
            effects.apply(connection)
            connection.rollback()
        assert [wanted.key for wanted in asked.wanted] == ["fetched:run-1"]
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM backline_fetched")).scalar_one() == 0


def test_what_is_not_set_is_bad_input(database: Database, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No mailbox"):
        fetch_reports(
            FetchReports(), Mailroom([], tmp_path), database, Effects(), FollowUps(), AuditTrail(), Watching()
        )
    assert fetch_reports.concurrency is not None and fetch_reports.concurrency(FetchReports()) == "fetch"
