"""A known recording on a release that appeared is a re-release."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backline.storage.database import Database
from tests.storage.catalogue_stage import ISRCS, CatalogueStage, release, tell, track


@pytest.fixture
def stage(database: Database) -> CatalogueStage:
    return CatalogueStage(database)


def test_a_known_recording_on_a_release_that_appeared_is_out_again(stage: CatalogueStage) -> None:
    stage.look(release("Single", track("One", ISRCS[0])), release("Old", track("Zero", ISRCS[9])))
    deluxe = release("Deluxe", track("One (Deluxe)", ISRCS[0]), track("New", ISRCS[1]), released="2026-12-01")
    listed = replace(deluxe, recordings=None)
    rest = (release("Single", read=False, tracks=1), release("Old", read=False, tracks=1))
    # Which of two new releases is read first, and in which look, does not matter.
    twin = release("Twin", track("New (Twin)", ISRCS[1]))
    assert len(stage.look(*rest, listed, replace(twin, recordings=None), after=1)) == 2
    assert tell(stage.look(*rest, twin, after=1)) == []
    assert tell(stage.look(*rest, deluxe, after=1)) == [
        ("recording", "One (Deluxe)", "again", "Single", "Deluxe")
    ]
    assert stage.look(*rest, deluxe, twin, after=1) == []
    # At once, where it is read as it appears.
    changes = stage.look(*rest, deluxe, twin, release("Best of", track("Zero!", ISRCS[9])), after=1)
    assert [row[2:] for row in tell(changes)] == [("again", "Old", "Best of"), ("listed", None, "2027-01-20")]
