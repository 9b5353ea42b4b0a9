"""The clerk of an artist: asks for the pages, releases and tracks that are to be seen, and lays down what was.

The list first, then what is new in it, the newest release first. Only whole releases are laid down. Where the
budget ends on the way, the run ends with what it has, and another one goes on without asking for anything twice.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from backline.errors import BadInput, TryLater
from backline.music import Provenance
from backline.runtime.claim import Watch
from backline.runtime.steps import Steps
from backline.spotify.addresses import read_artist_id
from backline.spotify.apps import DAY, Apps
from backline.spotify.client import Client
from backline.spotify.discography import (
    Discography,
    Known,
    KnownRelease,
    choose_share,
    read_date,
    read_form,
)
from backline.spotify.faults import Hiccup
from backline.spotify.payloads import AlbumStub, ArtistStub, TrackStub
from backline.spotify.readings import Isrcs, Reading, read_releases
from backline.spotify.routes import ARTIST_ALBUMS
from backline.storage.artists import find_artist
from backline.storage.catalogue_known import KnownArtist, read_isrcs, read_known
from backline.storage.catalogue_links import find_by_platform, find_platform_id
from backline.storage.catalogue_seen import SeenRecording, SeenRelease
from backline.storage.database import Database

PLATFORM: Final = "spotify"
MOST: Final = 500  # requests of one run
PATIENCE: Final = 60.0  # seconds that a run waits rather than end with what it has
SHORT: Final = 20.0  # seconds after which a fault on the way is asked about again


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a run is about. `no` and `artist_id`: ours, None where nobody of that id is known here."""

    platform_id: str
    no: int | None = None
    artist_id: str | None = None


@dataclass(frozen=True, slots=True)
class ArtistLook:
    """What was listed, and the artist's name where it was told; after how many seconds the rest goes on, and why."""

    listed: Discography
    name: str | None
    due: float | None = None
    why: str = ""


class Enough(Exception):
    """This run has asked enough."""


@dataclass
class ArtistDesk:
    """What a look works with. `began`: the run's beginning; `since`: that of the look, which an earlier run may have
    begun: what was answered since then is not asked for again (µs)."""

    target: Target
    apps: Apps
    client: Client
    database: Database
    watch: Watch
    began: int
    since: int
    is_full: bool = False
    known: KnownArtist = field(default_factory=KnownArtist)
    done: dict[str, SeenRelease] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.started = self.apps.clock.now()
        if self.target.no is not None:
            with self.database.read() as connection:
                self.known = read_known(connection, self.target.no, Provenance.SPOTIFY_API)

    def may_ask(self, done: int = 0, total: int | None = None) -> None:
        """Before a request goes out. Raises `Enough` after very many, and what ends a run."""
        self.watch.progress(done, total)
        if self._count_since(self.started) >= MOST:
            raise Enough

    def count_requests(self) -> Counter[str]:
        """What this run has asked, by family, also before it was interrupted."""
        return Counter(family for family, at in self.client.voice.sender.heard if at >= self.began)

    @property
    def has_heard(self) -> bool:
        """Whether anything was answered since this attempt began."""
        return self._count_since(self.started) > 0

    def _count_since(self, moment: int) -> int:
        return sum(at >= moment for _, at in self.client.voice.sender.heard)


def open_desk(
    text: str,
    *,
    apps: Apps,
    steps: Steps,
    database: Database,
    watch: Watch,
    is_full: bool,
    begun_at: int | None,
) -> ArtistDesk:
    """What a look at an artist works with. `begun_at`: when an earlier run began the look that goes on (µs)."""
    target = find_target(database, text)
    began = int(steps.keep("began", {}, apps.clock.now))
    since = begun_at or began
    return ArtistDesk(target, apps, apps.speak(since=since), database, watch, began, since, is_full)


def find_target(database: Database, text: str) -> Target:
    """Whom an id of ours, a name, or an id, URI or address of Spotify means. Raises `UnknownName`, `BadInput`."""
    platform_id = read_artist_id(text)
    with database.read() as connection:
        if platform_id is not None:
            row = find_by_platform(connection, PLATFORM, platform_id)
            return Target(platform_id, row.no, row.id) if row else Target(platform_id)
        row = find_artist(connection, text)
        platform_id = find_platform_id(connection, PLATFORM, row.no)
    if platform_id is None:
        raise BadInput(
            f"Nobody has said which artist of Spotify {row.name} ({row.id}) is.",
            remedy=f"backline artist link {row.id} ADDRESS, with the address of their page there.",
        )
    return Target(platform_id, row.no, row.id)


