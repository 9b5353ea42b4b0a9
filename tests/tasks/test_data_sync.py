"""An artist brought over from the sandbox: what it costs, what is noted, and what a kill or a spent budget leaves."""

from __future__ import annotations

from typing import Any

import pytest

from backline.errors import BadInput, TryLater, UnknownName
from backline.runtime.task import Job
from backline.spotify.faults import Hiccup
from backline.storage.artists import add_artist
from backline.storage.catalogue_links import find_by_platform, link_artist
from backline.storage.database import Database
from backline.tasks.data_sync import SyncArtistData, name_lock, sync_artist_data
from tests.tasks.work.artist_stand import ArtistStand, Kept

PROFILES = ["dev-2026", "dev-legacy", "extended"]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("releases", [0, 10, 25])
def test_a_first_sync_costs_the_least_there_is_and_an_unchanged_one_or_two(
    database: Database, profile: str, releases: int
) -> None:
    stand = ArtistStand(database, profile)
    artist = stand.make(releases, tracks=3)
    answer = stand.sync(artist.id)
    assert stand.count() == stand.least(artist)
    stand.check(artist)
    assert answer.artist and len(answer.artist.new) == answer.artist.read == releases
    assert sum(answer.requests.values()) == sum(stand.least(artist).values())
    assert stand.history() == [] and answer.due_at is None
    for _ in range(3):
        answer = stand.sync(artist.id)
        size = 10 if profile == "dev-2026" else 50
        assert stand.count() == {"artist-album": 1 if releases <= size else 2}
        assert answer.artist and not (answer.artist.new or answer.artist.changed or answer.artist.gone)
    stand.check(artist)
    assert stand.history() == []


@pytest.mark.parametrize("releases", [4, 10, 25])
def test_a_new_album_costs_what_it_must(database: Database, releases: int) -> None:
    stand = ArtistStand(database)
    artist = stand.make(releases)
    stand.sync(artist.id)
    made = stand.edit("add_release", artist=artist.id, kind="album", date="2026-11-20", tracks=7)
    answer = stand.sync(artist.id)
    listed = 1 if releases + 1 <= 10 else 2
    assert stand.count() == {"artist-album": listed + 1, "tracks": 7}
    stand.check(artist)
    assert answer.artist and answer.artist.new == [made["release"]]
    listed_on = [row for row in stand.history() if row[2] == "listed" and row[0] == "release"]
    assert [(row[1], row[3]) for row in listed_on] == [(made["release"], None)]


def test_an_album_of_sixty_takes_one_page_more(database: Database) -> None:
    stand = ArtistStand(database)
    artist = stand.make(1)
    stand.edit("add_release", artist=artist.id, kind="album", tracks=60)
    stand.sync(artist.id)
    assert stand.count() == stand.least(artist) == {"artist-album": 4, "tracks": 62}
    stand.check(artist)


def test_what_happens_outside_is_history_with_old_and_new(database: Database) -> None:
    stand = ArtistStand(database)
    artist = stand.make(6)
    stand.sync(artist.id)
    first, second, third, fourth = artist.releases[:4]
    world = stand.room.world
    before = {key: (world.releases[key].name, world.releases[key].date) for key in artist.releases}
    stand.edit("rename_release", release=first, name="Another Name")
    stand.edit("move_date", release=second, date="2026-12")
    stand.edit("remove_release", release=third)
    more = stand.edit("add_track", release=fourth)["track"]
    stand.edit("rename_artist", artist=artist.id, name="Somebody Else")
    answer = stand.sync(artist.id)
    stand.check(artist)
    assert stand.count() == {"artist-album": 2, "tracks": 1}
    rows = stand.history()
    assert ("release", first, "title", before[first][0], "Another Name") in rows
    assert ("release", second, "released", before[second][1], "2026-12") in rows
    assert ("release", fourth, "tracks", "2", "3") in rows
    assert ("artist", artist.id, "title", "Maker of 6", "Somebody Else") in rows
    assert [row[3:] for row in rows if row[:3] == ("release", third, "listed")] == [
        ("2026-11-23", None)  # when it was seen last
    ]
    assert any(row[1] == more for row in rows)
    assert answer.artist and answer.artist.gone == [third]
    assert {(one.release, one.field) for one in answer.artist.changed} == {
        (first, "title"), (second, "released"), (fourth, "tracks"),
    }  # fmt: skip
    count = len(rows)
    stand.sync(artist.id)
    assert len(stand.history()) == count


