"""A team's own catalogue from a table into both databases, and joined with reports that came before or after."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from backline.errors import BadInput
from backline.runtime.handle import RunHandle
from backline.runtime.run import run_here
from backline.runtime.submit import Ask
from backline.settings import load_settings
from backline.storage.artists import find_artist
from backline.storage.audits import list_audit
from backline.storage.catalogue_read import list_releases, read_history
from backline.storage.database import Database
from backline.tasks.data_sync import import_catalogue
from backline.tasks.report_import import import_reports, undo_import
from backline.wiring import House

HEADER = "artist,title,isrc,release,upc,release_date,type,disc,position,duration,explicit\n"
DAWN = (
    HEADER + "Nova,One,ZZA012600001,Dawn,036000291452,2026-03-01,album,1,1,3:35,no\n"
    "Nova,Two,,Dawn,036000291452,,,1,2,,\n"
    "Nova,Intro,,Dusk,,2024,,,,,\n"
    "Nova,Demo,,,,,,,,,\n"
)
REPORT = (
    "date,artist,track,isrc,upc,streams\n"
    "2026-01-01,Nova feat. Kay,One,ZZ-A01-26-00001,,5\n"
    "2026-01-01,Nova,TWO,,036000291452,6\n"
    "2026-01-01,Nova,demo,,,7\n"
    "2026-01-01,Nova,Other,,,8\n"
)
TABLES = (
    "entry",
    "appearance",
    "discography",
    "performer",
    "release",
    "recording",
    "catalogue_change",
    "track_join",
    "artist",
)


class Room:
    """A house with the tasks that matter here, and its rows."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house, self._folder = house, folder

    def carry(self, task: Any, **job: Any) -> dict[str, Any]:
        """Run a task to its end; the answer."""
        run_id = self.house.submit(task, task.read_job(**job), Ask("tester"))
        run_here(self.house.runtime, run_id)
        return RunHandle(self.house.database, run_id).get(timeout=5)

    def catalogue(self, body: str, **job: Any) -> dict[str, Any]:
        """Import a catalogue."""
        return self.carry(import_catalogue, path=str(self._write("mine.csv", body)), **job)

    def report(self, body: str) -> dict[str, Any]:
        """Import a report; the line of its file."""
        (line,) = self.carry(import_reports, paths=[str(self._write("report.csv", body))])["files"]
        assert line["outcome"] == "accepted", line
        return dict(line)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows."""
        with self.house.database.read() as connection:
            return [tuple(row) for row in connection.execute(text(sql))]

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of the catalogue."""
        return {table: sorted(self.ask(f"SELECT * FROM backline_{table}"), key=repr) for table in TABLES}

    def joins(self) -> list[tuple[Any, ...]]:
        """(track, recording, how, state)."""
        return sorted(
            self.ask(
                "SELECT DISTINCT k.title, e.title, j.how, j.state FROM backline_track_join AS j "
                "JOIN backline_track AS k ON k.no = j.track_no "
                "JOIN backline_entry AS e ON e.kind = 'recording' AND e.thing_no = j.recording_no"
            )
        )

    def _write(self, name: str, body: str) -> Path:
        path = self._folder / name
        path.write_text(body)
        return path


@pytest.fixture
def room(tmp_path: Path, database: Database) -> Iterator[Room]:
    options = {
        "BACKLINE_STATE": str(tmp_path / "state"),
        "BACKLINE_DATABASE_URL": database.url.render_as_string(hide_password=False),
        "BACKLINE_RUNTIME_ACTOR": "tester",
    }
    tasks = {task.name: task for task in (import_catalogue, import_reports, undo_import)}
    house = House(load_settings(options).settings, tasks)
    yield Room(house, tmp_path)
    house.close()


