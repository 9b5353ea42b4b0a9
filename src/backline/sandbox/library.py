"""`/me/library`: one route in place of ten, with URIs in the query and at most 40 of them."""

from __future__ import annotations

from backline.sandbox.answers import Answer, refuse, say
from backline.sandbox.call import Call
from backline.sandbox.routes import route

MOST = 40
KINDS = {"track", "album", "episode", "show", "audiobook", "user", "playlist", "artist"}
WRITE = {"artist": "user-follow-modify", "user": "user-follow-modify", "playlist": "playlist-modify-public"}
READ = {"artist": "user-follow-read", "user": "user-follow-read", "playlist": "playlist-read-private"}


@route("PUT", "/v1/me/library", "me", person=True)
def put_library(call: Call) -> Answer:
    """Keep, or follow, each of these."""
    for kind, uri in _read_uris(call, WRITE, "user-library-modify"):
        if kind == "artist" and not call.stage.switches.artist_follow:
            raise refuse(400, "Invalid uri", "artist uri")
        keep_uri(call, kind, uri)
    return Answer(200)


@route("DELETE", "/v1/me/library", "me", person=True)
def delete_library(call: Call) -> Answer:
    """The opposite."""
    for kind, uri in _read_uris(call, WRITE, "user-library-modify"):
        drop_uri(call, kind, uri)
    return Answer(200)


@route("GET", "/v1/me/library/contains", "me", person=True)
def get_library_contains(call: Call) -> Answer:
    """Yes or no for each, in the order of the question."""
    return say([has_uri(call, kind, uri) for kind, uri in _read_uris(call, READ, "user-library-read")])


def keep_uri(call: Call, kind: str, uri: str) -> None:
    """Put one thing where a person keeps it."""
    person = call.person
    if kind == "playlist":
        ident = uri.rpartition(":")[2]
        if ident in call.world.playlists and ident not in person.playlists:
            person.playlists.insert(0, ident)
    elif kind in {"artist", "user"}:
        person.follows.setdefault(uri, call.now)
    else:
        person.saved.setdefault(uri, call.now)


def drop_uri(call: Call, kind: str, uri: str) -> None:
    """Take one thing away; what is not there is no error."""
    person = call.person
    if kind == "playlist":
        person.playlists = [one for one in person.playlists if one is None or one != uri.rpartition(":")[2]]
    person.follows.pop(uri, None)
    person.saved.pop(uri, None)


def has_uri(call: Call, kind: str, uri: str) -> bool:
    """Whether a person keeps or follows it."""
    if kind == "playlist":
        return uri.rpartition(":")[2] in call.person.playlists
    return uri in call.person.saved or uri in call.person.follows


def _read_uris(call: Call, scopes: dict[str, str], usual: str) -> list[tuple[str, str]]:
    """Kind and URI of each. Raises `Refused`: 400 for none, too many or wrong ones; 403 for a scope."""
    uris = [one for one in call.query.get("uris", "").split(",") if one]
    if not uris:
        raise refuse(400, "Missing required field: uris", "no uris")
    if len(uris) > MOST:
        raise refuse(400, "Too many uris requested", "too many uris")
    pairs = []
    for uri in uris:
        parts = uri.split(":")
        if len(parts) != 3 or parts[0] != "spotify" or parts[1] not in KINDS or not parts[2]:
            raise refuse(400, f"Invalid uri: {uri}", "bad uri")
        pairs.append((parts[1], uri))
    for kind in {kind for kind, _ in pairs}:
        call.need_scope(scopes.get(kind, usual))
    return pairs
