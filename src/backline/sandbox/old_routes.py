"""Routes that were taken away in 2026: several ids at once, libraries and follows by kind, other people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backline.sandbox.answers import Answer, refuse, say
from backline.sandbox.call import Call
from backline.sandbox.catalogue import find_noun
from backline.sandbox.library import drop_uri, has_uri, keep_uri
from backline.sandbox.playlists import PRIVATE, PUBLIC, post_playlist
from backline.sandbox.routes import Handler, route
from backline.sandbox.shapes import (
    shape_album,
    shape_artist,
    shape_track,
)
from backline.sandbox.shapes_lists import shape_person, shape_short_playlist
from backline.sandbox.shapes_talk import shape_short_talk, shape_talk

BATCHES: dict[str, tuple[str, int, Callable[[Call, Any], dict[str, Any]]]] = {
    "tracks": ("tracks", 50, shape_track),
    "artists": ("artists", 50, shape_artist),
    "albums": ("releases", 20, shape_album),
    "episodes": ("talks", 50, shape_talk),
    "shows": ("talks", 50, shape_short_talk),
    "audiobooks": ("talks", 50, shape_talk),
    "chapters": ("talks", 50, shape_talk),
}


def _enlist_batch(name: str) -> Handler:
    room, most, shape = BATCHES[name]

    @route("GET", f"/v1/{name}", "tracks" if name == "tracks" else "artist-album", gone="2026")
    def get_batch(call: Call) -> Answer:
        found = [getattr(call.world, room).get(one) for one in read_ids(call, most)]
        return say({name: [shape(call, one) if one else None for one in found]})

    return get_batch


BATCH_ROUTES = [_enlist_batch(name) for name in BATCHES]


def read_ids(call: Call, most: int) -> list[str]:
    """Ids of the query or the body. Raises `Refused` (400) for none and for too many."""
    data = call.read_json("ids")
    ids = [one for one in call.query.get("ids", "").split(",") if one] or data.get("ids", [])
    if not ids:
        raise refuse(400, "Missing required field: ids", "no ids")
    if len(ids) > most:
        raise refuse(400, "Too many ids requested", "too many ids")
    return [str(one) for one in ids]


def _enlist_shelf(kind: str) -> None:
    place = f"/v1/me/{kind}s"

    @route("PUT", place, "me", gone="2026", scopes=("user-library-modify",))
    def put(call: Call) -> Answer:
        for one in read_ids(call, 50):
            keep_uri(call, kind, f"spotify:{kind}:{one}")
        return Answer(200)

    @route("DELETE", place, "me", gone="2026", scopes=("user-library-modify",))
    def delete(call: Call) -> Answer:
        for one in read_ids(call, 50):
            drop_uri(call, kind, f"spotify:{kind}:{one}")
        return Answer(200)

    @route("GET", f"{place}/contains", "me", gone="2026", scopes=("user-library-read",))
    def contains(call: Call) -> Answer:
        return say([has_uri(call, kind, f"spotify:{kind}:{one}") for one in read_ids(call, 50)])


for _kind in ("track", "album", "episode", "show", "audiobook"):
    _enlist_shelf(_kind)


def _read_follow(call: Call) -> list[tuple[str, str]]:
    kind = call.query.get("type", "")
    if kind not in {"artist", "user"}:
        raise refuse(400, "Invalid type", "bad type")
    return [(kind, f"spotify:{kind}:{one}") for one in read_ids(call, 50)]


@route("PUT", "/v1/me/following", "me", gone="2026", scopes=("user-follow-modify",))
def put_following(call: Call) -> Answer:
    """Follow artists or people."""
    for kind, uri in _read_follow(call):
        keep_uri(call, kind, uri)
    return Answer(204)


@route("DELETE", "/v1/me/following", "me", gone="2026", scopes=("user-follow-modify",))
def delete_following(call: Call) -> Answer:
    """No longer."""
    for kind, uri in _read_follow(call):
        drop_uri(call, kind, uri)
    return Answer(204)


@route("GET", "/v1/me/following/contains", "me", gone="2026", scopes=("user-follow-read",))
def get_following_contains(call: Call) -> Answer:
    """Yes or no for each."""
    return say([has_uri(call, kind, uri) for kind, uri in _read_follow(call)])


@route("PUT", "/v1/playlists/{id}/followers", "playlist-write", gone="2026", scopes=(PUBLIC, PRIVATE))
def put_follower(call: Call) -> Answer:
    """Keep a list."""
    keep_uri(call, "playlist", f"spotify:playlist:{find_noun(call.world.playlists, call.params['id']).id}")
    return Answer(200)


@route("DELETE", "/v1/playlists/{id}/followers", "playlist-write", gone="2026", scopes=(PUBLIC, PRIVATE))
def delete_follower(call: Call) -> Answer:
    """No longer."""
    drop_uri(call, "playlist", f"spotify:playlist:{find_noun(call.world.playlists, call.params['id']).id}")
    return Answer(200)


@route("GET", "/v1/playlists/{id}/followers/contains", "playlist-read", gone="2026")
def get_follower_contains(call: Call) -> Answer:
    """Whether the person behind the token keeps it."""
    return say([has_uri(call, "playlist", f"spotify:playlist:{call.params['id']}")])


@route("GET", "/v1/users/{id}", "me", gone="2026")
def get_user(call: Call) -> Answer:
    """Another person."""
    person = call.world.people.get(call.params["id"])
    if person is None:
        raise refuse(404, "Resource not found", "not found")
    return say(shape_person(call, person) | {"followers": {"href": None, "total": 3}, "images": []})


@route("GET", "/v1/users/{id}/playlists", "playlist-read", gone="2026")
def get_user_playlists(call: Call) -> Answer:
    """Their public lists."""
    limit, offset = call.read_page()
    rows = [one for one in call.world.playlists.values() if one.owner == call.params["id"] and one.public]
    page = [shape_short_playlist(call, one) for one in rows[offset : offset + limit]]
    return say(call.make_page(page, len(rows), limit, offset))


route("POST", "/v1/users/{id}/playlists", "playlist-write", gone="2026", scopes=(PUBLIC, PRIVATE))(
    post_playlist
)
