"""What an account keeps, follows and played: nothing lost, nothing twice, as few requests as will do."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from backline.runtime.handle import RunHandle
from backline.runtime.run import run_here
from backline.runtime.submit import Ask
from backline.settings import load_settings
from backline.spotify.apps import Apps
from backline.storage.account_expire import expire_accounts
from backline.storage.account_read import list_gaps, list_plays, read_part
from backline.storage.account_write import DAY
from backline.storage.database import Database
from backline.storage.runs import list_runs
from backline.tasks.data_sync import SyncArtistData, sync_artist_data
from backline.wiring import House
from tests.tasks.work.account_stand import AccountStand


@pytest.fixture
def stand(database: Database) -> AccountStand:
    return AccountStand(database)


def saved(stand: AccountStand, kind: str) -> set[str]:
    """What the sandbox's person keeps and may see."""
    shelf = stand.person.follows if kind == "artist" else stand.person.saved
    return {uri for uri in shelf if uri.startswith(f"spotify:{kind}:")}


def agrees(stand: AccountStand) -> bool:
    """Whether what is known is what is kept."""
    pairs = (("track", "track"), ("release", "album"), ("artist", "artist"))
    return all(stand.kept(kind) == saved(stand, word) for kind, word in pairs)


def cost(stand: AccountStand, *parts: str) -> int:
    """How many requests a look takes."""
    before = stand.count()
    stand.look(*parts)
    return stand.count() - before


def test_a_library_that_grows_and_shrinks(stand: AccountStand) -> None:
    stand.look("library")
    assert agrees(stand) or stand.kept("track") == saved(stand, "track")
    tracks = [f"spotify:track:{ident}" for ident in list(stand.room.world.tracks)[-3:]]
    for uri in tracks:
        stand.edit("save", uri=uri)
    assert cost(stand, "library") == 2
    assert stand.kept("track") == saved(stand, "track")
    oldest = min(saved(stand, "track"), key=lambda uri: stand.person.saved[uri])
    stand.edit("unsave", uri=oldest)
    assert cost(stand, "library") == 3  # the second page of tracks, where it was
    assert stand.kept("track") == saved(stand, "track")
    assert stand.told("listed") == [
        *(("listed", None, "then", uri) for uri in sorted(tracks, reverse=True)),
        ("listed", "then", None, oldest),
    ]
    for uri in list(stand.person.saved):
        stand.edit("unsave", uri=uri)
    assert cost(stand, "library") == 2
    assert stand.kept("track") == stand.kept("release") == set()


def test_a_track_that_leaves_the_catalogue_leaves_the_library(stand: AccountStand) -> None:
    stand.look("library")
    gone = next(iter(saved(stand, "track")))
    stand.edit("remove_track", track=gone.rpartition(":")[2])
    stand.look("library")
    assert stand.kept("track") == saved(stand, "track") - {gone}


@pytest.mark.fewer_on_postgresql("seed", 100)
@pytest.mark.parametrize("seed", range(5))
def test_libraries_and_follows_that_change_at_random(database: Database, seed: int) -> None:
    rng, stand = random.Random(seed), AccountStand(database)
    world = stand.room.world
    pool = [f"spotify:track:{ident}" for ident in world.tracks] + [
        f"spotify:album:{ident}" for ident in world.releases
    ]
    artists = [f"spotify:artist:{ident}" for ident in world.artists]
    for _ in range(8):
        for _ in range(rng.choice([0, 1, 5, 60])):
            uri = rng.choice(pool if rng.random() < 0.9 else artists)
            held = uri in stand.person.saved or uri in stand.person.follows
            stand.edit("unsave" if held else "save", uri=uri)
            stand.room.advance(rng.choice([0, 1]))  # many at once have one moment
        stand.look("library", "follows")
        assert agrees(stand)
    assert cost(stand, "library", "follows") == 3


def test_many_follows_are_read_to_the_end_once_a_week(stand: AccountStand) -> None:
    for number in range(60):
        stand.edit("follow", uri="spotify:artist:" + stand.edit("add_artist", name=f"A{number}")["artist"])
    assert cost(stand, "follows") == 2
    assert cost(stand, "follows") == 1
    last = list(stand.person.follows)[-1]
    stand.edit("unfollow", uri=last)
    stand.edit("follow", uri="spotify:artist:" + stand.edit("add_artist", name="New")["artist"])
    assert cost(stand, "follows") == 1 and not agrees_on_follows(stand)  # neither page nor number tells
    stand.room.advance(8 * 86_400)
    assert cost(stand, "follows") == 2 and agrees_on_follows(stand)


def agrees_on_follows(stand: AccountStand) -> bool:
    return stand.kept("artist") == saved(stand, "artist")


