"""People, playlists and their rows as JSON, by the names that a Client ID gets them under."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_plus

from backline.sandbox.call import Call
from backline.sandbox.clock import tell_moment
from backline.sandbox.pictures import sign_playlist_image
from backline.sandbox.shapes import is_there, shape_ids, shape_track
from backline.sandbox.shapes_talk import shape_talk
from backline.sandbox.snapshots import see_rows, see_snapshot
from backline.sandbox.world import Person, Playlist, Row

Json = dict[str, Any]


def shape_person(call: Call, person: Person) -> Json:
    """A person as others see them."""
    return shape_ids(call, "user", person.id) | {"display_name": person.name}


def shape_me(call: Call, person: Person) -> Json:
    """A person as they see themselves. `account_id` never changes."""
    data = shape_person(call, person) | {"images": [], "account_id": person.account_id}
    if call.profile.masked:
        return data
    data |= {"followers": {"href": None, "total": 3}}
    if "user-read-email" in call.scopes:
        data |= {"email": f"{person.id[:8]}@example.com"}
    if "user-read-private" in call.scopes:
        settings = {"filter_enabled": False, "filter_locked": False}
        data |= {"country": person.country, "product": person.product, "explicit_content": settings}
    return data


def may_read(call: Call, playlist: Playlist) -> bool:
    """Contents are for the owner and, in a collaborative list, for those who have it; with extended quota for all."""
    if not call.profile.masked:
        return True
    return call.user is not None and may_write(playlist, call.user)


def may_write(playlist: Playlist, person: Person) -> bool:
    """Whether a person may change the rows."""
    return playlist.owner == person.id or (playlist.collaborative and playlist.id in person.playlists)


def shape_short_playlist(call: Call, playlist: Playlist) -> Json:
    """A list in a list: how many rows, and where they are."""
    rows = see_rows(playlist, call.now, call.stage.lag)
    data = _shape_head(call, playlist)
    for name in call.profile.holder_keys:
        if name == "tracks" or may_read(call, playlist):
            data[name] = {"href": f"{call.base}/v1/playlists/{playlist.id}/{name}", "total": len(rows)}
    return data


def shape_playlist(call: Call, playlist: Playlist) -> Json:
    """A list by itself; for others than owner and collaborators new Client IDs get no rows."""
    data = _shape_head(call, playlist) | {"followers": {"href": None, "total": 0}}
    if may_read(call, playlist):
        rows = see_rows(playlist, call.now, call.stage.lag)
        for name in call.profile.holder_keys:
            data[name] = _shape_first_page(call, playlist, rows, name)
    return data


def _shape_head(call: Call, playlist: Playlist) -> Json:
    owner = call.world.people[playlist.owner]
    return shape_ids(call, "playlist", playlist.id) | {
        "collaborative": playlist.collaborative,
        "description": playlist.description,
        "images": [{"height": None, "url": sign_playlist_image(call, playlist), "width": None}],
        "name": playlist.name,
        "owner": shape_person(call, owner),
        "primary_color": None,
        "public": playlist.public,
        "snapshot_id": see_snapshot(playlist, call.now, call.stage.lag),
    }


def _shape_first_page(call: Call, playlist: Playlist, rows: tuple[Row, ...], name: str) -> Json:
    size = 100 if name == "tracks" and not call.profile.masked else 50
    inner = f"{call.base}/v1/playlists/{playlist.id}/{name}"
    return {
        "href": f"{inner}?offset=0&limit={size}",
        "items": [shape_row(call, row) for row in rows[:size]],
        "limit": size,
        "next": f"{inner}?offset={size}&limit={size}" if len(rows) > size else None,
        "offset": 0,
        "previous": None,
        "total": len(rows),
    }


def shape_row(call: Call, row: Row) -> Json:
    """One slot. Its content is null where it is gone; a slot is never left out, since positions count it."""
    local = row.uri.startswith("spotify:local:")
    content = _shape_local(row) if local else _shape_content(call, row)
    data = {
        "added_at": None if row.at is None else tell_moment(row.at),
        "added_by": None if row.by is None else shape_ids(call, "user", row.by),
        "is_local": local,
        "primary_color": None,
        "video_thumbnail": {"url": None},
    }
    chosen = call.stage.switches.row_keys
    names = {"both": ("item", "track"), None: call.profile.row_keys}.get(chosen, (chosen,))
    return data | {str(name): content for name in names}


def _shape_content(call: Call, row: Row) -> Json | None:
    _, kind, ident = row.uri.split(":", 2)
    if kind == "track":
        track = call.world.tracks.get(ident)
        if track is None or not is_there(call, track):
            return None
        return shape_track(call, track) | {"episode": False, "track": True}
    talk = call.world.talks.get(ident)
    # Without `additional_types` an episode comes in the clothes of a track.
    if talk is None:
        return None
    if "episode" in call.query.get("additional_types", "track"):
        return shape_talk(call, talk) | {"episode": True, "track": False}
    return shape_talk(call, talk) | {"type": "track", "episode": True, "track": False, "external_ids": {}}


def _shape_local(row: Row) -> Json:
    artist, album, title, seconds = (unquote_plus(part) for part in row.uri.split(":")[2:6])
    album_data: Json = {
        "album_type": None, "artists": [], "external_urls": {}, "href": None, "id": None, "images": [], "name": album,
        "release_date": None, "release_date_precision": None, "type": "album", "uri": None,
    }  # fmt: skip
    artist_data: Json = {
        "external_urls": {},
        "href": None,
        "id": None,
        "name": artist,
        "type": "artist",
        "uri": None,
    }
    return {
        "album": album_data, "artists": [artist_data], "disc_number": 0, "duration_ms": int(seconds) * 1000,
        "episode": False, "explicit": False, "external_ids": {}, "external_urls": {}, "href": None, "id": None,
        "is_local": True, "name": title, "preview_url": None, "track": True, "track_number": 0, "type": "track",
        "uri": row.uri,
    }  # fmt: skip