def look_at_artist(desk: ArtistDesk) -> ArtistLook:
    """Read the list and what has to be read of it, into `desk.done`.

    Raises `TryLater` where nothing came of it or it soon goes on, `Hiccup` where nothing was answered, and what
    the platform answers that ends a run.
    """
    try:
        listed = _read_list(desk)
        name = _find_name(desk, listed)
        try:
            _read_releases(desk, listed)
        except Enough:
            return ArtistLook(listed, name, 0.0, f"A run makes {MOST} requests.")
        except TryLater as error:
            if error.seconds <= PATIENCE or not (desk.has_heard or desk.done):
                raise
            return ArtistLook(listed, name, error.seconds, error.message)
    except Hiccup as error:
        if desk.has_heard:
            raise TryLater(SHORT, error.message) from error
        raise
    return ArtistLook(listed, name)


def _read_list(desk: ArtistDesk) -> Discography:
    """The pages of the list that have to be seen."""
    look = Discography(
        _tell_known(desk.known),
        is_full=desk.is_full,
        goes_on=desk.since < desk.began,
        share=choose_turn(desk),
    )
    groups, artist = desk.apps.release_groups, desk.target.platform_id
    while (offset := look.find_next()) is not None:
        desk.watch.progress(len(look.seen), look.total or None)
        look.take(offset, next(desk.client.catalogue.walk_releases(artist, groups, offset)))
    return look


def _read_releases(desk: ArtistDesk, look: Discography) -> None:
    """The tracks of what has to be read."""
    pending = look.list_to_read()

    def find_isrcs(track_ids: list[str]) -> dict[str, str | None]:
        if desk.is_full:
            return {}
        with desk.database.read() as connection:
            return read_isrcs(connection, Provenance.SPOTIFY_API, track_ids)

    catalogue, profile = desk.client.catalogue, desk.client.voice.profile
    for one in read_releases(
        catalogue, profile, pending, find_isrcs, lambda: desk.may_ask(len(desk.done), len(pending))
    ):
        if one.album is None:
            desk.lost.append(one.release_id)
        else:
            desk.done[one.release_id] = tell_release(one.release_id, one.album, one)


def _find_name(desk: ArtistDesk, look: Discography) -> str | None:
    """What the artist is called: by the credits, else by itself where nobody knows or all is read anew."""
    name = look.find_name(desk.target.platform_id)
    if name is None and (desk.known.name is None or desk.is_full):
        name = desk.client.catalogue.get_artist(desk.target.platform_id).name or None
    return name


def choose_turn(desk: ArtistDesk) -> int:
    known, size = desk.known, ARTIST_ALBUMS.cap(desk.client.voice.profile)
    pages = math.ceil((known.total or 0) / size) - 1
    days = None if known.answered_at is None else (desk.since - known.answered_at) / DAY
    return choose_share(pages, days, (desk.apps.keep_until() - desk.apps.clock.now()) / DAY)


def _tell_known(known: KnownArtist) -> Known:
    releases = {
        key: KnownRelease(one.title, one.released, one.form, one.tracks, one.has_detail)
        for key, one in known.releases.items()
    }
    return Known(known.total, known.next_offset or 0, releases)


def tell_release(release_id: str, stub: AlbumStub, read: Reading | None = None) -> SeenRelease:
    """`read`: with its tracks."""
    return SeenRelease(
        source_id=release_id,
        title=stub.name,
        form=read_form(stub),
        released=read_date(stub),
        tracks=stub.total_tracks,
        upc=read.album.upc if read and read.album else None,
        credits=_name_all(stub.artists),
        recordings=tuple(_tell_recording(one, read.isrcs) for one in read.tracks) if read else None,
    )


def _tell_recording(track: TrackStub, isrcs: Isrcs) -> SeenRecording:
    key = str(track.id)
    return SeenRecording(
        source_id=key,
        title=track.name,
        isrc=isrcs.get(key),
        duration_ms=track.duration_ms,
        explicit=track.explicit,
        disc=track.disc_number,
        position=track.track_number,
        credits=_name_all(track.artists),
    )


def _name_all(artists: Iterable[ArtistStub]) -> tuple[str, ...]:
    return tuple(one.name for one in artists if one.name)