def test_a_rerelease_is_told_as_one(database: Database) -> None:
    stand = ArtistStand(database)
    artist = stand.make(3)
    stand.sync(artist.id)
    made = stand.edit("rerelease", release=artist.releases[0])
    answer = stand.sync(artist.id)
    assert answer.artist and answer.artist.again == [made["release"]]
    again = [row for row in stand.history() if row[2] == "again"]
    assert {row[1] for row in again} == set(made["tracks"])


def test_a_full_sync_reads_all_anew_and_finds_what_lists_do_not_show(database: Database) -> None:
    stand = ArtistStand(database)
    artist = stand.make(12)
    stand.sync(artist.id)
    track = stand.room.world.releases[artist.releases[0]].tracks[0]
    stand.edit("rename_track", track=track, name="Another Title")
    stand.sync(artist.id)
    assert not any(row[1] == track for row in stand.history())
    answer = stand.sync(artist.id, full=True)
    assert stand.count() == stand.least(artist)
    statuses = [one.status for one in stand.room.stage.ledger.entries if one.path.startswith("/v1/")]
    assert statuses.count(200) == 2  # the release and the track that changed; all else is 304
    assert [row[4] for row in stand.history() if row[1] == track] == ["Another Title"]
    assert answer.artist and answer.artist.read == 12 and answer.artist.new == []
    stand.check(artist)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("full", [False, True])
def test_killed_after_each_answer_nothing_is_asked_for_twice(
    database: Database, profile: str, full: bool
) -> None:
    stand = ArtistStand(database, profile)
    artist = stand.make(11, tracks=1) if full else stand.make(5)
    count = sum(stand.least(artist).values())
    if full:
        stand.sync(artist.id)
    for number in range(1, count + 1):
        other = artist if full else stand.make(5)
        stand.kill_after = number
        runs, attempts = stand.runs, stand.attempts
        answer = stand.sync(other.id, full=full, after=60)
        assert stand.count() == stand.least(other) and stand.kill_after is None
        assert (stand.runs - runs, stand.attempts - attempts) == (1, 2)
        assert sum(answer.requests.values()) == count
        stand.check(other)


def test_killed_again_and_again_it_ends(database: Database) -> None:
    stand = ArtistStand(database)
    artist = stand.make(11)
    keep = stand.room.answers.write

    def write(key: str, answer: Any) -> None:
        stand.kill_after = 1
        keep(key, answer)

    stand.room.answers.write = write  # type: ignore[method-assign] # of this one
    stand.sync(artist.id)
    assert stand.count() == stand.least(artist)
    stand.check(artist)


@pytest.mark.parametrize("skip", [0, 1, 2, 5, 9, 20])
def test_a_budget_that_ends_on_the_way_leaves_whole_releases_and_a_run_that_goes_on(
    database: Database, skip: int
) -> None:
    stand = ArtistStand(database)
    artist = stand.make(11)
    stand.room.fail("quota", match="GET /v1/tracks/*", retry_after=72_000, skip=skip)
    answers = stand.sync_whole(artist.id)
    good = [one for one in stand.room.stage.ledger.entries if one.status == 200 and "/v1/" in one.path]
    assert len(good) == sum(stand.least(artist).values())
    assert stand.room.stage.ledger.tell()["inside_ban"] == 0
    stand.check(artist)
    first, last = answers
    assert first.artist and first.artist.read == skip // 2 and first.artist.left == 11 - skip // 2
    assert first.due_at is not None and last.due_at is None
    assert any("goes on" in reason.decision for reason in first.reasons)
    assert last.artist and last.artist.left == 0 and stand.history() == []