def test_a_library_that_was_cut_off_goes_on_where_it_was(stand: AccountStand) -> None:
    for number in range(8):
        stand.edit("add_release", artist=next(iter(stand.room.world.artists)), tracks=30, name=f"R{number}")
    for ident in stand.room.world.tracks:
        stand.edit("save", uri=f"spotify:track:{ident}")
    pages = -(-len(saved(stand, "track")) // 50)
    stand.room.fail("quota", match="GET /v1/me/tracks", retry_after=79_200, skip=3)
    before = stand.count()
    one, two = stand.look_until_done("library")
    assert (one.left, two.left, stand.count() - before) == (["library"], [], pages + 1 + 1)
    assert stand.kept("track") == saved(stand, "track")
    with stand.database.read() as connection:
        assert read_part(connection, stand.account, "track").reading_since is None


def test_a_library_that_takes_many_days_is_read_to_its_end(database: Database) -> None:
    stand = AccountStand(database)
    for ident in stand.room.world.tracks:
        stand.edit("save", uri=f"spotify:track:{ident}")
    stand.room.limits.budgets = {"me": 9}
    news = [stand.look("library")]
    while news[-1].due is not None and len(news) < 14:
        stand.room.advance(news[-1].due)
        news.append(stand.look(*news[-1].left))
    assert len(news) > 4 and news[-1].left == []
    assert stand.kept("track") == saved(stand, "track")


def plays(stand: AccountStand) -> list[int]:
    """When something was played, as it is known, in milliseconds."""
    with stand.database.read() as connection:
        return [row["played_at"] // 1000 for row in list_plays(connection, stand.account)][::-1]


def gaps(stand: AccountStand) -> list[tuple[int, int]]:
    with stand.database.read() as connection:
        found = list_gaps(connection, stand.account)
    return [(row["after"] // 1000, row["before"] // 1000) for row in found][::-1]


def test_plays_are_known_with_what_they_were_played_from(stand: AccountStand) -> None:
    stand.look("plays")
    with stand.database.read() as connection:
        rows = list_plays(connection, stand.account)
    truth = stand.person.plays[-50:][::-1]
    assert [row["context"] for row in rows] == [one.context for one in truth]
    assert rows[0]["title"] and rows[0]["credits"] and rows[0]["isrc"] and rows[0]["duration_ms"]


@pytest.mark.fewer_on_postgresql("seed", 100)
@pytest.mark.parametrize("seed", range(8))
def test_each_play_once_whenever_it_is_looked_for_and_gaps_where_more_came(
    database: Database, seed: int
) -> None:
    rng, stand = random.Random(seed), AccountStand(database)
    stand.person.plays.clear()
    truth: list[int] = []
    expected: list[tuple[int, int]] = []
    for _ in range(12):
        came = rng.choice([0, 1, 7, 30, 49, 50, 51, 90])
        fresh = []
        for _ in range(came):
            stand.room.advance(rng.choice([31, 180.25, 4000]))
            stand.edit("play")
            fresh.append(round(stand.person.plays[-1].at * 1000))
        if truth and came >= 50:  # of exactly 50 nobody can tell
            expected.append((truth[-1], fresh[-50]))
        truth += fresh[-50:]
        stand.room.advance(rng.choice([1, 1200]))
        assert cost(stand, "plays") == 1
    assert plays(stand) == truth
    assert gaps(stand) == expected


def test_a_player_that_tells_its_plays_late(stand: AccountStand) -> None:
    stand.person.plays.clear()
    stand.edit("play")
    stand.room.advance(7000)
    stand.edit("play")
    stand.look("plays")
    stand.edit("play", at="2026-11-22T10:30:00Z")
    stand.look("plays")
    assert len(plays(stand)) == 3 and gaps(stand) == []


def test_plays_that_have_expired_are_no_gap_and_come_not_back(stand: AccountStand) -> None:
    stand.look("plays")
    stand.room.advance(31 * 86_400)
    with stand.database.write() as connection:
        expire_accounts(connection, stand.room.clock.now())
    stand.edit("play")
    stand.look("plays")
    assert gaps(stand) == [] and len(plays(stand)) < 50
    assert stand.room.clock.now() > 31 * DAY


def test_a_run_whose_parts_are_cut_off_asks_for_another_one_that_goes_on(
    stand: AccountStand, tmp_path: Path
) -> None:
    options = {
        "BACKLINE_STATE": str(tmp_path / "state"),
        "BACKLINE_DATABASE_URL": stand.database.url.render_as_string(hide_password=False),
    }
    house = House(load_settings(options).settings, {sync_artist_data.name: sync_artist_data})
    house.runtime.providers[Apps] = lambda _: stand.room.apps  # type: ignore[index] # a dict
    stand.room.fail("quota", match="GET /v1/playlists/*/items", retry_after=79_200, skip=3)
    try:
        job = SyncArtistData(account_id=stand.account)
        run_id = house.submit(sync_artist_data, job, Ask("tester"))
        run_here(house.runtime, run_id)
        answer = RunHandle(stand.database, run_id).get(timeout=5)
        with stand.database.read() as connection:
            (rest,) = [row for row in list_runs(connection) if row.id != run_id]
        assert json.loads(rest.job)["parts"] == ["playlists"] and rest.state == "scheduled"
        assert answer["due_at"] and sum(answer["requests"].values()) == 4 + 1 + 1 + 3
        stand.room.advance(79_200)
        goes_on = house.submit(sync_artist_data, sync_artist_data.read_json(rest.job), Ask("tester"))
        run_here(house.runtime, goes_on)  # the one that was asked for is due by the database's clock
        assert RunHandle(stand.database, goes_on).get(timeout=5)["due_at"] is None
    finally:
        house.close()
    assert agrees(stand) or stand.kept("track") == saved(stand, "track")
    assert all(one.snapshot for one in stand.lists().values() if one.head.is_ours)
