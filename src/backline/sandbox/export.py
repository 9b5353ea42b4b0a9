"""The whole truth of a world as JSON, for tests to compare with what a client made of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from backline.sandbox.clock import tell_moment
from backline.sandbox.world import Person, Playlist, World

ROOMS = ("artists", "releases", "tracks", "talks", "people", "playlists", "accounts", "apps")


def export_world(world: World, rooms: list[str] | None = None) -> dict[str, Any]:
    """Rooms by name, each with its things by id. Raises `ValueError` for a room that there is not."""
    wanted = list(ROOMS) if rooms is None else rooms
    if wrong := set(wanted) - set(ROOMS):
        raise ValueError(f"rooms: {', '.join(sorted(wrong))} is none of {', '.join(ROOMS)}")
    return {room: {ident: _tell(one) for ident, one in getattr(world, room).items()} for room in wanted}


def _tell(one: Any) -> dict[str, Any]:
    if isinstance(one, Playlist):
        return _tell_playlist(one)
    return _tell_person(one) if isinstance(one, Person) else asdict(one)


def _tell_person(person: Person) -> dict[str, Any]:
    data = asdict(person)
    data["plays"] = [
        {"played_at": tell_moment(one.at, 3), "track": one.track, "context": one.context}
        for one in person.plays
    ]
    return data


def _tell_playlist(playlist: Playlist) -> dict[str, Any]:
    """What a list truly holds, whatever readers still see."""
    names = ("id", "owner", "name", "description", "public", "collaborative", "editorial")
    return {name: getattr(playlist, name) for name in names} | {
        "snapshot_id": playlist.versions[-1].snapshot,
        "rows": [asdict(row) for row in playlist.rows],
    }
