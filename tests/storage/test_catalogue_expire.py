"""What has expired leaves with all that hung on it; what has a second source stays."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, text

from backline.music import Provenance
from backline.storage import catalogue_tables as t
from backline.storage import fact_tables as f
from backline.storage.catalogue_expire import (
    expire_catalogue,
    purge_provenance,
)
from backline.storage.database import Database
from tests.storage.catalogue_stage import DAY, SPOTIFY, CatalogueStage, release, track

ISRC = "ZZA012600001"
CONTENT = (
    "entry",
    "appearance",
    "discography",
    "catalogue_change",
    "release",
    "recording",
    "artist_sync",
    "track_join",
)


@pytest.fixture
def stage(database: Database) -> CatalogueStage:
    return CatalogueStage(database)


def expire(stage: CatalogueStage, **values: Any) -> dict[str, int]:
    with stage.write() as connection:
        return expire_catalogue(connection, stage.now, **values)


def purge(stage: CatalogueStage, provenance: Provenance = SPOTIFY) -> dict[str, int]:
    with stage.write() as connection:
        return purge_provenance(connection, provenance)


def join(stage: CatalogueStage) -> None:
    """A track of a report is the first recording."""
    values = {"track_no": 7, "how": "isrc", "state": "joined", "reasons": "[]", "made_at": 1}
    with stage.write() as connection:
        made = {
            "folded": "one",
            "confirmed": False,
            "provenance": "report",
            "created_by": "imp_1",
            "created_at": 9,
        }
        track_row = made | {"no": 7, "id": "trk_7", "artist_no": 1, "title": "One", "isrc": ISRC}
        connection.execute(insert(f.track).values(track_row))
        no = connection.execute(text("SELECT min(no) FROM backline_recording")).scalar_one()
        connection.execute(insert(t.track_join).values(recording_no=no, **values))


def fill(stage: CatalogueStage) -> None:
    """An artist with history: renamed, with a release that went."""
    stage.look(release("Dawn", track("One", ISRC)), release("Dusk", track("Two")))
    stage.look(
        release("Dawn!", track("One!", ISRC, source_id="one"), source_id="dawn"),
        gone=("dusk",),
        name="New",
        after=2,
    )
    join(stage)


def left(stage: CatalogueStage) -> dict[str, int]:
    return {table: count for table in CONTENT if (count := stage.count(table))}


def test_expiry_leaves_nothing_behind(stage: CatalogueStage) -> None:
    fill(stage)
    stage.now += 28 * DAY
    before = left(stage)
    assert expire(stage) == {
        "entries": 2,
        "listings": 1,
        "changes": 1,
        "recordings": 1,
        "releases": 1,
        "joins": 0,
        "artists": 0,
    }
    assert left(stage) != before and stage.known().releases.keys() == {"dawn"}
    stage.now += 2 * DAY
    assert expire(stage) == {
        "entries": 3,
        "listings": 1,
        "changes": 3,
        "recordings": 1,
        "releases": 1,
        "joins": 1,
        "artists": 0,
    }
    assert left(stage) == {}
    assert stage.count("artist") == 2  # they are the team's own
    assert expire(stage) == {"entries": 0, "listings": 0}


def test_each_look_lets_expired_content_leave(stage: CatalogueStage) -> None:
    fill(stage)
    stage.look(release("Other", track("Three")), artist=2, after=40)
    assert stage.known().releases == {} and stage.known().walked_at is None
    assert stage.count("entry", "expires_at > 0") == stage.count("entry") == 3
    # What is found after everything had left is a beginning: it has not appeared.
    assert stage.look(release("Dawn", track("One", ISRC))) == []


def test_what_has_a_second_source_stays(stage: CatalogueStage) -> None:
    own = release("Own Dawn", track("Own One", ISRC, source_id=""), source_id="", upc="123456789012")
    stage.look(own, provenance=Provenance.OWN, keep_until=None, name=None, platform_id="")
    fill(stage)
    stage.look(release("Dawn!", track("One!", ISRC, source_id="one"), source_id="dawn", upc="123456789012"))
    assert (stage.count("release"), stage.count("recording")) == (2, 2)
    stage.now += 40 * DAY
    assert expire(stage)["joins"] == 0
    expected = {
        "entry": 2,
        "appearance": 1,
        "discography": 1,
        "release": 1,
        "recording": 1,
        "track_join": 1,
        "artist_sync": 0,
    }
    assert left(stage) == {name: count for name, count in expected.items() if count}
    assert {row[0] for row in stage.ask("SELECT title FROM backline_entry")} == {"Own Dawn", "Own One"}


def test_a_purge_lets_one_source_leave_and_no_other(stage: CatalogueStage) -> None:
    own = release("Own", track("Mine", ISRC, source_id=""), source_id="")
    stage.look(own, provenance=Provenance.OWN, keep_until=None, name=None, platform_id="")
    fill(stage)
    stage.look(release("Other", track("Three")), artist=2)
    counts = purge(stage)
    assert counts == {
        "entries": 8,
        "changes": 4,
        "releases": 3,
        "recordings": 2,
        "artists": 0,
        "joins": 0,
    }
    assert left(stage) == {
        "entry": 2,
        "appearance": 1,
        "discography": 1,
        "release": 1,
        "recording": 1,
        "track_join": 1,
    }
    assert purge(stage) == {"entries": 0}
    assert purge(stage, Provenance.OWN)["entries"] == 2
    assert left(stage) == {}


def test_it_leaves_in_batches(stage: CatalogueStage) -> None:
    stage.look(*(release(f"R{number}", track(f"T{number}")) for number in range(5)))
    stage.now += 30 * DAY
    taken = []
    while entries := expire(stage, most=4)["entries"]:
        taken.append(entries)
    assert taken == [4, 4, 3]
    assert left(stage) == {}


def test_a_release_that_lost_recordings_is_to_be_read_again(stage: CatalogueStage) -> None:
    stage.look(release("Dawn", track("One")))
    with stage.write() as connection:
        connection.execute(text("UPDATE backline_entry SET expires_at = 1 WHERE kind = 'recording'"))
    expire(stage)
    assert not stage.known().releases["dawn"].has_detail
    assert stage.known().walked_at is not None


def test_a_list_with_gaps_is_read_whole_again(stage: CatalogueStage) -> None:
    dawn, dusk = release("Dawn", track("One")), release("Dusk", track("Two"))
    stage.look(dawn, dusk)
    stage.look(dawn, is_whole=False, total=2, after=20)
    stage.now += 15 * DAY
    expire(stage)
    assert set(stage.known().releases) == {"dawn"}
    assert (stage.known().total, stage.known().walked_at) == (None, None)
    assert stage.look(dawn, dusk) == []
