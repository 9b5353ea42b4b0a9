"""The sync of an artist as runs of a real ledger: by a schedule, put off, gone on with, in the catalogue at the finish."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from backline.runtime.handle import RunHandle
from backline.runtime.run import run_here
from backline.runtime.schedule import add_schedule
from backline.runtime.submit import Ask
from backline.settings import load_settings
from backline.spotify.apps import Apps
from backline.storage.audits import list_audit
from backline.storage.database import Database
from backline.storage.runs import list_runs, read_run
from backline.tasks.data_sync import SyncArtistData, sync_artist_data
from backline.wiring import House
from tests.tasks.work.artist_stand import ArtistStand

DAILY = 86_400_000_000  # µs


@pytest.fixture
def stand(database: Database) -> ArtistStand:
    return ArtistStand(database)


@pytest.fixture
def house(tmp_path: Path, database: Database, stand: ArtistStand) -> Iterator[House]:
    """A house whose Spotify is the sandbox of the stand."""
    options = {
        "BACKLINE_STATE": str(tmp_path / "state"),
        "BACKLINE_DATABASE_URL": database.url.render_as_string(hide_password=False),
    }
    made = House(load_settings(options).settings, {sync_artist_data.name: sync_artist_data})
    made.runtime.providers[Apps] = lambda _: stand.room.apps  # type: ignore[index] # a dict
    yield made
    made.close()


def carry(house: House, artist: str) -> str:
    run_id = house.submit(sync_artist_data, SyncArtistData(artist_id=artist), Ask("tester"))
    run_here(house.runtime, run_id)
    return run_id


def read_answer(house: House, run_id: str) -> dict[str, Any]:
    return RunHandle(house.database, run_id).get(timeout=5)


def test_a_schedule_says_in_days_how_late_a_change_is_seen(house: House, stand: ArtistStand) -> None:
    artist = stand.make(45, tracks=1)
    with house.database.write() as connection:
        job = SyncArtistData(artist_id=artist.id)
        add_schedule(
            connection, house.database, sync_artist_data, job, cron="0 5 * * *", zone="UTC", catch_up="last", who="t"
        )  # fmt: skip
        connection.execute(text(f"UPDATE backline_schedule SET next_slot = next_slot - {DAILY}"))
    assert house.scheduler.fire_due() == 1
    with house.database.read() as connection:
        (row,) = list_runs(connection, task=sync_artist_data.name)
    run_here(house.runtime, row.id)
    answer = read_answer(house, row.id)
    assert (answer["artist"]["seen_within"], answer["artist"]["seen_within_days"]) == (4, 4.0)
    stand.check(artist)


def test_what_does_not_fit_is_a_row_that_is_due_later(house: House, stand: ArtistStand) -> None:
    artist = stand.make(4)
    stand.room.fail("quota", match="GET /v1/tracks/*", retry_after=72_000, skip=4)
    run_id = carry(house, artist.id)
    answer = read_answer(house, run_id)
    assert answer["artist"]["left"] == 2 and answer["due_at"]
    with house.database.read() as connection:
        (rest,) = [row for row in list_runs(connection, task=sync_artist_data.name) if row.id != run_id]
        now = house.database.now(connection)
        audit = [row for row in list_audit(connection) if row.action == "artist.synced"]
    assert rest.state == "scheduled" and abs(rest.due_at - now - 72_000_000_000) < 60_000_000
    assert len(audit) == 1 and audit[0].before_sha is None and audit[0].after_sha
    assert len(stand.known(artist.id).releases) == 4


def test_a_long_pause_before_anything_puts_the_run_off(house: House, stand: ArtistStand) -> None:
    artist = stand.make(1)
    stand.room.fail("429", retry_after=7_200)
    run_id = carry(house, artist.id)
    with house.database.read() as connection:
        row = read_run(connection, run_id)
    assert (row.state, row.attempt) == ("scheduled", 0)
    assert stand.known(artist.id).releases == {}
