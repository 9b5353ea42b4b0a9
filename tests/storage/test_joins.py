"""Which recording a track is: whichever of the two came first, and what a person said stands."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from backline.music import Provenance
from backline.storage.catalogue_expire import expire_catalogue
from backline.storage.database import Database
from backline.storage.join_decisions import confirm_join, find_track, refuse_join
from backline.storage.joins import JoinCounts, forget_import, join_artists, join_tracks
from backline.storage.locks import Lock, take_lock
from tests.storage.catalogue_stage import DAY, ISRCS, CatalogueStage, release, track
from tests.storage.spooled import Stored, Told, make_spool, store

UPC = "036000291452"
Joins = list[tuple[str, str, str, str]]


class JoinStage(CatalogueStage):
    """Reports and looks, in any order; "Artist 1" is the artist of both."""

    def __init__(self, database: Database, folder: Path) -> None:
        super().__init__(database)
        self._folders = (folder / str(number) for number in itertools.count())

    def report(self, *facts: Told) -> Stored:
        """An import of these facts."""
        return store(self.database, make_spool(next(self._folders), "artist", facts))

    def see(self, *releases: Any, artist: int = 1, **values: Any) -> JoinCounts:
        """A look, and the joins behind it."""
        self.look(*releases, artist=artist, **values)
        with self.write() as connection:
            return join_artists(connection, self.now, [artist])

    def joins(self) -> Joins:
        """(track's title, recording's title, how, state), sorted."""
        rows = self.ask(
            "SELECT DISTINCT k.title, e.title, j.how, j.state FROM backline_track_join AS j "
            "JOIN backline_track AS k ON k.no = j.track_no JOIN backline_entry AS e "
            "ON e.kind = 'recording' AND e.thing_no = j.recording_no"
        )
        return sorted(tuple(row) for row in rows)


def tell(title: str, artist: str = "Artist 1", **values: Any) -> Told:
    """A fact of a track."""
    return Told(artist, 20_000, 5, title, **values)


@pytest.fixture
def stage(database: Database, tmp_path: Path) -> JoinStage:
    return JoinStage(database, tmp_path)


def both_ways(stage: JoinStage, order: str, facts: list[Told], releases: list[Any]) -> Joins:
    """The joins where the report, or the catalogue, came first."""
    if order == "report first":
        stage.report(*facts)
        assert stage.joins() == []
        stage.see(*releases)
    else:
        stage.see(*releases)
        stage.report(*facts)
    return stage.joins()


ORDERS = pytest.mark.parametrize("order", ["report first", "catalogue first"])


@ORDERS
def test_an_isrc_joins_whoever_the_report_names(stage: JoinStage, order: str) -> None:
    facts = [tell("One (feat. Bo)", "Somebody", isrc=ISRCS[0]), tell("Two", isrc=ISRCS[9])]
    found = both_ways(stage, order, facts, [release("Dawn", track("One", ISRCS[0]), track("Two", ISRCS[1]))])
    assert found == [
        ("One (feat. Bo)", "One", "isrc", "joined")
    ]  # and "Two" is another recording: it says so


@ORDERS
def test_a_upc_joins_with_the_title_on_that_release(stage: JoinStage, order: str) -> None:
    releases = [
        release("Dawn", track("One"), track("Two"), upc=UPC),
        release("Best", track("One", source_id="one again")),
    ]
    facts = [tell("ONE", "Somebody", upc=UPC), tell("Three", upc=UPC)]
    assert both_ways(stage, order, facts, releases) == [("ONE", "One", "upc", "joined")]


@ORDERS
def test_a_title_alone_is_a_choice_and_no_join(stage: JoinStage, order: str) -> None:
    releases = [release("Dawn", track("One")), release("Live", track("one", source_id="live"), track("Two"))]
    found = both_ways(stage, order, [tell("One"), tell("Two"), tell("Two", "Somebody")], releases)
    assert found == [
        ("One", "One", "title", "proposed"),
        ("One", "one", "title", "proposed"),
        ("Two", "Two", "title", "proposed"),
    ]
    assert stage.count("track_join", "reasons LIKE '%choice%'") == 2


@ORDERS
def test_two_recordings_of_one_title_on_the_release_are_a_choice_too(stage: JoinStage, order: str) -> None:
    releases = [release("Dawn", track("One", ISRCS[0]), track("One", ISRCS[1], source_id="remix"), upc=UPC)]
    found = both_ways(stage, order, [tell("One", upc=UPC)], releases)
    assert found == [("One", "One", "upc", "proposed")] and stage.count("track_join") == 2


@ORDERS
def test_a_shared_credit_of_a_chart_is_proposed_for_each_part(stage: JoinStage, order: str) -> None:
    chart = [
        Told("Artist 1, Kay", 20_000, 5, "One", country="DE"),
        Told("Artist 1, Kay", 20_000, 5, "Other", country="DE"),
    ]

    def report() -> None:
        store(stage.database, make_spool(next(stage._folders), "chart", chart))

    if order == "report first":
        report()
    stage.see(release("Dawn", track("One")))
    if order == "catalogue first":
        report()
    assert stage.joins() == [("One", "One", "title", "proposed")]


def decide(stage: JoinStage, verb: Any, title: str, recording: str | None = None) -> None:
    """A person's word."""
    (track_id,) = {
        row[0] for row in stage.ask("SELECT id FROM backline_track WHERE title = :title", title=title)
    }
    number = None
    if recording is not None:
        query = "SELECT thing_no FROM backline_entry WHERE kind = 'recording' AND source_id = :source"
        number = stage.ask(query, source=recording)[0][0]
    with stage.write() as connection:
        verb(connection, stage.now, find_track(connection, track_id), number, by="ann")