def test_a_catalogue_with_its_own_word_on_everything(room: Room) -> None:
    answer = room.catalogue(DAWN)
    assert (answer["outcome"], answer["wrong"], answer["unread"]) == ("imported", [], [])
    assert answer["counts"] == {
        "rows": 4, "artists": 1, "releases": 2, "recordings": 4, "new": 6, "changed": 0, "unchanged": 0, "gone": 0,
        "joined": 0, "proposed": 0, "waiting": 0,
    }  # fmt: skip
    assert room.ask("SELECT name, confirmed, provenance, created_by FROM backline_artist") == [
        ("Nova", True, "own", "tester")
    ]
    entries = room.ask(
        "SELECT kind, title, isrc, upc, released, form, tracks, duration_ms, explicit, provenance, expires_at "
        "FROM backline_entry ORDER BY kind, title"
    )
    assert entries == [
        ("recording", "Demo", None, None, None, None, None, None, None, "own", None),
        ("recording", "Intro", None, None, None, None, None, None, None, "own", None),
        ("recording", "One", "ZZA012600001", None, None, None, None, 215_000, False, "own", None),
        ("recording", "Two", None, None, None, None, None, None, None, "own", None),
        ("release", "Dawn", None, "036000291452", "2026-03-01", "album", 2, None, None, "own", None),
        ("release", "Dusk", None, None, "2024", None, 1, None, None, "own", None),
    ]
    assert sorted(room.ask("SELECT disc, position FROM backline_appearance"), key=repr) == [
        (1, 1),
        (1, 2),
        (None, 1),
    ]
    with room.house.database.read() as connection:
        (row,) = list_audit(connection, object="catalogue:mine.csv")
    assert (row.actor, row.action, len(row.after_sha)) == ("tester", "catalogue.imported", 64)


def test_the_same_file_again_changes_nothing(room: Room) -> None:
    room.report(REPORT)
    room.catalogue(DAWN)
    before = room.rows()
    assert len(before["track_join"]) == 3
    answer = room.catalogue(DAWN)
    assert room.rows() == before
    counts = answer["counts"]
    assert (answer["outcome"], counts["unchanged"], counts["new"], counts["waiting"]) == (
        "unchanged",
        6,
        0,
        1,
    )
    with room.house.database.read() as connection:
        assert len(list_audit(connection, object="catalogue:mine.csv")) == 1


def test_what_is_new_changed_and_gone_is_told(room: Room) -> None:
    room.report(REPORT)
    first = room.catalogue(DAWN)["counts"]
    assert (first["new"], first["joined"], first["proposed"], first["waiting"]) == (6, 2, 1, 1)
    body = DAWN.replace("3:35", "3:36").replace(
        "Nova,Two,,Dawn,036000291452,,,1,2,,\n", "Nova,Six,,Dusk,,2024,,,,,\n"
    )
    answer = room.catalogue(body)
    counts = answer["counts"]
    # Dawn has a track less, Dusk one more; One is longer.
    assert (counts["new"], counts["changed"], counts["unchanged"], counts["gone"]) == (1, 3, 2, 1)
    assert answer["outcome"] == "imported"


def test_a_corrected_code_names_what_had_the_old_one(room: Room) -> None:
    room.catalogue(DAWN)
    (old,) = room.ask("SELECT r.id FROM backline_recording AS r JOIN backline_entry AS e "
                      "ON e.kind = 'recording' AND e.thing_no = r.no WHERE e.title = 'One'")  # fmt: skip
    answer = room.catalogue(
        DAWN.replace("ZZA012600001", "ZZA012600009").replace("036000291452", "859000000001")
    )
    assert [(one["kind"], one["title"], one["code"], one["new"]) for one in answer["doubles"]] == [
        ("release", "Dawn", "036000291452", "859000000001"),
        ("recording", "One", "ZZA012600001", "ZZA012600009"),
    ]
    assert answer["doubles"][1]["id"] == old[0]


BOTH = "Nova,One,ZZA012600007,{0},,,,,,,\nKay,One,ZZA012600007,{0},,,,,,,\n"


