"""An artist in the sandbox, and looks at them as runs make them: killed, put off, gone on with, finished.

stand = ArtistStand(database)
artist = stand.find(10)                 # the one of the pinned artists with ten releases
answer = stand.sync(artist.id)          # a day later, to the end of this run
stand.count()                           # what the sandbox's ledger says it cost, by family
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from backline.errors import TryLater
from backline.music import Provenance
from backline.runtime.effects import AuditTrail, Effects, FollowUps
from backline.runtime.task import Job
from backline.sandbox.edits import edit_world
from backline.sandbox.world import Artist
from backline.spotify.faults import Hiccup
from backline.spotify.needs import StoredAnswer
from backline.storage.catalogue_known import KnownArtist, read_known
from backline.storage.catalogue_links import find_by_platform
from backline.storage.database import Database
from backline.tasks.data_sync import SyncAnswer, SyncArtistData, sync_artist_data
from tests.spotify.apps_stand import AppsRoom
from tests.tasks.test_report_import import Watching

DAY = 86_400
HISTORY = "SELECT kind, source_id, field, old, new FROM backline_catalogue_change ORDER BY no"
RECORDINGS = """
SELECT a.source_id, a.recording_source, a.disc, a.position, e.title, e.isrc, e.duration_ms, e.explicit
FROM backline_appearance AS a JOIN backline_entry AS e ON e.kind = 'recording' AND e.source_id = a.recording_source
WHERE a.gone_at IS NULL
"""


class Killed(BaseException):
    """The process is gone."""


class Kept:
    """Steps of one run, which outlive its attempts."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def keep(self, name: str, inputs: Any, work: Callable[[], Any]) -> Any:
        if name not in self.kept:
            self.kept[name] = work()
        return self.kept[name]


class ArtistStand:
    """`kill_after`: so many answers are stored before the process is gone, once."""

    def __init__(self, database: Database, profile: str = "dev-2026", **options: Any) -> None:
        self.database, self.room = database, AppsRoom(profile, **options)
        self.kill_after: int | None = None
        self.runs = self.attempts = 0
        self.follow_up: tuple[Job, float] | None = None
        self.trail = AuditTrail()
        keep = self.room.answers.write

        def write(key: str, answer: StoredAnswer) -> None:
            keep(key, answer)
            if self.kill_after is not None:
                self.kill_after -= 1
                if self.kill_after <= 0:
                    self.kill_after = None
                    raise Killed

        self.room.answers.write = write  # type: ignore[method-assign] # of this one

    def find(self, releases: int) -> Artist:
        """The first artist with so many releases of their own that the settings ask for."""
        groups = self.room.apps.release_groups
        return next(
            one
            for one in self.room.world.artists.values()
            if sum(self.room.world.releases[key].kind in groups for key in one.releases) == releases
        )

    def edit(self, do: str, **more: Any) -> Any:
        """What happens outside."""
        return edit_world(self.room.stage, {"do": do} | more)

    def make(self, releases: int, tracks: int = 2) -> Artist:
        """Another artist, with so many singles on days one after the other."""
        key = self.edit("add_artist", name=f"Maker of {releases}")["artist"]
        for number in range(releases):
            day = f"{1990 + number // 300}-{1 + number // 25 % 12:02}-{1 + number % 25:02}"
            self.edit("add_release", artist=key, date=day, tracks=tracks)
        return self.room.world.artists[key]

    def sync(self, artist: str, *, full: bool = False, after: float = DAY) -> SyncAnswer:
        """One run, a day later; the ledger is emptied before."""
        self.room.advance(after)
        self.room.stage.ledger.empty(books=False)
        return self.run(SyncArtistData(artist_id=artist, full_sync=full))

    def sync_whole(self, artist: str, **more: Any) -> list[SyncAnswer]:
        """The same, and all that go on with it."""
        answers = [self.sync(artist, **more)]
        while self.follow_up is not None:
            job, delay = self.follow_up
            self.room.advance(delay + 0.001)
            answers.append(self.run(job))
        return answers

    def run(self, job: Job) -> SyncAnswer:
        """A run, however often it has to begin again."""
        self.runs, kept = self.runs + 1, Kept()
        while True:
            self.attempts += 1
            try:
                return self.attempt(job, kept)
            except Killed:
                self.room.advance(1)
            except TryLater as error:
                self.room.advance(error.seconds)
            except Hiccup:
                self.room.advance(2)

    def attempt(self, job: Job, kept: Kept) -> SyncAnswer:
        """One attempt, with whatever ends it."""
        effects, follow_ups, trail = Effects(), FollowUps(), AuditTrail()
        watch = Watching()
        watch.run_id = f"run-{self.runs}"  # type: ignore[misc] # of this one
        answer = sync_artist_data(job, self.room.apps, self.database, kept, effects, follow_ups, trail, watch)
        with self.database.write() as connection:
            effects.apply(connection)
        self.trail = trail
        wanted = follow_ups.wanted
        self.follow_up = (wanted[0].job, wanted[0].delay) if wanted else None  # type: ignore[assignment] # jobs only
        return answer

    def count(self) -> dict[str, int]:
        """Requests of the Web API in the ledger by family; none of them is asked for twice with success."""
        entries = [one for one in self.room.stage.ledger.entries if one.path.startswith("/v1/")]
        good = Counter((one.path, one.query) for one in entries if one.status in (200, 304))
        assert max(good.values(), default=0) <= 1, good.most_common(3)
        return dict(Counter(one.family for one in entries))

    def known(self, platform_id: str) -> KnownArtist:
        """What is in the catalogue."""
        with self.database.read() as connection:
            row = find_by_platform(connection, "spotify", platform_id)
            return read_known(connection, row.no, Provenance.SPOTIFY_API) if row else KnownArtist()

    def history(self) -> list[tuple[Any, ...]]:
        """All changes that were noted."""
        with self.database.read() as connection:
            return [tuple(row) for row in connection.execute(text(HISTORY))]

    def check(self, artist: Artist) -> None:
        """The catalogue says of an artist what is true."""
        world, groups = self.room.world, self.room.apps.release_groups
        true = [world.releases[key] for key in artist.releases if world.releases[key].kind in groups]
        known = self.known(artist.id)
        told = {key: (one.title, one.released, one.form, one.tracks) for key, one in known.releases.items()}
        assert told == {one.id: (one.name, one.date, one.kind, len(one.tracks)) for one in true}
        assert all(one.has_detail for one in known.releases.values()) and known.name == artist.name
        with self.database.read() as connection:
            rows = connection.execute(text(RECORDINGS)).all()
        mine = {tuple(row) for row in rows if row.source_id in told}
        tracks = [world.tracks[key] for one in true for key in one.tracks]
        assert mine == {
            (one.release, one.id, one.disc, one.number, one.name, one.isrc, one.duration_ms, one.explicit)
            for one in tracks
        }

    def least(self, artist: Artist) -> dict[str, int]:
        """The fewest requests that a first look can take."""
        world, groups = self.room.world, self.room.apps.release_groups
        true = [world.releases[key] for key in artist.releases if world.releases[key].kind in groups]
        tracks = sum(len(one.tracks) for one in true)
        further = sum(math.ceil(len(one.tracks) / 50) - 1 for one in true)
        if self.room.sender.profile == "dev_2026":
            pages, albums, single = 10, len(true), tracks
        else:
            pages, albums, single = 50, math.ceil(len(true) / 20), math.ceil(tracks / 50)
        listed = max(1, math.ceil(len(true) / pages)) + (not true)
        return {"artist-album": listed + albums + further} | ({"tracks": single} if single else {})
