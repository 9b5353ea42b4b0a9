"""Releases read with all their tracks and ISRCs, for as few requests as the Client ID lets one.

One for a release with its first fifty tracks, one for each further fifty, and one for each track whose ISRC is not
known. Client IDs that still may ask for twenty releases and fifty tracks with one request do, across releases.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from backline.spotify.catalogue import Catalogue
from backline.spotify.payloads import Album, TrackStub, list_things
from backline.spotify.routes import ALBUMS, TRACKS, Profile

Isrcs = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Reading:
    """A release with all its tracks, and the ISRC of each by its id; `album` None where it is not there any more."""

    release_id: str
    album: Album | None
    tracks: Sequence[TrackStub]
    isrcs: Isrcs

    @property
    def is_whole(self) -> bool:
        """Whether all tracks were asked for."""
        return all(track.id in self.isrcs for track in self.tracks)


def read_releases(
    catalogue: Catalogue,
    profile: Profile,
    release_ids: Sequence[str],
    find_isrcs: Callable[[list[str]], Isrcs],
    may_ask: Callable[[], None],
) -> Iterator[Reading]:
    """Whole releases, in their order, each as soon as it is whole.

    `find_isrcs`: of these tracks those that are known, and are not asked for; `may_ask` is called before each request.
    """
    several = ALBUMS.most if ALBUMS.exists_on(profile) else 1
    at_once = TRACKS.most if TRACKS.exists_on(profile) else 1
    isrcs: dict[str, str | None] = {}
    waiting: deque[Reading] = deque()
    wanted: list[str] = []
    for first in range(0, len(release_ids), several):
        opened = list(_open(catalogue, release_ids[first : first + several], isrcs, may_ask))
        ids = {str(track.id): None for one in opened for track in one.tracks}
        isrcs |= find_isrcs([one for one in ids if one not in isrcs])
        wanted += [one for one in ids if one not in isrcs and one not in wanted]
        waiting += opened
        is_last = first + several >= len(release_ids)
        while len(wanted) >= at_once or (is_last and wanted):
            may_ask()
            some, wanted = wanted[:at_once], wanted[at_once:]
            found = catalogue.match_tracks(some)
            isrcs |= {key: track.isrc if track else None for key, track in zip(some, found, strict=True)}
            while waiting and waiting[0].is_whole:
                yield waiting.popleft()
        while waiting and waiting[0].is_whole:
            yield waiting.popleft()


def _open(
    catalogue: Catalogue, release_ids: Sequence[str], isrcs: Isrcs, may_ask: Callable[[], None]
) -> Iterator[Reading]:
    may_ask()
    for release_id, album in zip(release_ids, catalogue.match_releases(release_ids), strict=True):
        tracks: list[TrackStub] = []
        page = album.tracks if album else None
        at = 0 if album and page is None else None
        while page is not None or at is not None:
            if page is None:
                may_ask()
                page = next(catalogue.walk_release_tracks(release_id, at or 0))
            tracks += [track for track in list_things(page.items) if track.id]
            at, page = (page.resume_at if page.items else None), None
        yield Reading(release_id, album, tracks, isrcs)
