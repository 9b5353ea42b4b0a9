"""Endpoints of what a person keeps and whom they follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import Field

from backline.spotify.payloads import Artist, CursorPage, OffsetPage, Payload
from backline.spotify.payloads_lists import Me, SavedAlbum, SavedTrack
from backline.spotify.routes import (
    FOLLOWING,
    LIBRARY_DROP,
    LIBRARY_HAS,
    LIBRARY_KEEP,
    ME,
    SAVED_ALBUMS,
    SAVED_TRACKS,
    Route,
)
from backline.spotify.voice import Voice


class Followed(Payload):
    """A page of artists, one level deeper than other pages."""

    artists: CursorPage[Artist] = Field(default_factory=CursorPage[Artist])


class Library:
    """What belongs to the person of a voice."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    def get_me(self) -> Me:
        """Who it is."""
        return self._voice.ask(Me, ME)

    def walk_tracks(self, offset: int = 0) -> Iterator[OffsetPage[SavedTrack]]:
        """Tracks that are kept, newest first."""
        return self._voice.walk(OffsetPage[SavedTrack], SAVED_TRACKS, offset=offset)

    def walk_albums(self, offset: int = 0) -> Iterator[OffsetPage[SavedAlbum]]:
        """Releases that are kept, newest first."""
        return self._voice.walk(OffsetPage[SavedAlbum], SAVED_ALBUMS, offset=offset)

    def walk_follows(self, after: str | None = None) -> Iterator[CursorPage[Artist]]:
        """Artists that are followed; resumed after the id of the last one, which is the page's cursor."""
        while True:
            limit = FOLLOWING.cap(self._voice.profile)
            page = self._voice.ask(Followed, FOLLOWING, type="artist", limit=limit, after=after).artists
            yield page
            after = page.cursors.after if page.cursors else None
            if page.next is None or after is None:
                return

    def has(self, uris: Sequence[str]) -> list[bool]:
        """For each, whether it is kept or followed; 40 a request."""
        return [
            bool(yes)
            for some in _share(uris, LIBRARY_HAS)
            for yes in self._voice.fetch(LIBRARY_HAS, uris=some)
        ]

    def keep(self, uris: Sequence[str]) -> None:
        """Keep or follow each; 40 a request."""
        for some in _share(uris, LIBRARY_KEEP):
            self._voice.tell(LIBRARY_KEEP, uris=some)

    def drop(self, uris: Sequence[str]) -> None:
        """The opposite; what is not there is no error."""
        for some in _share(uris, LIBRARY_DROP):
            self._voice.tell(LIBRARY_DROP, uris=some)


def _share(uris: Sequence[str], route: Route) -> Iterator[str]:
    """The URIs as the query has them, as many as a request takes."""
    for at in range(0, len(uris), route.most):
        yield ",".join(uris[at : at + route.most])
