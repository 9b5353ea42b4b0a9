"""Routes of playlists as such: make, read, rename, cover. Their rows are in playlist_items.py."""

from __future__ import annotations

import base64
import binascii

from backline.sandbox.answers import Answer, refuse, say
from backline.sandbox.call import Call
from backline.sandbox.catalogue import find_noun
from backline.sandbox.fields import pick, read_fields
from backline.sandbox.pictures import sign_playlist_image
from backline.sandbox.routes import route
from backline.sandbox.shapes_lists import may_write, shape_playlist
from backline.sandbox.snapshots import make_snapshot, write_version
from backline.sandbox.world import Playlist, Version

PUBLIC, PRIVATE = "playlist-modify-public", "playlist-modify-private"
LARGEST_COVER = 256 * 1024


@route("POST", "/v1/me/playlists", "playlist-write", scopes=(PUBLIC, PRIVATE))
def post_playlist(call: Call) -> Answer:
    """A new list, public unless it says otherwise; collaborative only where it is not public."""
    data = call.read_json()
    name = data.get("name")
    if not isinstance(name, str) or not name:
        raise refuse(400, "Missing required field: name", "no name")
    public, together = bool(data.get("public", True)), bool(data.get("collaborative", False))
    if public and together:
        raise refuse(400, "Collaborative playlists can only be private.", "public and collaborative")
    call.need_scope(PUBLIC if public else PRIVATE)
    ident = call.world.minter.take_id()
    first = Version(call.now, make_snapshot(ident, 1), ())
    playlist = Playlist(
        ident, call.person.id, name, str(data.get("description") or ""), public, together, [first]
    )  # fmt: skip
    call.world.playlists[ident] = playlist
    call.person.playlists.insert(0, ident)
    return say(shape_playlist(call, playlist), 201)


@route("GET", "/v1/playlists/{id}", "playlist-read")
def get_playlist(call: Call) -> Answer:
    """A list; for others than owner and collaborators without rows. The editors' own are not there at all."""
    return say(pick_fields(call, shape_playlist(call, find_playlist(call))))


@route("PUT", "/v1/playlists/{id}", "playlist-write", scopes=(PUBLIC, PRIVATE))
def put_playlist(call: Call) -> Answer:
    """Name, description, public, collaborative: the snapshot changes although no row does."""
    playlist, data = find_own_playlist(call), call.read_json()
    public, together = data.get("public", playlist.public), data.get("collaborative", playlist.collaborative)
    if public and together:
        raise refuse(400, "Collaborative playlists can only be private.", "public and collaborative")
    playlist.public, playlist.collaborative = bool(public), bool(together)
    playlist.name = str(data.get("name") or playlist.name)
    if data.get("description") is not None:
        playlist.description = str(data["description"])
    _touch(call, playlist)
    return Answer(200)


@route("GET", "/v1/playlists/{id}/images", "playlist-read")
def get_cover(call: Call) -> Answer:
    """The cover, at an address that ends within a day."""
    return say([{"height": 640, "url": sign_playlist_image(call, find_playlist(call)), "width": 640}])


@route("PUT", "/v1/playlists/{id}/images", "playlist-write", scopes=("ugc-image-upload",))
def put_cover(call: Call) -> Answer:
    """A JPEG in base64 of at most 256 KB: taken at once (202), seen later."""
    playlist = find_own_playlist(call)
    try:
        picture = base64.b64decode(call.body, validate=True)
    except binascii.Error:
        picture = b""
    if not picture.startswith(b"\xff\xd8"):
        raise refuse(400, "Invalid image", "bad image")
    if len(call.body) > LARGEST_COVER:
        raise refuse(413, "Payload too large", "large image")
    playlist.cover.append((call.now, picture))
    _touch(call, playlist)
    return Answer(202)


def find_playlist(call: Call) -> Playlist:
    """The list that the path names. Raises `Refused` (404) for the editors' own."""
    playlist = find_noun(call.world.playlists, call.params["id"])
    if playlist.editorial:
        raise refuse(404, "Resource not found", "editorial")
    return playlist


def find_own_playlist(call: Call) -> Playlist:
    """The same for somebody who may change it. Raises `Refused` (403)."""
    playlist = find_playlist(call)
    if not may_write(playlist, call.person):
        raise refuse(403, "Forbidden", "not owner")
    call.need_scope(PUBLIC if playlist.public else PRIVATE)
    return playlist


def pick_fields(call: Call, data: object) -> object:
    """What `fields` leaves. Raises `Refused` (400) where it is malformed."""
    text = call.query.get("fields")
    if not text:
        return data
    try:
        return pick(data, read_fields(text))
    except ValueError as error:
        raise refuse(400, f"Invalid fields: {error}", "bad fields") from None


def _touch(call: Call, playlist: Playlist) -> None:
    write_version(playlist, playlist.rows, call.now, call.stage.lag, late=call.late)
