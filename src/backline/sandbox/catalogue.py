"""Routes of artists, releases and tracks, one at a time."""

from __future__ import annotations

import re
from typing import TypeVar

from backline.sandbox.answers import Answer, refuse, say
from backline.sandbox.call import Call
from backline.sandbox.routes import route
from backline.sandbox.shapes import (
    shape_album,
    shape_artist,
    shape_short_album,
    shape_short_track,
    shape_track,
)
from backline.sandbox.world import Artist, Release

Noun = TypeVar("Noun")
ID = re.compile(r"[0-9A-Za-z]{22}")
GROUPS = ("album", "single", "appears_on", "compilation")


def find_noun(room: dict[str, Noun], ident: str) -> Noun:
    """One thing by its id. Raises `Refused`: 400 for what is no id, 404 for what is not there."""
    if found := room.get(ident):
        return found
    if not ID.fullmatch(ident):
        raise refuse(400, "Invalid base62 id", "bad id")
    raise refuse(404, "Resource not found", "not found")


@route("GET", "/v1/artists/{id}", "artist-album")
def get_artist(call: Call) -> Answer:
    """One artist."""
    return say(shape_artist(call, find_noun(call.world.artists, call.params["id"])))


@route("GET", "/v1/artists/{id}/albums", "artist-album")
def get_artist_albums(call: Call) -> Answer:
    """The releases of an artist by groups; newest first is a habit, not a contract."""
    artist = find_noun(call.world.artists, call.params["id"])
    limit, offset = call.read_page(*call.profile.artist_albums)
    wanted = [one for one in call.query.get("include_groups", ",".join(GROUPS)).split(",") if one]
    if set(wanted) - set(GROUPS):
        raise refuse(400, "Invalid album type", "bad include_groups")
    rows = sort_discography(call, artist, wanted)
    items = []
    for group, release in rows[offset : offset + limit]:
        shaped = shape_short_album(call, release)
        items.append(shaped if call.profile.masked else shaped | {"album_group": group})
    return say(call.make_page(items, len(rows), limit, offset))


@route("GET", "/v1/albums/{id}", "artist-album")
def get_album(call: Call) -> Answer:
    """One release."""
    return say(shape_album(call, find_noun(call.world.releases, call.params["id"])))


@route("GET", "/v1/albums/{id}/tracks", "artist-album")
def get_album_tracks(call: Call) -> Answer:
    """The tracks of a release, short."""
    release = find_noun(call.world.releases, call.params["id"])
    limit, offset = call.read_page()
    tracks = [call.world.tracks[one] for one in release.tracks[offset : offset + limit]]
    return say(
        call.make_page([shape_short_track(call, one) for one in tracks], len(release.tracks), limit, offset)
    )


@route("GET", "/v1/tracks/{id}", "tracks")
def get_track(call: Call) -> Answer:
    """One track."""
    return say(shape_track(call, find_noun(call.world.tracks, call.params["id"])))


def sort_discography(call: Call, artist: Artist, wanted: list[str]) -> list[tuple[str, Release]]:
    """Releases with the group under which the artist has them, in the order that the switch says."""
    world = call.world
    own = [(world.releases[one].kind, world.releases[one]) for one in artist.releases]
    rows = own + [("appears_on", world.releases[one]) for one in artist.appears_on]
    rows = [row for row in rows if row[0] in wanted]
    order = call.stage.switches.discography
    if order == "shuffled":
        return sorted(rows, key=lambda row: row[1].id)
    rows.sort(key=lambda row: row[1].date, reverse=True)
    return sorted(rows, key=lambda row: wanted.index(row[0])) if order == "grouped" else rows
