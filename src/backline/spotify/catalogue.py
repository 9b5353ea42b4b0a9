"""Endpoints of the catalogue: artists, releases, tracks, and the search by ISRC, UPC and words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeVar

from pydantic import Field

from backline.errors import UnknownName
from backline.spotify.payloads import (
    Album,
    AlbumStub,
    Artist,
    Listed,
    OffsetPage,
    Payload,
    Track,
    TrackStub,
    list_things,
)
from backline.spotify.routes import ALBUM, ALBUM_TRACKS, ALBUMS, ARTIST, ARTIST_ALBUMS, SEARCH, TRACK, TRACKS
from backline.spotify.voice import Voice

T = TypeVar("T")
OWN: Final = ("album", "single")


class Found(Payload):
    """What a search brings: one page for each kind that was asked for."""

    tracks: OffsetPage[Track] = Field(default_factory=OffsetPage[Track])
    albums: OffsetPage[AlbumStub] = Field(default_factory=OffsetPage[AlbumStub])
    artists: OffsetPage[Artist] = Field(default_factory=OffsetPage[Artist])


class SeveralTracks(Payload):
    """Tracks by their ids, null for those that are not there."""

    tracks: Listed[Track | None] = Field(default_factory=list)


class SeveralAlbums(Payload):
    """Releases by their ids, null for those that are not there."""

    albums: Listed[Album | None] = Field(default_factory=list)


class Catalogue:
    """What needs nobody's consent. `market`: a country of two letters; an app by itself sees more with one."""

    def __init__(self, voice: Voice, market: str | None = None) -> None:
        self._voice, self._market = voice, market

    def get_artist(self, artist_id: str) -> Artist:
        """One artist."""
        return self._voice.ask(Artist, ARTIST, artist_id)

    def walk_releases(
        self, artist_id: str, groups: Sequence[str] = OWN, offset: int = 0
    ) -> Iterator[OffsetPage[AlbumStub]]:
        """The releases of an artist; newest first is a habit of the platform, not a promise."""
        chosen = ",".join(groups)
        page = OffsetPage[AlbumStub]
        return self._voice.walk(
            page, ARTIST_ALBUMS, artist_id, offset=offset, include_groups=chosen, market=self._market
        )

    def get_release(self, album_id: str) -> Album:
        """One release with UPC and the first 50 of its tracks."""
        return self._voice.ask(Album, ALBUM, album_id, market=self._market)

    def walk_release_tracks(self, album_id: str, offset: int = 0) -> Iterator[OffsetPage[TrackStub]]:
        """The tracks of a release, without ISRC."""
        page = OffsetPage[TrackStub]
        return self._voice.walk(page, ALBUM_TRACKS, album_id, offset=offset, market=self._market)

    def get_track(self, track_id: str) -> Track:
        """One track with its ISRC."""
        return self._voice.ask(Track, TRACK, track_id, market=self._market)

    def list_tracks(self, track_ids: Iterable[str]) -> Iterator[Track]:
        """Tracks by their ids: 50 a request for those who still may, else one. What is not there is left out."""
        if not TRACKS.exists_on(self._voice.profile):
            yield from map(self.get_track, track_ids)
            return
        wanted = list(track_ids)
        for at in range(0, len(wanted), TRACKS.most):
            some = wanted[at : at + TRACKS.most]
            found = self._voice.ask(SeveralTracks, TRACKS, ids=",".join(some), market=self._market)
            yield from list_things(found.tracks)

    def match_tracks(self, track_ids: Sequence[str]) -> list[Track | None]:
        """A track for each id, None where it is not there: in one request for those who still may and up to 50 ids.

        It may come under another id: with a market the platform gives one of the same recording that can be played.
        """
        if not TRACKS.exists_on(self._voice.profile):
            return [_find(self.get_track, one) for one in track_ids]
        asked = ",".join(track_ids)
        found = self._voice.ask(SeveralTracks, TRACKS, ids=asked, market=self._market).tracks
        return [*found, *[None] * len(track_ids)][: len(track_ids)]

    def match_releases(self, album_ids: Sequence[str]) -> list[Album | None]:
        """A release for each id, None where it is not there: in one request for those who still may and up to 20 ids."""
        if not ALBUMS.exists_on(self._voice.profile):
            return [_find(self.get_release, one) for one in album_ids]
        asked = ",".join(album_ids)
        found = self._voice.ask(SeveralAlbums, ALBUMS, ids=asked, market=self._market).albums
        return [*found, *[None] * len(album_ids)][: len(album_ids)]

    def find_isrc(self, isrc: str) -> list[Track]:
        """The tracks of a recording: one ISRC may stand on several releases."""
        return list_things(self._search(f"isrc:{isrc}", "track").tracks.items)

    def find_upc(self, upc: str) -> list[AlbumStub]:
        """The releases of a UPC or EAN."""
        return list_things(self._search(f"upc:{upc}", "album").albums.items)

    def find_artists(self, name: str) -> list[Artist]:
        """The first page of artists of a name."""
        return list_things(self._search(name, "artist").artists.items)

    def _search(self, words: str, kind: str) -> Found:
        limit = SEARCH.cap(self._voice.profile)
        return self._voice.ask(Found, SEARCH, q=words, type=kind, limit=limit, market=self._market)


def _find(get: Callable[[str], T], ident: str) -> T | None:
    try:
        return get(ident)
    except UnknownName:
        return None