def test_what_is_left_is_known_by_then(database: Database) -> None:
    stand = ArtistStand(database)
    artist = stand.make(11)
    stand.room.fail("quota", match="GET /v1/tracks/*", retry_after=72_000, skip=6)
    stand.sync(artist.id)
    known = stand.known(artist.id)
    assert len(known.releases) == 11
    read = [stand.room.world.releases[key].date for key, one in known.releases.items() if one.has_detail]
    assert sorted(read) == sorted(stand.room.world.releases[key].date for key in artist.releases)[-3:]


def test_a_full_sync_over_days_asks_for_nothing_twice(database: Database) -> None:
    stand = ArtistStand(database)
    artist = stand.make(11)
    stand.sync(artist.id)
    for skip in (5, 5, 5):
        stand.room.fail("quota", match="GET /v1/tracks/*", retry_after=72_000, skip=skip)
    answers = stand.sync_whole(artist.id, full=True)
    assert len(answers) == 4
    assert sum(sum(one.requests.values()) for one in answers) == sum(stand.least(artist).values())
    good = [one for one in stand.room.stage.ledger.entries if one.status in (200, 304) and "/v1/" in one.path]
    assert len(good) == sum(stand.least(artist).values())
    stand.check(artist)


def test_a_pause_before_anything_was_answered_is_waited_for(database: Database) -> None:
    stand = ArtistStand(database)
    artist = stand.make(3)
    stand.room.fail("429", retry_after=7_200)
    with pytest.raises(TryLater) as caught:
        _try_once(stand, artist.id)
    assert caught.value.seconds == 7_200
    stand.sync(artist.id)
    stand.check(artist)


def test_a_fault_counts_only_where_nothing_was_answered(database: Database) -> None:
    stand = ArtistStand(database)
    artist = stand.make(3)
    stand.room.fail("5xx")
    with pytest.raises(Hiccup):
        _try_once(stand, artist.id)
    stand.room.fail("5xx", skip=2)
    with pytest.raises(TryLater):
        _try_once(stand, artist.id)


@pytest.mark.parametrize(
    "seed", [*range(6), *(pytest.param(one, marks=pytest.mark.long) for one in range(6, 60))]
)
def test_faults_by_chance_change_nothing_but_the_time(database: Database, seed: int) -> None:
    stand = ArtistStand(database, PROFILES[seed % 3])
    artist = stand.find(11)
    kinds = ["5xx", "cut", "reset", "html", "text", "429", "quota"]
    stand.room.fail_by_chance(seed, kinds, rate=0.2)
    stand.kill_after = 1 + seed
    stand.sync_whole(artist.id)
    stand.room.stage.faults.clear()
    stand.check(artist)
    assert stand.history() == [] and stand.room.stage.ledger.tell()["inside_ban"] == 0


def test_a_list_that_moves_while_it_is_read_is_read_again(database: Database) -> None:
    stand = ArtistStand(database)
    artist = stand.make(25)
    stand.sync(artist.id)
    first = max(artist.releases, key=lambda key: stand.room.world.releases[key].date)
    stand.room.fail(
        "world", match="GET /v1/artists/*", skip=1, edits=[{"do": "remove_release", "release": first}]
    )
    answer = stand.sync(artist.id, full=True)
    assert answer.artist and answer.artist.gone == [] and answer.artist.seen_within == 1
    assert any(reason.rule == "artist.moving" for reason in answer.reasons)
    answer = stand.sync(artist.id)
    assert answer.artist and answer.artist.gone == [first]
    stand.check(artist)


