"""What an account was seen to have, as storage takes and gives it; and the rows of a playlist as one value.

Moments are microseconds since 1970 UTC. All of it is content of the platform.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from typing import Any

Place = tuple[int, str]  # when it was played, and the URI


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot of a playlist. `kind`: track, episode, local (a file of the owner's), or gone: then `uri` is None."""

    uri: str | None
    added_at: int | None = None
    added_by: str | None = None
    kind: str = "track"
    title: str = ""
    credits: tuple[str, ...] = ()
    release: str = ""
    isrc: str | None = None
    duration_ms: int | None = None
    explicit: bool | None = None
    playable: bool | None = None


@dataclass(frozen=True, slots=True)
class ListHead:
    """A playlist without its rows. `is_ours`: its rows may be read. `place`: in the list of playlists."""

    playlist_id: str
    name: str
    description: str
    owner_id: str
    owner_name: str
    public: bool | None
    collaborative: bool
    is_ours: bool
    total: int | None
    place: int


@dataclass(frozen=True, slots=True)
class KnownList:
    """The same as it is known. `snapshot`: what its rows were last seen under, None where they are not known.

    `reading_snapshot` and `reading_since`: of a reading that was cut off.
    """

    no: int
    head: ListHead
    snapshot: str | None
    reading_snapshot: str | None
    reading_since: int | None
    seen_at: int
    gone_at: int | None


@dataclass(frozen=True, slots=True)
class KeptThing:
    """What an account keeps or follows. `kind`: track, release or artist."""

    kind: str
    uri: str
    title: str
    credits: tuple[str, ...] = ()
    isrc: str | None = None
    upc: str | None = None
    added_at: int | None = None


@dataclass(frozen=True, slots=True)
class Played:
    """One play. `context`: the URI of what it was played from."""

    played_at: int
    uri: str
    title: str
    credits: tuple[str, ...] = ()
    isrc: str | None = None
    duration_ms: int | None = None
    context: str | None = None


@dataclass(frozen=True, slots=True)
class AccountChange:
    """One difference; see `account_tables.account_change` for the fields."""

    thing: str
    thing_id: str
    field: str
    old: str | None
    new: str | None
    title: str
    uri: str | None = None


@dataclass(frozen=True, slots=True)
class PartSync:
    """How far a part of an account was read; see `account_tables.account_sync`."""

    seen_at: int = 0
    whole_at: int | None = None
    blanks: int = 0
    newest: int | None = None
    reading_since: int | None = None


def pack_slots(slots: Sequence[Slot]) -> bytes:
    """Rows as one compressed value: about 40 bytes a row."""
    return zlib.compress(
        json.dumps([astuple(slot) for slot in slots], separators=(",", ":")).encode(), level=6
    )


def unpack_slots(value: bytes) -> list[Slot]:
    """The rows again."""
    return [Slot(*_untuple(row)) for row in json.loads(zlib.decompress(value))]


def show_slot(slot: Slot, position: int) -> dict[str, Any]:
    """A row as JSON, with its position from 0."""
    return {"position": position, **asdict(slot), "credits": list(slot.credits)}


def _untuple(row: list[Any]) -> list[Any]:
    return [tuple(value) if isinstance(value, list) else value for value in row]