@pytest.mark.parametrize("release", ["", "Dawn"])
@pytest.mark.parametrize("files", [1, 2])
def test_a_recording_of_two_artists(room: Room, release: str, files: int) -> None:
    room.report("date,artist,track,streams\n2026-01-01,Nova,One,5\n2026-01-01,Kay,One,6\n")
    rows = BOTH.format(release).splitlines(keepends=True)
    bodies = [HEADER + "".join(rows)] if files == 1 else [HEADER + row for row in rows]
    for body in bodies:
        assert room.catalogue(body)["outcome"] == "imported"
    assert room.ask("SELECT count(*) FROM backline_recording") == [(1,)]
    assert room.ask("SELECT credits FROM backline_entry WHERE kind = 'recording'") == [('["Nova", "Kay"]',)]
    assert room.ask("SELECT count(*) FROM backline_track_join WHERE state = 'proposed'") == [(2,)]
    history = room.ask("SELECT field, old, new FROM backline_catalogue_change WHERE kind = 'recording'")
    assert history == ([] if files == 1 else [("credits", "Nova", "Nova, Kay")])
    for body in bodies:
        assert room.catalogue(body)["outcome"] == "unchanged"
    with room.house.database.read() as connection:
        kay = find_artist(connection, "Kay").no
        told = [row.field for row in read_history(connection, kay)]
        assert told[:1] == ([] if files == 1 else ["credits"])
        assert len(list_releases(connection, kay)) == bool(release)


def test_without_codes_title_and_place_make_it_one_recording(room: Room) -> None:
    room.catalogue(HEADER + "Nova,One,,Dawn,,2026,,1,1,,\nKay,ONE,,Dawn,,2026,,,1,,\n")
    assert room.ask("SELECT kind, title, credits, tracks FROM backline_entry ORDER BY kind") == [
        ("recording", "One", '["Nova", "Kay"]', None),
        ("release", "Dawn", '["Nova", "Kay"]', 1),
    ]


@pytest.mark.parametrize("files", [1, 2])
def test_a_release_of_two_artists_has_the_tracks_of_both(room: Room, files: int) -> None:
    rows = ["Nova,One,,Best,859000000001,,,,,,\n", "Kay,Two,,Best,859000000001,,,,,,\n"]
    bodies = [HEADER + "".join(rows)] if files == 1 else [HEADER + row for row in rows]
    for body in bodies:
        room.catalogue(body)
    of_release = "SELECT tracks, credits, title FROM backline_entry WHERE kind = 'release'"
    assert room.ask(of_release) == [(2, '["Nova", "Kay"]', "Best")]
    assert room.ask("SELECT count(*) FROM backline_discography") == [(2,)]
    places = "SELECT position FROM backline_appearance WHERE gone_at IS NULL ORDER BY position"
    assert room.ask(places) == [(1,), (2,)]
    for body in bodies:
        assert room.catalogue(body)["outcome"] == "unchanged"
    # What one artist's file leaves out is gone, and the other's track stays.
    room.catalogue(HEADER + rows[1].replace("Two", "Three"))
    assert room.ask(of_release)[0][0] == 2 and room.ask(places) == [(1,), (2,)]
    assert room.ask("SELECT title FROM backline_entry WHERE gone_at IS NOT NULL") == [("Two",)]


def test_two_files_do_not_put_two_tracks_at_one_place(room: Room) -> None:
    room.catalogue(HEADER + "Nova,One,,Best,859000000001,,,,1,,\n")
    before = room.rows()
    answer = room.catalogue(HEADER + "Kay,Two,,Best,859000000001,,,,1,,\n")
    assert (answer["outcome"], [cell["field"] for cell in answer["wrong"]]) == ("rejected", ["position"])
    assert room.rows() == before


