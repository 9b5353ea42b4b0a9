"""A recording is its ISRC and a release its UPC, also where that becomes known later."""

from __future__ import annotations

import pytest

from backline.storage.database import Database
from tests.storage.catalogue_stage import ISRCS, CatalogueStage, release, track


@pytest.fixture
def stage(database: Database) -> CatalogueStage:
    return CatalogueStage(database)


def test_a_recording_is_its_isrc_and_a_release_its_upc(stage: CatalogueStage) -> None:
    stage.look(
        release("Single", track("One", ISRCS[0]), upc="123456789012"),
        release("Album", track("One again", ISRCS[0]), track("Two", ISRCS[1])),
    )
    stage.look(release("Copy", track("One too", ISRCS[0]), upc="0123456789012"), artist=2)
    assert (stage.count("recording"), stage.count("release")) == (2, 2)
    rows = stage.ask(
        "SELECT count(*) FROM backline_appearance AS a JOIN backline_entry AS e ON e.thing_no = a.recording_no "
        "AND e.kind = 'recording' WHERE e.source_id = 'one' GROUP BY e.no"
    )
    assert rows[0][0] == 3
    assert set(stage.known(2).releases) == {"copy"}
    assert set(stage.known().releases) == {"single", "album"}


def test_entries_go_over_to_the_thing_of_their_code(stage: CatalogueStage) -> None:
    stage.look(release("Dawn", track("One", ISRCS[0])), release("Noon", track("Two"), upc=None))
    with stage.write() as connection:
        for number, row in enumerate(
            stage.ask("SELECT thing_no FROM backline_entry WHERE source_id = 'two'")
        ):
            connection.exec_driver_sql(
                f"INSERT INTO backline_track_join VALUES ({number + 7}, {row[0]}, 'title', 'joined', '[]', 1, NULL, NULL)"
            )
    # The code of a recording becomes known: it is one that there was, and takes its joins along.
    stage.look(release("Dawn", read=False, tracks=1), release("Noon", track("Two", ISRCS[0])))
    assert stage.count("recording") == 1
    assert stage.count("track_join", "recording_no = (SELECT min(no) FROM backline_recording)") == 1
    # One of two entries gets another code: it leaves for a recording of its own.
    stage.look(release("Dawn", track("One", ISRCS[5])), release("Noon", track("Two", ISRCS[0])))
    assert stage.count("recording") == 2
    assert stage.known().releases["dawn"].recordings == {"one": ISRCS[5]}
    # Alone it takes the new code along.
    stage.look(release("Dawn", track("One", ISRCS[6])), release("Noon", track("Two", ISRCS[0])))
    assert stage.count("recording") == 2
    # And releases likewise.
    stage.look(
        release("Dawn", read=False, tracks=1, upc="123456789012"),
        release("Noon", read=False, tracks=1, upc="123456789012"),
    )
    assert stage.count("release") == 1
    assert set(stage.known().releases) == {"dawn", "noon"}
    assert stage.known().releases["noon"].recordings == {"two": ISRCS[0]}


def test_of_two_joins_of_a_track_the_decided_one_goes_over(stage: CatalogueStage) -> None:
    stage.look(release("Dawn", track("One", ISRCS[0])), release("Noon", track("Two")))
    numbers = {
        row.source_id: row.thing_no
        for row in stage.ask("SELECT * FROM backline_entry WHERE kind = 'recording'")
    }
    joins = [
        (7, "one", "proposed", "NULL"), (7, "two", "refused", "5"),
        (8, "one", "joined", "5"), (8, "two", "proposed", "NULL"),
        (9, "one", "refused", "5"), (9, "two", "joined", "5"),
    ]  # fmt: skip
    with stage.write() as connection:
        for track_no, name, state, decided_at in joins:
            connection.exec_driver_sql(
                f"INSERT INTO backline_track_join VALUES ({track_no}, {numbers[name]}, 'title', '{state}', '[]', 1, {decided_at}, NULL)"
            )
    stage.look(release("Dawn", read=False, tracks=1), release("Noon", track("Two", ISRCS[0])))
    rows = stage.ask("SELECT track_no, recording_no, state FROM backline_track_join ORDER BY track_no")
    one = numbers["one"]
    assert [tuple(row) for row in rows] == [(7, one, "refused"), (8, one, "joined"), (9, one, "refused")]
