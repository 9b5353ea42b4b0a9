"""The import with real files and a real ledger, on both databases; and as a plain function."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from backline.errors import BadInput, LeaseLost
from backline.runtime.handle import RunHandle
from backline.runtime.run import run_here
from backline.runtime.submit import Ask
from backline.settings import load_settings
from backline.storage.audits import list_audit
from backline.storage.database import Database
from backline.storage.runs import read_run
from backline.tasks.report_import import ImportReports, import_reports, undo_import
from backline.wiring import House
from tests.storage.spooled import count_rows, list_current, take_dirty

TABLE = "date,artist,track,country,streams\n2026-01-01,Ann,One,DE,5\n2026-01-02,Ann,One,FR,7\n"
MAPPING = """
report = "odd"
[columns]
date = "Tag"
artist = "Wer"
streams = "Wie oft"
"""

_IMPORT_WITH_FEW_FILES = """
import json, resource, sys

from backline.runtime.handle import RunHandle
from backline.runtime.run import run_here
from backline.runtime.submit import Ask
from backline.settings import load_settings
from backline.tasks.report_import import import_reports
from backline.wiring import House

resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
house = House(load_settings(json.loads(sys.argv[2])).settings, {import_reports.name: import_reports})
run_id = house.submit(import_reports, import_reports.read_job(paths=[sys.argv[1]]), Ask("tester"))
run_here(house.runtime, run_id)
files = RunHandle(house.database, run_id).get(timeout=0)["files"]
print(sum(file["outcome"] == "accepted" for file in files), "accepted")
house.close()
"""


class Watching:
    """Stands in for the watch of a run; remembers what was told."""

    run_id, asked_by = "run-1", "tester"

    def __init__(self, lost_after: int = 10**9) -> None:
        self.told: list[tuple[float, float | None, str]] = []
        self._left = lost_after

    def checkpoint(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise LeaseLost

    def progress(self, done: float, total: float | None = None, words: str = "") -> None:
        self.checkpoint()
        self.told.append((done, total, words))


@pytest.fixture
def house(tmp_path: Path, database: Database) -> Iterator[House]:
    """A house with the two tasks on this test's database."""
    options = {
        "BACKLINE_STATE": str(tmp_path / "state"),
        "BACKLINE_DATABASE_URL": database.url.render_as_string(hide_password=False),
        "BACKLINE_RUNTIME_ACTOR": "tester",
    }
    tasks = {task.name: task for task in (import_reports, undo_import)}
    made = House(load_settings(options).settings, tasks)
    yield made
    made.close()


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a file below reports/."""

    def write(name: str, body: str) -> Path:
        path = tmp_path / "reports" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body)
        return path

    return write


def carry(house: House, task: Any, **job: Any) -> dict[str, Any]:
    """Run a task to its end; the answer."""
    run_id = house.submit(task, task.read_job(**job), Ask("tester"))
    run_here(house.runtime, run_id)
    return RunHandle(house.database, run_id).get(timeout=5)


def bring(house: House, *paths: Path, **hints: str) -> list[dict[str, Any]]:
    """Import files; one line for each."""
    answer = carry(house, import_reports, paths=[str(path) for path in paths], **hints)
    return list(answer["files"])


def read_values(house: House) -> dict[tuple[str, int], int]:
    """Streams by folded artist and day in January 2026, as they count now."""
    with house.database.read() as connection:
        return {(row[2], row[5] - 20_453): row[7] for row in list_current(connection)}


def list_dirty(house: House) -> set[tuple[str, int]]:
    """Dirty days, which are clean then."""
    with house.database.write() as connection:
        return {(name, day - 20_453) for name, day in take_dirty(connection)}


def test_line_of_an_accepted_file(house: House, write: Any) -> None:
    (line,) = bring(house, write("x.csv", TABLE + "2026-01-03,Ann,One,DE,many\n"))
    assert line["import_id"].startswith("imp_")
    assert {key: value for key, value in line.items() if key not in ("import_id", "draft", "rejected")} == {
        "file": "x.csv",
        "format": "table",
        "outcome": "accepted",
        "rows": {"read": 3, "accepted": 2, "rejected": 1, "ignored": 0},
        "totals": {"units": 12, "money": {}},
        "days": {"first": "2026-01-01", "last": "2026-01-02", "count": 2},
        "remedy": None,
    }
    assert [(bad["line"], bad["kind"]) for bad in line["rejected"]] == [(4, "bad_number")]
    assert read_values(house) == {("ann", 1): 5, ("ann", 2): 7}
    with house.database.read() as connection:
        (row,) = list_audit(connection, object=f"import:{line['import_id']}")
    assert (row.actor, row.action, row.before_sha, len(row.after_sha)) == (
        "tester",
        "import.accepted",
        None,
        64,
    )


def test_same_file_changes_nothing_under_any_name(house: House, write: Any) -> None:
    path = write("x.csv", TABLE)
    (first,) = bring(house, path)
    list_dirty(house)
    os.utime(path, (1, 1))
    again, copy = bring(house, path, write("copy of x.csv", TABLE))
    assert [line["outcome"] for line in (again, copy)] == ["unchanged"] * 2
    assert (again["import_id"], again["rows"]) == (first["import_id"], first["rows"])
    assert list_dirty(house) == set()
    with house.database.read() as connection:
        assert count_rows(connection, "backline_import") == 1


def test_same_file_that_was_replaced_in_part_names_what_to_take_back(house: House, write: Any) -> None:
    path = write("x.csv", TABLE)
    (first,) = bring(house, path)
    (later,) = bring(house, write("y.csv", TABLE.replace(",5\n", ",6\n")))
    (again,) = bring(house, path)
    assert (again["outcome"], again["import_id"]) == ("unchanged", first["import_id"])
    assert later["import_id"] in again["remedy"] and "backline import undo" in again["remedy"]
    carry(house, undo_import, import_id=later["import_id"])
    assert bring(house, path)[0]["remedy"] is None


def test_money_of_a_file_has_two_decimals_at_least(house: House, write: Any) -> None:
    body = "date,artist,revenue,currency\n2026-01-01,Ann,1.5,EUR\n2026-01-01,Ann,0.1255,USD\n"
    (line,) = bring(house, write("x.csv", body))
    assert line["totals"]["money"] == {"EUR": "1.50", "USD": "0.1255"}


def test_same_bytes_for_another_song_are_another_file(house: House, write: Any) -> None:
    body = "date,streams\n2026-01-01,0\n"
    one, two = write("One-timeline.csv", body), write("Two-timeline.csv", body)
    assert [line["outcome"] for line in bring(house, one, two, artist="Ann")] == ["accepted"] * 2
    assert [line["outcome"] for line in bring(house, one, two, artist="Ann")] == ["unchanged"] * 2
    assert [line["outcome"] for line in bring(house, one, two, artist="Bo")] == ["accepted"] * 2
    with house.database.read() as connection:
        assert len(list_current(connection)) == 4


def test_reissue_replaces_its_day_and_undo_brings_it_back(house: House, write: Any) -> None:
    bring(house, write("x.csv", TABLE))
    list_dirty(house)
    (second,) = bring(house, write("y.csv", TABLE.replace(",7", ",8")))
    assert (list_dirty(house), read_values(house)) == ({("ann", 2)}, {("ann", 1): 5, ("ann", 2): 8})
    answer = carry(house, undo_import, import_id=second["import_id"])
    assert {name: answer[name] for name in ("import_id", "restored", "removed", "kept")} == {
        "import_id": second["import_id"], "restored": 1, "removed": 0, "kept": 1,
    }  # fmt: skip
    assert (list_dirty(house), read_values(house)) == ({("ann", 2)}, {("ann", 1): 5, ("ann", 2): 7})
    with house.database.read() as connection:
        trail = list_audit(connection, object=f"import:{second['import_id']}")
    assert [row.action for row in trail] == ["import.undone", "import.accepted"]
    assert trail[0].before_sha == trail[1].after_sha != trail[0].after_sha


def test_undone_file_may_be_imported_again(house: House, write: Any) -> None:
    path = write("x.csv", TABLE)
    (first,) = bring(house, path)
    assert carry(house, undo_import, import_id=first["import_id"])["removed"] == 2
    assert read_values(house) == {}
    (again,) = bring(house, path)
    assert again["outcome"] == "accepted" and again["import_id"] != first["import_id"]
    assert read_values(house) == {("ann", 1): 5, ("ann", 2): 7}


def test_second_undo_and_unknown_import_are_refused(house: House, write: Any) -> None:
    (first,) = bring(house, write("x.csv", TABLE))
    carry(house, undo_import, import_id=first["import_id"])
    for import_id, words in (
        (first["import_id"], "taken back before, by tester"),
        ("imp_nope", "import list"),
    ):
        run_id = house.submit(undo_import, undo_import.read_job(import_id), Ask("tester"))
        run_here(house.runtime, run_id)
        with house.database.read() as connection:
            row = read_run(connection, run_id)
        assert (row.state, row.error_kind) == ("failed", "bad_input")
        assert words in row.error_text


def test_files_of_one_run_follow_one_another(house: House, write: Any) -> None:
    first = write("1.csv", TABLE)
    second = write("2.csv", TABLE.replace(",5\n", ",6\n"))
    lines = bring(house, first, second, write("3.csv", TABLE))
    assert [line["outcome"] for line in lines] == ["accepted", "accepted", "unchanged"]
    assert read_values(house) == {("ann", 1): 6, ("ann", 2): 7}


def test_refused_file_leaves_a_row_and_the_next_one_goes_on(house: House, write: Any) -> None:
    page = write("a.csv", "<!doctype html><html></html>")
    bad = write("b.csv", "date,artist,streams\nsoon,Ann,5\n")
    lines = bring(house, page, bad, write("c.csv", TABLE))
    assert [line["outcome"] for line in lines] == ["rejected", "rejected", "accepted"]
    assert "sign in" in lines[0]["remedy"]
    assert lines[1]["rows"] == {"read": 1, "accepted": 0, "rejected": 1, "ignored": 0}
    assert lines[1]["rejected"][0]["kind"] == "bad_date"
    assert lines[1]["totals"] == {"units": 0, "money": {}}
    with house.database.read() as connection:
        outcomes = connection.execute(text("SELECT outcome FROM backline_import ORDER BY no")).scalars().all()
        assert count_rows(connection, "backline_claim") == 2
    assert outcomes == ["rejected", "rejected", "accepted"]
    assert [line["outcome"] for line in bring(house, page)] == [
        "rejected"
    ]  # tried again, in case it can be read now


def test_mapping_is_drafted_used_and_remembered(house: House, write: Any) -> None:
    path = write("odd.csv", "Tag;Wer;Wie oft\n2026-01-01;Ann;5\n")
    (line,) = bring(house, path)
    assert line["outcome"] == "needs_mapping" and "[columns]" in line["draft"] and "--map" in line["remedy"]
    (line,) = bring(house, path, mapping=MAPPING)
    assert (line["outcome"], line["format"], line["draft"]) == ("accepted", "mapped", None)
    (line,) = bring(house, path)
    assert line["outcome"] == "unchanged"
    (line,) = bring(house, write("next.csv", "Tag;Wer;Wie oft\n2026-01-02;Ann;6\n"))
    assert (line["outcome"], line["format"]) == ("accepted", "mapped")
    assert read_values(house) == {("ann", 1): 5, ("ann", 2): 6}


def test_mappings_are_looked_for_once_a_run(house: House, write: Any) -> None:
    paths = [write(f"{name}.csv", f"Tag;Wer;{name}\n2026-01-01;Ann;5\n") for name in ("Eins", "Zwei")]
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        lines = bring(house, *paths)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert [line["outcome"] for line in lines] == ["needs_mapping", "needs_mapping"]
    assert sum("FROM backline_mapping" in statement for statement in asked) == 1


def test_rejected_row_makes_no_artist(house: House, write: Any) -> None:
    mapping = """
    [columns]
    date = "d"
    rank = "r"
    streams = "s"
    country = "c"
    [split]
    column = "what"
    at = " - "
    into = ["artist", "track"]
    """
    rows = "2026-01-01,1,5,DE,Ann - One\n2026-01-01,2,4,DE,No sign here\n2026-01-01,3,x,DE,Cy - Two\n"
    (line,) = bring(house, write("x.csv", "d,r,s,c,what\n" + rows), mapping=mapping)
    assert line["rows"] == {"read": 3, "accepted": 1, "rejected": 2, "ignored": 0}
    with house.database.read() as connection:
        assert connection.execute(text("SELECT name FROM backline_artist")).scalars().all() == ["Ann"]


def test_accepted_running_totals_say_what_has_no_day_before(house: House, write: Any) -> None:
    path = write("odd.csv", "Tag;Wer;Wie oft\n2026-01-01;Ann;5\n2026-01-02;Ann;9\n2026-01-04;Ann;11\n")
    (line,) = bring(house, path, mapping='cumulative = ["streams"]\n' + MAPPING)
    assert (line["outcome"], line["rows"]["accepted"], line["rows"]["ignored"]) == ("accepted", 1, 2)
    assert line["remedy"].startswith("2 readings")
    assert read_values(house) == {("ann", 2): 4}


def test_folder_and_archive(house: House, write: Any, tmp_path: Path) -> None:
    path = write("in/x.csv", TABLE)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(path, "x.csv")
        archive.writestr("y.csv", TABLE.replace("Ann", "Bo"))
    lines = bring(house, tmp_path / "reports", tmp_path / "a.zip")
    assert [line["outcome"] for line in lines] == ["accepted", "unchanged", "accepted"]
    assert [line["file"] for line in lines[1:]] == ["a.zip/x.csv", "a.zip/y.csv"]
    assert lines[0]["file"].endswith("in/x.csv")


def test_more_files_than_a_process_may_open(tmp_path: Path, write: Any) -> None:
    for day in range(70):
        write(f"{day}.csv", TABLE.replace("2026-01-01", f"20{day // 28 + 10}-02-{day % 28 + 1:02}"))
    options = {"BACKLINE_STATE": str(tmp_path / "state")}
    command = [sys.executable, "-c", _IMPORT_WITH_FEW_FILES, str(tmp_path / "reports"), json.dumps(options)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (ended.stdout, ended.stderr[-2000:]) == ("70 accepted\n", "")


def test_artist_may_be_named_by_id(house: House, write: Any) -> None:
    bring(house, write("x.csv", TABLE))
    with house.database.read() as connection:
        artist_id = connection.execute(text("SELECT id FROM backline_artist")).scalar_one()
    bring(house, write("One-timeline.csv", "date,streams\n2026-01-05,9\n"), artist=artist_id)
    assert read_values(house)["ann", 5] == 9
    with house.database.read() as connection:
        assert count_rows(connection, "backline_artist") == 1


def test_a_number_form_that_nobody_said_is_not_in_the_job() -> None:
    assert "number_form" not in json.loads(ImportReports(paths=["a"]).model_dump_json())
    said = ImportReports(paths=["a"], number_form="1.200,5").model_dump_json()
    assert import_reports.read_json(said).number_form == "1.200,5"


def test_positional_arguments() -> None:
    job = import_reports.read_job(["a"], "Ann", "One", "de", "2026-01-01", "mine", "x = 1", "1,200.5")
    assert job == ImportReports(
        paths=["a"], artist="Ann", track="One", region="de", date="2026-01-01", report="mine",
        mapping="x = 1", number_form="1,200.5",
    )  # fmt: skip
    with pytest.raises(BadInput, match="paths"):
        import_reports.read_job([])
    assert import_reports.concurrency(job) == undo_import.concurrency(job) == "imports"
