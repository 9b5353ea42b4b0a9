"""The search: words, filters of fields, ISRC and UPC, pages of at most ten for new Client IDs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from backline.sandbox.answers import Answer, refuse, say
from backline.sandbox.call import Call
from backline.sandbox.clock import tell_moment
from backline.sandbox.routes import route
from backline.sandbox.shapes import is_there, shape_artist, shape_short_album, shape_track
from backline.sandbox.shapes_lists import shape_short_playlist
from backline.sandbox.shapes_talk import shape_short_talk
from backline.sandbox.world import Artist, Playlist, Release, Talk, Track

TYPES = ("album", "artist", "playlist", "track", "show", "episode", "audiobook")
FILTER = re.compile(r'\b(album|artist|track|year|upc|isrc|genre|tag):("[^"]*"|\S+)')
LAST = 1000
NEW = timedelta(days=14).total_seconds()


@dataclass(frozen=True)
class Wanted:
    """A query taken apart: words that must all occur, and filters."""

    words: tuple[str, ...]
    filters: dict[str, str]

    def fits(self, *texts: str) -> bool:
        """Whether each word occurs in one of the texts."""
        joined = " ".join(texts).casefold()
        return all(word in joined for word in self.words)


@route("GET", "/v1/search", "search")
def search(call: Call) -> Answer:
    """One page for each type that was asked for. `offset` plus `limit` reach to 1000."""
    text, kinds = call.query.get("q", ""), [one for one in call.query.get("type", "").split(",") if one]
    if not text.strip():
        raise refuse(400, "No search query", "bad q")
    if not kinds:
        raise refuse(400, "Missing parameter type", "bad type")
    if wrong := [one for one in kinds if one not in TYPES]:
        raise refuse(400, f"Bad search type field {wrong[0]}", "bad type")
    limit, offset = call.read_page(*call.profile.search, furthest=LAST)
    wanted = read_query(text)
    return say({f"{kind}s": _make_page(call, kind, wanted, limit, offset) for kind in kinds})


def read_query(text: str) -> Wanted:
    """Filters such as `isrc:…` and `artist:"two words"`; the rest are words."""
    filters = {name: value.strip('"').casefold() for name, value in FILTER.findall(text)}
    return Wanted(tuple(FILTER.sub(" ", text).replace('"', " ").casefold().split()), filters)


def _make_page(call: Call, kind: str, wanted: Wanted, limit: int, offset: int) -> dict[str, Any]:
    find, shape = FINDERS[kind]
    found = find(call, wanted)
    return call.make_page(
        [shape(call, one) for one in found[offset : offset + limit]], len(found), limit, offset
    )


def find_tracks(call: Call, wanted: Wanted) -> list[Track]:
    """Tracks; an ISRC may have several. Without market an app by itself misses some."""
    world, filters = call.world, wanted.filters
    if "isrc" in filters:
        code = filters["isrc"].replace("-", "").upper()
        pool = [world.tracks[one] for one in world.recordings.get(code, ())]
    else:
        pool = list(world.tracks.values())
    return [track for track in pool if is_there(call, track) and _fits_track(call, track, wanted)]


def _fits_track(call: Call, track: Track, wanted: Wanted) -> bool:
    filters = wanted.filters
    if wanted.words or "artist" in filters:
        artists = " ".join(call.world.artists[one].name for one in track.artists)
        if not wanted.fits(track.name, artists) or filters.get("artist", "") not in artists.casefold():
            return False
    if filters.get("track", "") not in track.name.casefold():
        return False
    release = call.world.releases[track.release]
    if filters.get("album", "") not in release.name.casefold():
        return False
    return "upc" not in filters and "genre" not in filters and _fits_year(release, filters)


def find_albums(call: Call, wanted: Wanted) -> list[Release]:
    """Releases; `tag:new` are those of two weeks."""
    filters, found = wanted.filters, []
    since = tell_moment(call.now - NEW)[:10]
    for release in call.world.releases.values():
        artists = " ".join(call.world.artists[one].name for one in release.artists)
        if not wanted.fits(release.name, artists) or filters.get("artist", "") not in artists.casefold():
            continue
        if filters.get("album", "") not in release.name.casefold() or not _fits_year(release, filters):
            continue
        if "upc" in filters and filters["upc"].lstrip("0") != (release.upc or "none").lstrip("0"):
            continue
        if filters.get("tag") == "new" and not (release.precision == "day" and release.date >= since):
            continue
        if {"isrc", "track", "genre"}.isdisjoint(filters):
            found.append(release)
    return found


def find_artists(call: Call, wanted: Wanted) -> list[Artist]:
    """Artists by name or genre."""
    name, genre = wanted.filters.get("artist", ""), wanted.filters.get("genre", "")
    return [
        one
        for one in call.world.artists.values()
        if wanted.fits(one.name)
        and name in one.name.casefold()
        and any(genre in kind for kind in [*one.genres, ""])
    ]


def find_playlists(call: Call, wanted: Wanted) -> list[Playlist]:
    """Public lists by name."""
    return [one for one in call.world.playlists.values() if one.public and wanted.fits(one.name)]


def _find_talk(kind: str) -> Callable[[Call, Wanted], list[Talk]]:
    def find(call: Call, wanted: Wanted) -> list[Talk]:
        return [one for one in call.world.talks.values() if one.kind == kind and wanted.fits(one.name)]

    return find


FINDERS: dict[str, tuple[Callable[[Call, Wanted], list[Any]], Callable[[Call, Any], dict[str, Any]]]] = {
    "track": (find_tracks, shape_track),
    "album": (find_albums, shape_short_album),
    "artist": (find_artists, shape_artist),
    "playlist": (find_playlists, shape_short_playlist),
    "show": (_find_talk("show"), shape_short_talk),
    "episode": (_find_talk("episode"), shape_short_talk),
    "audiobook": (_find_talk("audiobook"), shape_short_talk),
}


def _fits_year(release: Release, filters: dict[str, str]) -> bool:
    """`year:1999` or `year:1990-1999`."""
    first, _, last = filters.get("year", "0000-9999").partition("-")
    return first <= release.date[:4] <= (last or first)
