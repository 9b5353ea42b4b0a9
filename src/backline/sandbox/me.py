"""Routes of the person behind the token: who they are, what they keep, whom they follow, what they like most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from backline.sandbox.answers import Answer, refuse, say
from backline.sandbox.call import Call
from backline.sandbox.clock import tell_moment
from backline.sandbox.routes import Handler, route
from backline.sandbox.shapes import shape_album, shape_artist, shape_track
from backline.sandbox.shapes_lists import shape_me, shape_short_playlist
from backline.sandbox.shapes_talk import shape_short_talk, shape_talk

LIBRARY, FOLLOWS = ("user-library-read",), ("user-follow-read",)
SPANS = {"short_term": 28, "medium_term": 182, "long_term": 365}


@route("GET", "/v1/me", "me", person=True)
def get_me(call: Call) -> Answer:
    """Who asks. Only `account_id` is for keeping."""
    return say(shape_me(call, call.person))


def _enlist_shelf(kind: str) -> Handler:
    """`/me/tracks` and the like: newest first, with the moment when each was saved."""

    @route("GET", f"/v1/me/{kind}s", "me", scopes=LIBRARY)
    def get_shelf(call: Call) -> Answer:
        limit, offset = call.read_page()
        head = f"spotify:{kind}:"
        rows = [(at, uri[len(head) :]) for uri, at in call.person.saved.items() if uri.startswith(head)]
        rows = [row for row in rows if row[1] in _room(call, kind)]
        rows.sort(reverse=True)
        items = [_shape_saved(call, kind, ident, at) for at, ident in rows[offset : offset + limit]]
        return say(call.make_page(items, len(rows), limit, offset))

    return get_shelf


SHELVES = {kind: _enlist_shelf(kind) for kind in ("track", "album", "episode", "show", "audiobook")}


def _room(call: Call, kind: str) -> dict[str, Any]:
    rooms: dict[str, dict[str, Any]] = {"track": call.world.tracks, "album": call.world.releases}
    return rooms.get(kind, call.world.talks)


def _shape_saved(call: Call, kind: str, ident: str, at: float) -> dict[str, Any]:
    return {"added_at": tell_moment(at), kind: SHAPES[kind](call, _room(call, kind)[ident])}


SHAPES: dict[str, Callable[[Call, Any], dict[str, Any]]] = {
    "track": shape_track,
    "album": shape_album,
    "episode": shape_talk,
    "show": shape_short_talk,
    "audiobook": shape_short_talk,
}


@route("GET", "/v1/me/following", "me", scopes=FOLLOWS)
def get_following(call: Call) -> Answer:
    """Artists that a person follows, by cursor: the last id of a page leads to the next."""
    if call.query.get("type") != "artist":
        raise refuse(400, "Invalid type", "bad type")
    limit, world = call.read_number("limit", 20, 1, 50), call.world
    ids = [uri.rpartition(":")[2] for uri in call.person.follows if uri.startswith("spotify:artist:")]
    ids = [one for one in ids if one in world.artists]
    after = call.query.get("after")
    start = ids.index(after) + 1 if after in ids else 0
    page = ids[start : start + limit]
    more = start + limit < len(ids)
    return say({"artists": {
        "href": call.link(limit=limit),
        "items": [shape_artist(call, world.artists[one]) for one in page],
        "limit": limit,
        "next": call.link(limit=limit, after=page[-1]) if more else None,
        "cursors": {"after": page[-1] if more else None},
        "total": len(ids),
    }})  # fmt: skip


@route("GET", "/v1/me/playlists", "playlist-read", person=True)
def get_my_playlists(call: Call) -> Answer:
    """Lists that a person made or keeps; an entry may be null."""
    limit, offset = call.read_page()
    person, shown = call.person, []
    for ident in person.playlists:
        playlist = call.world.playlists.get(ident or "")
        scope = (
            "playlist-read-collaborative" if playlist and playlist.collaborative else "playlist-read-private"
        )
        if playlist is None or playlist.public or scope in call.scopes:
            shown.append(playlist)
    page = [shape_short_playlist(call, one) if one else None for one in shown[offset : offset + limit]]
    return say(call.make_page(page, len(shown), limit, offset))


@route("GET", "/v1/me/top/{kind}", "me", scopes=("user-top-read",))
def get_top(call: Call) -> Answer:
    """What a person played most within a span: a rank, no counts."""
    kind, span = call.params["kind"], SPANS.get(call.query.get("time_range", "medium_term"))
    if kind not in {"artists", "tracks"} or span is None:
        raise refuse(400, "Invalid time range" if span is None else "Bad request", "bad top")
    limit, offset = call.read_page()
    world, since = call.world, call.now - span * 86_400
    played = [
        world.tracks[one.track] for one in call.person.plays if one.at > since and one.track in world.tracks
    ]
    counts = Counter(one.id if kind == "tracks" else one.artists[0] for one in played)
    ids = [one for one, _ in counts.most_common()]
    page = [
        shape_track(call, world.tracks[one]) if kind == "tracks" else shape_artist(call, world.artists[one])
        for one in ids[offset : offset + limit]
    ]
    return say(call.make_page(page, len(ids), limit, offset))
