"""A 429 while eight workers have a hundred artists due at once: one request learns of it, and all of them wait."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from backline.runtime.drain import drain_queue
from backline.runtime.submit import Ask
from backline.sandbox.edits import edit_world
from backline.sandbox.growth import Counts
from backline.sandbox.growth_people import grow_world
from backline.sandbox.server import Sandbox
from backline.sandbox.stage import set_up_stage
from backline.sections import LimitSettings, SpotifySettings
from backline.settings import load_settings
from backline.spotify.apps import Ground
from backline.spotify.hosts import open_web
from backline.storage.spotify_accounts import keep_app, keep_secret
from backline.tasks.data_sync import SyncArtistData, sync_artist_data
from backline.wiring import House
from tests.conftest import find_service
from tests.sandbox.transport import SandboxTransport

WORKERS, ARTISTS, PAUSE = 8, 100, 3
STATES = "SELECT state, count(*) AS n FROM backline_run GROUP BY state"
KNOWN = "SELECT count(DISTINCT source_id) AS n FROM backline_entry WHERE kind = 'artist'"


class Boundless:
    """A budget that knows of no pause."""

    @contextmanager
    def take(self, family: str, *, interactive: bool) -> Iterator[None]:
        yield

    def tell_block(self, *_: object) -> None: ...
    def tell_spent(self, *_: object) -> None: ...


class Gust:
    """Houses of eight workers on one database, and one sandbox for all; time is real."""

    def __init__(self, url: str, folder: Path, redis: str = "", *, is_broken: bool = False) -> None:
        counts = Counts(artists=1, listeners=1, playlists=0, releases=(0,), plays=0)
        self.app = Sandbox(set_up_stage(grow_world("gust", counts), 1, "dev-2026"))
        self.stage = self.app.stage
        self.stage.ledger.limits.budgets, self.stage.ledger.limits.most = {}, None
        values = {"BACKLINE_STATE": str(folder / "state"), "BACKLINE_DATABASE_URL": url}
        values |= (
            {"BACKLINE_BROKER_URL": redis, "BACKLINE_BROKER_KEY_PREFIX": f"{folder.name}:"} if redis else {}
        )
        daily = {f"daily_{family}": 10_000 for family in ("tracks", "search", "catalogue", "me")}
        spotify = SpotifySettings(address="http://127.0.0.1:9", **daily)
        quick = {"spotify": LimitSettings(rate=1000, burst=1000)}
        settings = load_settings(values).settings.model_copy(update={"spotify": spotify, "limits": quick})
        self.way, self.is_broken = SandboxTransport(self.app), is_broken
        gust, tasks = self, {sync_artist_data.name: sync_artist_data}

        class Windy(House):
            @cached_property
            def spotify(self) -> Ground:
                made = super().spotify
                made.web.close()
                found = replace(made, web=open_web(gust.way))
                return replace(found, find_budget=lambda _: Boundless()) if gust.is_broken else found

        self.houses = [Windy(settings, tasks, worker=f"worker-{number}") for number in range(WORKERS)]
        self._make_known()

    def _make_known(self) -> None:
        house, one = self.houses[0], next(iter(self.stage.world.apps.values()))
        house.vault.source.read()
        with house.database.write() as connection:
            keep_app(connection, house.database.now_sql, one.client_id, who="storm")
            keep_secret(connection, house.vault, one.client_id, one.secret, "storm")

    def blow(self, artists: int) -> None:
        """All are due, and whatever comes first is told to wait."""
        made = [
            edit_world(self.stage, {"do": "add_artist", "name": f"Maker {n}"})["artist"]
            for n in range(artists)
        ]
        for key in made:
            self.houses[0].submit(sync_artist_data, SyncArtistData(artist_id=key), Ask("storm"))
        self.stage.faults.add({"kind": "429", "retry_after": PAUSE})
        start = threading.Barrier(WORKERS)
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(lambda house: self._work(house, start), self.houses))

    def _work(self, house: House, start: threading.Barrier) -> None:
        start.wait()
        looks = threading.Event()
        while any(state in ("queued", "running", "scheduled") for state in self.states()):
            drain_queue(house.runtime, sync_artist_data.queue, 60.0)
            house.redriver.sweep()
            looks.wait(0.1)

    def states(self) -> Counter[str]:
        """How many runs are in which state."""
        with self.houses[0].database.read() as connection:
            return Counter({row.state: row.n for row in connection.execute(text(STATES))})

    def count_known(self) -> int:
        """Artists that are in the catalogue."""
        with self.houses[0].database.read() as connection:
            return int(connection.execute(text(KNOWN)).scalar_one())

    def statuses(self) -> Counter[int]:
        """What the Web API answered."""
        return Counter(one.status for one in self.stage.ledger.entries if one.path.startswith("/v1/"))

    def close(self) -> None:
        """Give back the connections."""
        for house in self.houses:
            house.close()


@pytest.mark.parametrize(
    ("database", "limits"),
    [
        ("sqlite", ""),
        pytest.param("postgresql", "", marks=[pytest.mark.services, pytest.mark.long]),
        pytest.param("postgresql", "redis", marks=[pytest.mark.services]),
    ],
)
def test_one_waits_for_all(
    tmp_path: Path, make_database_url: Callable[[str], str], database: str, limits: str
) -> None:
    gust = Gust(make_database_url(database), tmp_path, find_service(limits) if limits else "")
    try:
        gust.blow(ARTISTS)
        told: Any = gust.stage.ledger.tell()
        asked = [one for one in gust.stage.ledger.entries if one.path.startswith("/v1/")]
        after = [one.at for one in asked if one.status != 429]
        (learned,) = [one.at for one in asked if one.status == 429]
        assert told["inside_ban"] == 0 and min(after) >= learned + PAUSE
        assert gust.states() == {"succeeded": ARTISTS} and gust.count_known() == ARTISTS
        # One look at the profile, and of each artist the list and, as it is empty, the artist.
        assert gust.statuses() == {429: 1, 400: 1, 200: 2 * ARTISTS}
    finally:
        gust.close()


def test_workers_that_know_of_no_pause_are_seen(
    tmp_path: Path, make_database_url: Callable[[str], str]
) -> None:
    gust = Gust(make_database_url("sqlite"), tmp_path, is_broken=True)
    try:
        gust.blow(12)
        assert gust.stage.ledger.tell()["inside_ban"] and gust.statuses()[429] > 1
    finally:
        gust.close()
