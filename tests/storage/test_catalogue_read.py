"""Of each field the best source, with all others behind it; places and history."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from backline.errors import NotAllowed, UnknownName
from backline.music import Fact, Provenance, refuse_spotify
from backline.storage import catalogue_tables as t
from backline.storage import fact_tables as f
from backline.storage.catalogue_read import (
    find_thing,
    list_releases,
    list_spots,
    read_history,
    read_things,
)
from backline.storage.database import Database
from tests.storage.catalogue_stage import DAY, SPOTIFY, CatalogueStage, release, track

ISRC, UPC = "ZZA012600001", "123456789012"


@pytest.fixture
def stage(database: Database) -> CatalogueStage:
    """A release that the team typed in, and that Spotify has too; its recording is on another one there."""
    stage = CatalogueStage(database)
    mine = release("Mine", track("Take", ISRC, source_id=""), source_id="", upc=UPC, released=None, form=None)
    stage.look(mine, provenance=Provenance.OWN, keep_until=None, name=None, platform_id="")
    stage.look(
        release("Theirs", track("Take (Theirs)", ISRC, explicit=False), track("Two"), upc=UPC, credits=("A", "B")),
        release("Second", track("Take 2", ISRC)),
        after=1,
    )  # fmt: skip
    return stage


def find_no(stage: CatalogueStage, title: str) -> int:
    return int(stage.ask("SELECT thing_no FROM backline_entry WHERE title = :title", title=title)[0][0])


def test_the_best_source_of_each_field_goes_first(stage: CatalogueStage) -> None:
    with stage.database.read() as connection:
        (thing,) = read_things(connection, t.RELEASE, [find_no(stage, "Mine")])
    own = Fact("Mine", Provenance.OWN, "", stage.now - DAY)
    theirs = Fact("Theirs", SPOTIFY, "theirs", stage.now)
    assert thing.facts["title"] == (own, theirs)
    assert thing.tell("title") == own and thing.tell("isrc") is None
    assert thing.tell("released") == Fact("2026-03-01", SPOTIFY, "theirs", stage.now)
    assert thing.tell("credits") == Fact(("A", "B"), SPOTIFY, "theirs", stage.now)
    assert thing.facts["tracks"] == (
        Fact(1, Provenance.OWN, "", own.seen_at),
        Fact(2, SPOTIFY, "theirs", stage.now),
    )
    assert list(thing.facts) == ["title", "credits", "upc", "released", "form", "tracks"]


def test_a_report_that_is_joined_speaks_for_a_recording(stage: CatalogueStage) -> None:
    number = find_no(stage, "Two")
    with stage.write() as connection:
        made = {
            "folded": "",
            "confirmed": False,
            "provenance": "report",
            "created_by": "imp_1",
            "created_at": 9,
        }
        for no, title in ((7, "Reported Two"), (8, "Not It")):
            values = made | {
                "no": no,
                "id": f"trk_{no}",
                "artist_no": 1,
                "title": title,
                "isrc": "ZZA012600002",
            }
            connection.execute(insert(f.track).values(values))
            connection.execute(
                insert(t.track_join).values(
                    track_no=no, recording_no=number, how="title", reasons="[]", made_at=1,
                    state="joined" if no == 7 else "proposed",
                )
            )  # fmt: skip
        (thing,) = read_things(connection, t.RECORDING, [number])
    assert thing.facts["title"] == (
        Fact("Reported Two", Provenance.REPORT, "imp_1", 9),
        Fact("Two", SPOTIFY, "two", stage.now),
    )
    refuse_spotify(thing.tell("title"), "a prompt")
    refuse_spotify(thing.tell("isrc"), "a prompt")
    with pytest.raises(NotAllowed, match=r"facts\.title\.1 \(two\)"):
        refuse_spotify([thing], "a prompt")


def test_what_is_gone_speaks_last_and_what_was_seen_last_first(stage: CatalogueStage) -> None:
    stage.look(release("Second", track("Take 2", ISRC)), gone=("theirs",), after=2)
    with stage.database.read() as connection:
        (thing,) = read_things(connection, t.RECORDING, [find_no(stage, "Take 2")])
    assert [fact.value for fact in thing.facts["title"]] == ["Take", "Take 2", "Take (Theirs)"]
    assert thing.tell("explicit") == Fact(False, SPOTIFY, "take (theirs)", stage.now - 2 * DAY)


def test_an_artist_is_named_by_its_row_and_by_its_sources(stage: CatalogueStage) -> None:
    with stage.database.read() as connection:
        (artist,) = read_things(connection, t.ARTIST, [1])
        assert find_thing(connection, artist.id) == artist
    assert [(fact.value, fact.provenance) for fact in artist.facts["title"]] == [
        ("Artist 1", Provenance.OWN),
        ("Name 1", SPOTIFY),
    ]


def test_things_are_found_by_id_and_read_in_order(stage: CatalogueStage) -> None:
    numbers = [find_no(stage, "Second"), find_no(stage, "Mine"), 999]
    with stage.database.read() as connection:
        second, mine = read_things(connection, t.RELEASE, numbers)
        assert [second.no, mine.no] == numbers[:2]
        assert find_thing(connection, second.id[:12]) == second
        for words, why in (("rel_", "more than one"), ("", "more than one"), ("rel_zz", "nothing starts")):
            with pytest.raises(UnknownName, match=why):
                find_thing(connection, words)


def test_releases_of_an_artist_and_places_of_recordings(stage: CatalogueStage) -> None:
    mine, second = find_no(stage, "Mine"), find_no(stage, "Second")
    take = find_no(stage, "Take")
    with stage.database.read() as connection:
        assert list_releases(connection, 1) == sorted([mine, second])
        assert list_releases(connection, 2) == []
        spots = list_spots(connection, recordings=[take])
        assert [(one.release_no, one.position, one.provenance) for one in spots] == [
            (mine, 1, Provenance.OWN),
            (mine, 1, SPOTIFY),
            (second, 1, SPOTIFY),
        ]
        on_second = list_spots(connection, releases=[second])
    assert [(one.recording_no, one.source, one.gone_at) for one in on_second] == [(take, "second", None)]


def test_history_is_newest_first_and_of_every_artist_who_has_the_release(stage: CatalogueStage) -> None:
    stage.look(release("Second", track("Take 2", ISRC)), artist=2)
    renamed = release("Second!", track("Take 2", ISRC), source_id="second")
    stage.look(renamed, artist=2, after=1)
    stage.look(renamed, gone=("theirs",))
    with stage.database.read() as connection:
        mine, others = read_history(connection, 1), read_history(connection, 2)
        assert len(read_history(connection, 1, limit=1)) == 1
    assert [(row.field, row.old, row.new) for row in mine][1:] == [("title", "Second", "Second!")]
    assert (mine[0].field, mine[0].new) == ("listed", None)
    assert [row.field for row in others] == ["title"]
