"""What a source says is written where it differs, and told as a change; what is not told stays."""

from __future__ import annotations

import pytest

from backline.music import Provenance
from backline.storage.database import Database
from tests.storage.catalogue_stage import DAY, ISRCS, TABLES, CatalogueStage, read_rows, release, tell, track


@pytest.fixture
def stage(database: Database) -> CatalogueStage:
    return CatalogueStage(database)


def test_the_same_seen_again_within_a_day_writes_nothing(stage: CatalogueStage) -> None:
    seen = (release("Dawn", track("One", ISRCS[0])), release("Dusk", track("Two"), read=False))
    stage.look(*seen)

    def read_all() -> dict[str, object]:
        with stage.database.read() as connection:
            return {
                name: read_rows(connection, f"backline_{name}") for name in TABLES if name != "artist_sync"
            }

    before = read_all()
    stage.now += DAY // 2
    assert stage.look(*seen) == []
    assert read_all() == before
    assert stage.look(*seen, after=2) == []
    for table in ("entry", "discography"):
        fresh = f"seen_at = {stage.now} AND expires_at = {stage.now + 30 * DAY}"
        assert stage.count(table, fresh) == stage.count(table) > 0


def test_what_changed_is_told_and_kept(stage: CatalogueStage) -> None:
    stage.look(
        release("Dawn", track("One", ISRCS[0]), released="2026"), release("Dusk", track("Two", ISRCS[1]))
    )
    changes = stage.look(
        release(
            "Dawn (Live)",
            track("Uno", ISRCS[2], source_id="one"),
            source_id="dawn",
            released="2026-04-02",
            form="single",
        ),
        release("Dusk", read=False, tracks=1),
        name="New Name",
        after=1,
    )
    expected = [
        ("artist", "New Name", "title", "Name 1", "New Name"),
        ("recording", "Uno", "isrc", ISRCS[0], ISRCS[2]),
        ("recording", "Uno", "title", "One", "Uno"),
        ("release", "Dawn (Live)", "form", "album", "single"),
        ("release", "Dawn (Live)", "released", "2026", "2026-04-02"),
        ("release", "Dawn (Live)", "title", "Dawn", "Dawn (Live)"),
    ]
    assert tell(changes) == expected
    rows = stage.ask("SELECT * FROM backline_catalogue_change ORDER BY kind, field")
    assert sorted((row.kind, row.field, row.old, row.new) for row in rows) == [
        (a, c, d, e) for a, _, c, d, e in expected
    ]
    assert {(row.artist_no, row.provenance, row.seen_at, row.run_id) for row in rows} == {
        (1, "spotify_api", stage.now, "run-1")
    }
    assert stage.known().releases["dawn"].title == "Dawn (Live)"
    assert stage.ask("SELECT folded FROM backline_entry WHERE source_id = 'dawn'")[0][0] == "dawn (live)"


def test_what_is_not_told_stays_and_what_is_learned_is_no_change(stage: CatalogueStage) -> None:
    stage.look(release("Dawn", track("One"), released=None, upc=None))
    full = release("Dawn", track("One", ISRCS[0], explicit=True, duration_ms=5), upc="123456789012")
    assert stage.look(full) == []
    assert stage.look(release("Dawn", track("One"), released=None, form=None, upc=None)) == []
    (row,) = stage.ask("SELECT isrc, explicit, duration_ms FROM backline_entry WHERE kind = 'recording'")
    assert (row.isrc, bool(row.explicit), row.duration_ms) == (ISRCS[0], True, 5)
    (row,) = stage.ask("SELECT upc, released, form FROM backline_entry WHERE kind = 'release'")
    assert tuple(row) == ("123456789012", "2026-03-01", "album")


def test_what_is_the_team_s_own_does_not_expire(stage: CatalogueStage) -> None:
    stage.look(release("Dawn", track("One")), provenance=Provenance.OWN, keep_until=None)
    assert stage.count("entry", "expires_at IS NULL") == 3
    stage.look(release("Dawn", track("One")), provenance=Provenance.OWN, keep_until=None, after=400)
    assert stage.count("entry", f"seen_at = {stage.now}") == 3