def test_a_corrected_file_corrects_and_leaves_history(room: Room) -> None:
    room.catalogue(DAWN)
    things = room.ask("SELECT no, id FROM backline_recording ORDER BY no")
    corrected = (
        DAWN.replace("2026-03-01", "2026-04-01")
        .replace("Two,,Dawn", "Two,ZZA012600002,Dawn")
        .replace("Nova,Intro,,Dusk,,2024", "Nova,Intro,,Dusk,859000000001,2024-05")
    )
    room.catalogue(corrected)
    assert room.ask("SELECT no, id FROM backline_recording ORDER BY no") == things
    assert room.ask("SELECT field, old, new FROM backline_catalogue_change ORDER BY no") == [
        ("released", "2026-03-01", "2026-04-01"),
        ("released", "2024", "2024-05"),
    ]
    assert room.ask("SELECT count(*) FROM backline_entry") == [(6,)]
    # A release's rows are all its tracks: one that is left out is gone from it, and that is told.
    room.catalogue(corrected.replace("Nova,Two,ZZA012600002,Dawn,036000291452,,,1,2,,\n", ""))
    assert room.ask("SELECT count(*) FROM backline_appearance WHERE gone_at IS NOT NULL") == [(1,)]
    (field, old, new) = room.ask(
        "SELECT field, old, new FROM backline_catalogue_change ORDER BY no DESC LIMIT 1"
    )[0]
    assert field == "listed" and old is not None and new is None


@pytest.mark.parametrize("first", ["report", "catalogue"])
def test_reports_before_and_after_are_joined_alike(room: Room, first: str) -> None:
    steps: list[Callable[[], Any]] = [lambda: room.report(REPORT), lambda: room.catalogue(DAWN)]
    for step in steps if first == "report" else reversed(steps):
        step()
    assert room.joins() == [
        ("One", "One", "isrc", "joined"),
        ("TWO", "Two", "upc", "joined"),
        ("demo", "Demo", "title", "proposed"),
    ]


def test_an_import_that_is_taken_back_and_comes_again(room: Room) -> None:
    room.catalogue(DAWN)
    line = room.report(REPORT)
    before = room.joins()
    room.carry(undo_import, import_id=line["import_id"])
    assert room.joins() == []
    room.report(REPORT)
    assert room.joins() == before


def test_one_recording_on_two_releases_and_two_artists_on_one(room: Room) -> None:
    room.catalogue(
        HEADER
        + "Nova,One,ZZA012600001,Dawn,036000291452,,,,1,,\nNova,One,ZZA012600001,Best,859000000001,,,,1,,\n"
        "Kay,Other,,Best,859000000001,,,,2,,\n"
    )
    assert room.ask("SELECT count(*) FROM backline_recording") == [(2,)]
    assert room.ask("SELECT count(*) FROM backline_release") == [(2,)]
    assert room.ask("SELECT count(DISTINCT release_no) FROM backline_appearance") == [(2,)]


def test_nothing_is_half_written(room: Room) -> None:
    room.catalogue(DAWN.replace("Nova", "Ann"))
    before = room.rows()
    answer = room.catalogue(DAWN + "Nova,Six,ZZ1,Dawn,036000291452,,,1,2,,\nart_0,Seven,,,,,,,,,\n")
    assert (answer["outcome"], answer["counts"]) == ("rejected", {"rows": 5, "wrong": 2})
    assert [(cell["line"], cell["field"]) for cell in answer["wrong"]] == [(6, "isrc"), (7, "artist")]
    assert all(cell["remedy"] for cell in answer["wrong"])
    assert room.rows() == before
    whole = room.catalogue("isrc\nZZ1\n")
    assert [(cell["line"], cell["field"]) for cell in whole["wrong"]] == [(0, "")]


def test_a_name_that_means_several_artists_is_named(room: Room) -> None:
    room.report("date,artist,track,streams\n2026-01-01,Kay,One,5\n")
    with room.house.database.write() as connection:
        connection.execute(
            text(
                "INSERT INTO backline_artist (id, name, folded, confirmed, provenance, created_at, created_by) "
                "VALUES ('art_7', 'KAY', 'kay', false, 'report', 0, 'x')"
            )
        )
    answer = room.catalogue("artist,title\nKay,One\n")
    assert [(cell["line"], cell["field"]) for cell in answer["wrong"]] == [(2, "artist")]
    assert "art_7" in answer["wrong"][0]["reason"]
    assert room.catalogue("artist,title\nart_7,One\n")["outcome"] == "imported"
    assert room.catalogue("title\nTwo\n", artist="art_7")["outcome"] == "imported"


def test_a_file_that_is_not_there(room: Room, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        import_catalogue(
            import_catalogue.read_job(path=str(tmp_path / "none.csv")), room.house.database, None, None, None
        )
