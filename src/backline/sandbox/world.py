"""The nouns of the sandbox's world and where each is kept: artists, releases, tracks, talk, people, playlists, apps."""

from __future__ import annotations

from dataclasses import dataclass, field

from backline.sandbox.ids import Minter


@dataclass(slots=True)
class Artist:
    """Who makes music. `releases` are those of their own, `appears_on` those of others."""

    id: str
    name: str
    genres: list[str] = field(default_factory=list)
    followers: int = 0
    releases: list[str] = field(default_factory=list)
    appears_on: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Release:
    """What came out: `kind` is album, single or compilation; `date` is as precise as `precision` says."""

    id: str
    name: str
    kind: str
    date: str
    precision: str
    artists: list[str]
    upc: str | None
    label: str
    tracks: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Track:
    """One place on one release. Tracks that share an ISRC are one recording. `barred`: countries where it cannot be played."""

    id: str
    release: str
    name: str
    disc: int
    number: int
    duration_ms: int
    explicit: bool
    isrc: str | None
    artists: list[str]
    barred: tuple[str, ...] = ()


@dataclass(slots=True)
class Talk:
    """A show, an episode, an audiobook or a chapter (`kind`); `inside` is the show or book it belongs to."""

    id: str
    kind: str
    name: str
    inside: str | None = None
    duration_ms: int = 0
    date: str = "2025-01-01"
    parts: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Play:
    """A track that a person played; `at` in seconds of Unix time, `context` a URI or None."""

    at: float
    track: str
    context: str | None


@dataclass(slots=True)
class Person:
    """A listener. `saved` and `follows` hold URIs with the time they were added, newest first when shown."""

    id: str
    account_id: str
    name: str
    country: str
    product: str = "premium"
    saved: dict[str, float] = field(default_factory=dict)
    follows: dict[str, float] = field(default_factory=dict)
    playlists: list[str | None] = field(default_factory=list)
    plays: list[Play] = field(default_factory=list)

    @property
    def uri(self) -> str:
        """The URI of a person."""
        return f"spotify:user:{self.id}"


@dataclass(slots=True, frozen=True)
class Row:
    """One slot of a playlist; `at` is None, and so is `by`, where nobody knows any more."""

    uri: str
    at: float | None
    by: str | None


@dataclass(slots=True, frozen=True)
class Version:
    """A playlist as it was from `at` on. `late`: seconds by which its snapshot is seen even later than usual."""

    at: float
    snapshot: str
    rows: tuple[Row, ...]
    late: float = 0.0


@dataclass(slots=True)
class Playlist:
    """A list with all versions that somebody may still see; the last one is true."""

    id: str
    owner: str
    name: str
    description: str
    public: bool
    collaborative: bool
    versions: list[Version]
    editorial: bool = False
    cover: list[tuple[float, bytes]] = field(default_factory=list)

    @property
    def rows(self) -> tuple[Row, ...]:
        """What the list truly holds."""
        return self.versions[-1].rows


@dataclass(slots=True)
class App:
    """A Client ID. Apps of one `account` share one quota. `profile` None: that of the server."""

    client_id: str
    secret: str
    account: str
    owner: str
    redirects: list[str]
    listed: list[str]
    profile: str | None = None


@dataclass(slots=True)
class Account:
    """A developer account; `premium` False stops its apps, until `premium_back` once it is True again."""

    id: str
    premium: bool = True
    premium_back: float = 0.0


@dataclass
class World:
    """Everything there is, by id. `recordings` are track ids by ISRC."""

    minter: Minter
    artists: dict[str, Artist] = field(default_factory=dict)
    releases: dict[str, Release] = field(default_factory=dict)
    tracks: dict[str, Track] = field(default_factory=dict)
    recordings: dict[str, list[str]] = field(default_factory=dict)
    talks: dict[str, Talk] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    playlists: dict[str, Playlist] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    apps: dict[str, App] = field(default_factory=dict)

    def place_track(self, track: Track) -> None:
        """Put a track on its release, and let it be found by its ISRC and on other artists' pages."""
        release = self.releases[track.release]
        self.tracks[track.id] = track
        release.tracks.append(track.id)
        if track.isrc:
            self.recordings.setdefault(track.isrc, []).append(track.id)
        for artist_id in track.artists:
            artist = self.artists[artist_id]
            if artist_id not in release.artists and release.id not in artist.appears_on:
                artist.appears_on.append(release.id)

    def take_away_release(self, release_id: str) -> list[str]:
        """Remove a release with its tracks; the track ids."""
        release = self.releases.pop(release_id)
        for track_id in release.tracks:
            track = self.tracks.pop(track_id)
            if track.isrc:
                self.recordings[track.isrc].remove(track_id)
        for artist in self.artists.values():
            for shelf in (artist.releases, artist.appears_on):
                if release_id in shelf:
                    shelf.remove(release_id)
        return release.tracks
