"""Routes of a playlist's rows: read by pages, add, replace, reorder, delete; each under its old name too."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Sequence
from typing import Any

from backline.sandbox.answers import Answer, refuse, say
from backline.sandbox.call import Call
from backline.sandbox.playlists import PRIVATE, PUBLIC, find_own_playlist, find_playlist, pick_fields
from backline.sandbox.routes import Handler, route
from backline.sandbox.shapes_lists import may_read, shape_row
from backline.sandbox.snapshots import see_rows, write_version
from backline.sandbox.world import Playlist, Row

MOST, LONGEST = 100, 10_000
WORK = 0.02  # real seconds that an addition takes, in which another one collides with it
WRITE = (PUBLIC, PRIVATE)


def enlist(method: str, family: str, handler: Handler, scopes: tuple[str, ...] = ()) -> None:
    """Under `/items`, and under `/tracks` where that is still there."""
    route(method, "/v1/playlists/{id}/items", family, scopes=scopes)(handler)
    route(method, "/v1/playlists/{id}/tracks", family, scopes=scopes, gone="2026")(handler)


def get_rows(call: Call) -> Answer:
    """A page of rows, for the owner and collaborators. `fields` is applied to what the Client ID gets."""
    playlist = find_playlist(call)
    if not may_read(call, playlist):
        raise refuse(403, "Forbidden", "not owner")
    if not playlist.public:
        call.need_scope("playlist-read-collaborative" if playlist.collaborative else "playlist-read-private")
    old = call.path.endswith("/tracks")
    limit, offset = call.read_page(100 if old else 20, 100 if old else 50)
    rows = see_rows(playlist, call.now, call.stage.lag)
    page = [shape_row(call, row) for row in rows[offset : offset + limit]]
    return say(pick_fields(call, call.make_page(page, len(rows), limit, offset)))


async def post_rows(call: Call) -> Answer:
    """Add up to 100 URIs at the end or a position. Not idempotent; two at the same time fail every other time."""
    playlist, data = find_own_playlist(call), call.read_json("uris")
    query = call.query.get("uris")
    uris = query.split(",") if query else data.get("uris")
    rows = _make_rows(call, uris)
    position = data.get("position", call.query.get("position"))
    stage = call.stage
    if stage.posting.get(playlist.id, 0) and stage.switches.parallel_errors and stage.random.random() < 0.5:
        raise refuse(500, "Server error.", "parallel")
    stage.posting[playlist.id] = stage.posting.get(playlist.id, 0) + 1
    try:
        await asyncio.sleep(WORK if stage.switches.parallel_errors else 0)
    finally:
        stage.posting[playlist.id] -= 1
    now = list(playlist.rows)
    if len(now) + len(rows) > LONGEST:
        raise refuse(400, "Playlist size limit reached", "too long")
    place = len(now) if position is None else _read_position(position, len(now))
    now[place:place] = rows
    return say({"snapshot_id": _write(call, playlist, now)}, 201)


def put_rows(call: Call) -> Answer:
    """Replace all rows by up to 100 URIs, or move a range; one or the other. An old `snapshot_id` is taken too."""
    playlist, data = find_own_playlist(call), call.read_json()
    query = call.query.get("uris")
    if query is not None or "uris" in data:
        if "range_start" in data:
            raise refuse(400, "Can't replace and reorder at once", "two modes")
        uris = [one for one in query.split(",") if one] if query is not None else data["uris"]
        return say({"snapshot_id": _write(call, playlist, _make_rows(call, uris, empty=True))})
    if "range_start" not in data or "insert_before" not in data:
        raise refuse(400, "Missing required field: range_start, insert_before or uris", "no mode")
    rows = move_range(playlist.rows, data["range_start"], data["insert_before"], data.get("range_length", 1))
    return say({"snapshot_id": _write(call, playlist, rows)})


def delete_rows(call: Call) -> Answer:
    """Take out all copies of up to 100 URIs; single copies where `positions` are honoured."""
    playlist, data = find_own_playlist(call), call.read_json()
    wanted = data.get("tracks" if call.path.endswith("/tracks") else "items")
    if not isinstance(wanted, list) or not wanted:
        raise refuse(400, "Missing required field: items", "no items")
    if len(wanted) > MOST:
        raise refuse(400, "Too many uris requested", "too many uris")
    if not all(isinstance(one, dict) and isinstance(one.get("uri"), str) for one in wanted):
        raise refuse(400, "JSON body contains an invalid track uri", "bad uri")
    gone = {one["uri"] for one in wanted}
    places: set[tuple[str, int]] = set()
    if call.stage.switches.positions:
        places = {(one["uri"], at) for one in wanted for at in one.get("positions", ())}
        gone -= {uri for uri, _ in places}
    rows = [
        row for at, row in enumerate(playlist.rows) if row.uri not in gone and (row.uri, at) not in places
    ]
    return say({"snapshot_id": _write(call, playlist, rows)})


def move_range(rows: Sequence[Row], start: Any, before: Any, length: Any) -> list[Row]:
    """Rows with a range moved in front of a row as they stood before. Raises `Refused` (400) beyond the end."""
    numbers = (start, before, length)
    if not all(isinstance(one, int) and one >= 0 for one in numbers) or length < 1:
        raise refuse(400, "Invalid range", "bad range")
    if start + length > len(rows) or before > len(rows):
        raise refuse(400, "Range out of bounds", "bad range")
    taken, rest = list(rows[start : start + length]), [*rows[:start], *rows[start + length :]]
    place = before if before <= start else max(start, before - length)
    return [*rest[:place], *taken, *rest[place:]]


enlist("GET", "playlist-read", get_rows)
enlist("POST", "playlist-write", post_rows, WRITE)
enlist("PUT", "playlist-write", put_rows, WRITE)
enlist("DELETE", "playlist-write", delete_rows, WRITE)


def _make_rows(call: Call, uris: Any, empty: bool = False) -> list[Row]:
    """New rows of URIs that exist. Raises `Refused`: none, more than 100, local files, or what is not there."""
    if not isinstance(uris, list) or not (uris or empty):
        raise refuse(400, "Missing required field: uris", "no uris")
    if len(uris) > MOST:
        raise refuse(400, f"You can add a maximum of {MOST} tracks per request.", "too many uris")
    for uri in uris:
        kind, _, ident = str(uri).removeprefix("spotify:").partition(":")
        rooms: dict[str, Container[str]] = {"track": call.world.tracks, "episode": call.world.talks}
        if ident not in rooms.get(kind, ()):
            raise refuse(400, "Payload contains a non-existing ID", "bad uri")
    return [Row(uri, call.now, call.person.id) for uri in uris]


def _read_position(value: Any, size: int) -> int:
    try:
        place = int(value)
    except (TypeError, ValueError):
        place = -1
    if not 0 <= place <= size:
        raise refuse(400, "Index out of bounds", "bad position")
    return place


def _write(call: Call, playlist: Playlist, rows: list[Row]) -> str:
    return write_version(playlist, tuple(rows), call.now, call.stage.lag, late=call.late)
