"""What the next look of an artist is told."""

from __future__ import annotations

import pytest

from backline.storage.database import Database
from tests.storage.catalogue_stage import DAY, ISRCS, CatalogueStage, release, track


@pytest.fixture
def stage(database: Database) -> CatalogueStage:
    return CatalogueStage(database)


def test_a_first_look_is_known_and_changes_nothing(stage: CatalogueStage) -> None:
    first = release("Dawn", track("One", ISRCS[0]), track("Two"), upc="0 12345-678905", credits=("Name 1",))
    assert stage.look(first, release("Dusk", track("Three"), read=False, released=None), next_offset=10) == []
    known = stage.known()
    assert (known.total, known.next_offset, known.name) == (2, 10, "Name 1")
    assert (known.walked_at, known.full_at, known.answered_at) == (stage.now, None, stage.now)
    dawn, dusk = known.releases["dawn"], known.releases["dusk"]
    assert (dawn.title, dawn.released, dawn.form, dawn.tracks, dawn.has_detail) == (
        "Dawn",
        "2026-03-01",
        "album",
        2,
        True,
    )
    assert dict(dawn.recordings) == {"one": ISRCS[0], "two": None}
    assert (dusk.released, dusk.has_detail, dict(dusk.recordings)) == (None, False, {})
    assert (dawn.position_hint, dusk.position_hint) == (0, 1)
    (row,) = stage.ask("SELECT * FROM backline_entry WHERE source_id = 'dawn'")
    assert (row.upc, row.credits, row.folded, row.artist_no) == ("012345678905", '["Name 1"]', "dawn", 1)
    assert (row.expires_at, row.seen_at, row.detail_at) == (stage.now + 30 * DAY, stage.now, stage.now)
    assert stage.known(2).releases == {}