def test_confirmed_once_it_holds_for_later_imports_and_looks(stage: JoinStage) -> None:
    stage.see(release("Dawn", track("One")), release("Live", track("One", source_id="live")))
    stage.report(tell("One"))
    decide(stage, confirm_join, "One", "live")
    assert stage.count("track_join") == 1
    stage.report(tell("One", day=20_001) if False else Told("Artist 1", 20_001, 9, "one"))
    stage.see(release("Dawn", track("One")), release("Live", track("One", source_id="live")), after=2)
    assert stage.ask("SELECT state, decided_by FROM backline_track_join") == [("joined", "ann")]
    stage.report(
        Told("Artist 1", 20_002, 9, "one", isrc=ISRCS[5])
    )  # not even a code goes over a person's word
    assert stage.joins() == [("One", "One", "title", "joined")]


def test_refused_once_it_is_never_proposed_again(stage: JoinStage) -> None:
    dawn = release("Dawn", track("One"))
    stage.see(dawn)
    stage.report(tell("One"))
    decide(stage, refuse_join, "One")
    stage.report(Told("Artist 1", 20_001, 9, "One"))
    stage.see(dawn, after=2)
    assert stage.joins() == [("One", "One", "title", "refused")]
    stage.see(dawn, release("Live", track("One", source_id="live")))
    assert [row[3] for row in stage.joins()] == [
        "proposed",
        "refused",
    ]  # the other recording was never refused


def test_a_join_is_taken_back(stage: JoinStage) -> None:
    stage.see(release("Dawn", track("One", ISRCS[0]), track("one", source_id="live")))
    stage.report(tell("One", isrc=ISRCS[0]))
    assert stage.joins() == [("One", "One", "isrc", "joined")]
    decide(stage, refuse_join, "One", "one")
    assert stage.joins() == [("One", "One", "isrc", "refused"), ("One", "one", "title", "proposed")]
    decide(stage, confirm_join, "One", "live")
    decide(stage, confirm_join, "One", "one")  # and the word may change
    assert stage.joins() == [("One", "One", "isrc", "joined"), ("One", "one", "title", "refused")]


def test_what_comes_to_be_known_later_moves_what_nobody_decided(stage: JoinStage) -> None:
    stage.see(release("Dawn", track("One"), track("one", ISRCS[0], source_id="live")))
    stage.report(tell("One"))
    assert [row[3] for row in stage.joins()] == ["proposed", "proposed"]
    stage.report(Told("Artist 1", 20_001, 9, "One", isrc=ISRCS[0]))
    assert stage.joins() == [("One", "one", "isrc", "joined")]


def test_an_import_that_is_taken_back_takes_its_joins_along(stage: JoinStage) -> None:
    stage.see(release("Dawn", track("One", ISRCS[0]), track("Two"), track("Three")))
    facts = [tell("One", isrc=ISRCS[0]), tell("Two"), tell("Three")]
    first = stage.report(*facts)
    stage.report(Told("Artist 1", 20_005, 9, "Two"))
    decide(stage, confirm_join, "Three")
    with stage.write() as connection:
        connection.execute(
            text("UPDATE backline_claim SET current = false WHERE import_no = :no"), {"no": first.no}
        )
        forget_import(connection, first.no)
    # "Two" still counts by the later import; "Three" is a person's word.
    assert stage.joins() == [("Three", "Three", "title", "joined"), ("Two", "Two", "title", "proposed")]
    stage.report(*facts)
    assert [row[0] for row in stage.joins()] == ["One", "Three", "Two"]


def test_what_leaves_the_catalogue_takes_its_joins_along(stage: JoinStage) -> None:
    stage.see(release("Dawn", track("One", ISRCS[0])))
    stage.see(
        release("Ours", track("One", source_id="own")), provenance=Provenance.OWN, keep_until=None, name=None
    )
    stage.report(tell("One", isrc=ISRCS[0]))
    assert stage.joins() == [("One", "One", "isrc", "joined")]
    with stage.write() as connection:
        expire_catalogue(connection, stage.now + 31 * DAY)
    assert stage.joins() == [("One", "One", "title", "proposed")]


def test_joining_is_free_where_the_catalogue_is_empty(stage: JoinStage) -> None:
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    with stage.write() as connection:
        event.listen(stage.database.engine, "before_cursor_execute", note)
        assert join_tracks(connection, 0, range(1, 100_000)) == JoinCounts()
        event.remove(stage.database.engine, "before_cursor_execute", note)
    assert len([sql for sql in asked if "advisory" not in sql]) == 1


@pytest.mark.services
def test_an_import_waits_for_the_first_recording_that_is_on_its_way(
    make_database_url: Callable[[str], str], tmp_path: Path
) -> None:
    stage = JoinStage(Database(make_database_url("postgresql")), tmp_path)
    done = threading.Event()

    def join() -> None:
        with stage.write() as connection:
            join_tracks(connection, 0, [1])
        done.set()

    thread = threading.Thread(target=join)
    with stage.write() as connection:
        take_lock(connection, Lock.CATALOGUE)  # as whoever writes the first one does
        thread.start()
        assert not done.wait(0.3)
    thread.join(30)
    assert done.is_set()
    stage.database.close()
