"""Artists whom a platform alone had named leave with what it said of them; others stay."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from backline.storage.catalogue_expire import expire_catalogue, purge_provenance, remove_artist_content
from backline.storage.catalogue_links import make_artist_from
from backline.storage.database import Database
from tests.storage.catalogue_stage import DAY, SPOTIFY, CatalogueStage, release, track

OWN_RELEASE = """INSERT INTO backline_entry
    (kind, thing_no, provenance, source_id, title, folded, artist_no, credits, seen_at)
VALUES ('release', 99, 'own', '', 'Mine', 'mine', {}, '[]', 1)"""


@pytest.fixture
def stage(database: Database) -> CatalogueStage:
    return CatalogueStage(database)


def expire(stage: CatalogueStage) -> int:
    with stage.write() as connection:
        return expire_catalogue(connection, stage.now)["artists"]


def purge(stage: CatalogueStage) -> int:
    with stage.write() as connection:
        return purge_provenance(connection, SPOTIFY)["artists"]


def make(stage: CatalogueStage, name: str = "Spot Artist") -> int:
    with stage.write() as connection:
        row = make_artist_from(
            connection, stage.now, "spotify", "p9", name, keep_until=stage.now + 30 * DAY, run_id="r"
        )
    return int(row.no)


def test_an_artist_whom_the_platform_alone_named_leaves(stage: CatalogueStage) -> None:
    number = make(stage)
    stage.look(release("Dawn", track("One")), artist=number, platform_id="p9")
    assert purge(stage) == 1
    assert (stage.count("artist"), stage.count("entry")) == (2, 0)


@pytest.mark.parametrize(
    ("word", "provenance"),
    [
        ("UPDATE backline_artist SET confirmed = true WHERE no = {}", "own"),
        ("INSERT INTO backline_fact VALUES (1, {}, 20000, 0, '', '', 'streams', '', 5, 0)", "report"),
        (
            OWN_RELEASE,
            "own",
        ),
    ],
)
def test_an_artist_with_more_than_that_stays(stage: CatalogueStage, word: str, provenance: str) -> None:
    number = make(stage)
    with stage.write() as connection:
        connection.execute(text(word.format(number)))
    stage.now += 30 * DAY
    assert expire(stage) == 0
    assert stage.ask("SELECT provenance FROM backline_artist WHERE no = :no", no=number) == [(provenance,)]


def test_what_two_artists_have_stays_with_the_other(stage: CatalogueStage) -> None:
    both = release("Both", track("One"))
    number = make(stage)
    stage.look(both, release("Alone", track("Two")), artist=number, platform_id="p9")
    stage.look(both, artist=2)
    with stage.write() as connection:
        counts = remove_artist_content(connection, number, SPOTIFY)
    assert (counts["entries"], counts["artists"], counts["releases"]) == (3, 1, 1)
    assert set(stage.known(2).releases) == {"both"}
    assert stage.ask("SELECT DISTINCT artist_no FROM backline_entry WHERE kind <> 'artist'") == [(2,)]
    assert stage.known(2).releases["both"].has_detail


def test_an_expired_artist_hands_over_what_another_still_lists(stage: CatalogueStage) -> None:
    both = release("Both", track("One"))
    number = make(stage)
    stage.look(both, artist=number, platform_id="p9")
    stage.look(both, artist=2, after=20)
    stage.now += 15 * DAY
    assert expire(stage) == 1
    assert stage.ask("SELECT DISTINCT artist_no FROM backline_entry WHERE kind <> 'artist'") == [(2,)]
    assert dict(stage.known(2).releases["both"].recordings) == {"one": None}