def test_a_release_that_goes_while_it_is_read_is_gone_next_time(database: Database) -> None:
    stand = ArtistStand(database)
    artist = stand.make(3)
    last = max(artist.releases, key=lambda key: stand.room.world.releases[key].date)
    stand.room.fail("world", match="GET /v1/albums/*", edits=[{"do": "remove_release", "release": last}])
    answer = stand.sync(artist.id)
    assert any(reason.rule == "artist.lost" for reason in answer.reasons) and answer.due_at is None
    answer = stand.sync(artist.id)
    assert answer.artist and answer.artist.gone == [last]
    stand.check(artist)


def test_forty_days_cost_two_requests_each_and_nothing_expires(database: Database) -> None:
    stand = ArtistStand(database)
    artist = stand.make(25, tracks=1)
    stand.sync(artist.id)
    stand.room.stage.ledger.empty()
    for _ in range(40):
        stand.sync(artist.id)
        # After thirty days what the Client ID may do is looked up anew.
        assert {"search": 0} | stand.count() in (
            {"search": 0, "artist-album": 2},
            {"search": 1, "artist-album": 2},
        )
    stand.check(artist)
    assert stand.history() == []


def test_one_of_ours_is_synced_by_its_name_once_somebody_linked_it(database: Database) -> None:
    stand = ArtistStand(database)
    artist = stand.make(2)
    with database.write() as connection:
        ours = add_artist(connection, database.now_sql, "Maker of 2", created_by="ann").row
    with pytest.raises(BadInput, match=r"backline artist link"):
        stand.sync("Maker of 2")
    with pytest.raises(UnknownName):
        stand.sync("Nobody")
    told = stand.sync(artist.id)
    namesake = next(reason for reason in told.reasons if reason.rule == "artist.namesake")
    assert f"backline artist link {ours.id} {artist.id}" in namesake.decision
    with database.write() as connection:
        link_artist(connection, database.now(connection), "spotify", artist.id, ours.no, made_by="ann")
    answer = stand.sync("Maker of 2")
    assert stand.count() == {"artist-album": 1} and answer.artist and answer.artist.artist == ours.id
    with database.read() as connection:
        assert find_by_platform(connection, "spotify", artist.id).no == ours.no  # type: ignore[union-attr] # it is there


def test_the_audit_has_digests_and_counts_and_no_content(database: Database) -> None:
    stand = ArtistStand(database)
    artist = stand.make(2)
    answer = stand.sync(artist.id)
    (action, subject, before, after, body) = stand.trail.entries[0]
    assert (action, subject, before) == ("artist.synced", f"artist:spotify:{artist.id}", None)
    assert after and len(after) == 64 and body["requests"] == answer.requests
    names = [stand.room.world.releases[key].name for key in artist.releases] + [artist.name]
    assert not any(name in answer.model_dump_json() for name in names)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "either"),
        ({"artist_id": "a", "account_id": "b"}, "either"),
        ({"artist_id": "a", "parts": ["plays"]}, "account"),
        ({"artist_id": ""}, "artist_id"),
    ],
)
def test_a_job_that_means_nothing_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        sync_artist_data.read_job(**given)


def test_whatever_names_an_artist_of_spotify_has_one_place() -> None:
    key = "4Z8W4fKeB5YxbusRsdQVPb"
    names = [key, f"spotify:artist:{key}", f"https://open.spotify.com/artist/{key}?si=1"]
    assert len({name_lock(SyncArtistData(artist_id=one)) for one in names}) == 1
    assert name_lock(SyncArtistData(account_id=key)) != name_lock(SyncArtistData(artist_id=key))


def test_positional_arguments_are_artist_and_full_sync() -> None:
    job: Job = sync_artist_data.read_job("Velvet Tramlines", True)
    assert job == SyncArtistData(artist_id="Velvet Tramlines", full_sync=True)


def _try_once(stand: ArtistStand, artist: str) -> None:
    """One attempt, with whatever ends it."""
    stand.attempt(SyncArtistData(artist_id=artist), Kept())
