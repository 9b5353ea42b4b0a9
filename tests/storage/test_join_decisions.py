"""A person's word on joins: what may be said, of what, and what is shown."""

from __future__ import annotations

import pytest

from backline.errors import BadInput, UnknownName
from backline.storage.database import Database
from backline.storage.join_decisions import confirm_join, find_track, list_joins, refuse_join
from backline.storage.joins import JOINED, PROPOSED, REFUSED, join_artists
from tests.storage.catalogue_stage import CatalogueStage, release, track
from tests.storage.fact_writer import FactWriter


@pytest.fixture
def stage(database: Database) -> CatalogueStage:
    """Two recordings called One, one called Two, and tracks of these names."""
    stage = CatalogueStage(database)
    live = release("Live", track("One", source_id="live"))
    stage.look(release("Dawn", track("One"), track("Two")), live)
    with stage.write() as connection:
        for number, title in enumerate(("One", "Two", "Three"), start=1):
            FactWriter(connection).add_track(number, 1, title)
        join_artists(connection, stage.now, [1])
    return stage


def test_a_track_is_found_by_the_beginning_of_its_id(stage: CatalogueStage) -> None:
    with stage.write() as connection:
        FactWriter(connection).add_track(11, 1, "Eleven")
        assert find_track(connection, " trk_1 ").no == 1
        assert find_track(connection, "trk_11").no == 11
        for wrong in ("trk", "trk_9", ""):
            with pytest.raises(UnknownName):
                find_track(connection, wrong)


def test_a_choice_must_be_named_and_a_single_one_need_not(stage: CatalogueStage) -> None:
    with stage.write() as connection:
        one, two, three = (find_track(connection, f"trk_{number}") for number in (1, 2, 3))
        with pytest.raises(BadInput, match=r"is or may be: rec_\w+, rec_\w+"):
            confirm_join(connection, 5, one, None, by="ann")
        with pytest.raises(BadInput, match="Nothing is proposed"):
            confirm_join(connection, 5, three, None, by="ann")
        row = confirm_join(connection, 5, two, None, by="ann")
    assert (row.how, row.state, row.made_at, row.decided_at, row.decided_by) == (
        "title",
        JOINED,
        stage.now,
        5,
        "ann",
    )


def test_what_nothing_proposes_may_be_joined_by_hand(stage: CatalogueStage) -> None:
    with stage.write() as connection:
        three = find_track(connection, "trk_3")
        (other,) = {row.recording_no for row in list_joins(connection, track_no=2)}
        assert confirm_join(connection, 5, three, other, by="ann").how == "hand"
        with pytest.raises(BadInput, match="is or may be: rec_") as wrong:
            refuse_join(connection, 6, three, other + 100, by="ann")
        assert "refuse trk_3 RECORDING" in str(wrong.value.remedy)
        assert [row.state for row in refuse_join(connection, 6, three, other, by="ann")] == [JOINED]
        assert [row.state for row in list_joins(connection, track_no=3)] == [REFUSED]


def test_a_join_is_taken_back_without_its_name(stage: CatalogueStage) -> None:
    with stage.write() as connection:
        two = find_track(connection, "trk_2")
        confirm_join(connection, 5, two, None, by="ann")
        assert [row.state for row in refuse_join(connection, 6, two, None, by="ann")] == [JOINED]
        with pytest.raises(BadInput, match="joined with nothing"):
            refuse_join(connection, 7, two, None, by="ann")


def test_none_of_a_choice(stage: CatalogueStage) -> None:
    with stage.write() as connection:
        one = find_track(connection, "trk_1")
        assert len(refuse_join(connection, 5, one, None, by="ann")) == 2
        with pytest.raises(BadInput):
            refuse_join(connection, 5, one, None, by="ann")
        join_artists(connection, 6, [1])
        assert [row.track for row in list_joins(connection, states=[PROPOSED])] == ["trk_2"]
        assert [row.track for row in list_joins(connection, artist_no=2)] == []
        assert len(list_joins(connection)) == 3 and len(list_joins(connection, limit=1)) == 1
