"""Answers of the Web API about an account as what storage keeps of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import astuple

from backline.spotify.payloads import Artist, ArtistStub, Track
from backline.spotify.payloads_lists import PlayHistory, PlaylistRow, PlaylistStub, SavedAlbum, SavedTrack
from backline.spotify.plays import PlayKey, read_moment
from backline.spotify.slots import SlotChange, SlotKey
from backline.spotify.snapshots import KnownPlaylist
from backline.storage.account_rows import AccountChange, KeptThing, KnownList, ListHead, Played, Slot

MOST_TOLD = 500  # changes of one thing; more are told as one, and the states of a playlist have them all


def read_slot(row: PlaylistRow) -> Slot:
    """One slot of a playlist, whatever stands in it."""
    added_at, added_by = read_moment(row.added_at), row.added_by.id if row.added_by else None
    thing = row.thing
    uri = None if thing is None else name_track(thing)
    if thing is None or uri is None:
        return Slot(None, added_at, added_by, "gone")
    kind = "local" if row.is_local or thing.is_local else "episode" if thing.is_episode else "track"
    return Slot(
        uri, added_at, added_by, kind, thing.name, name_artists(thing.artists),
        thing.album.name if thing.album else "", thing.isrc, thing.duration_ms, thing.explicit, thing.is_playable,
    )  # fmt: skip


def read_head(stub: PlaylistStub, place: int, *, is_ours: bool) -> ListHead:
    """A playlist without its rows."""
    owner = stub.owner
    return ListHead(
        stub.id, stub.name, stub.description or "", (owner.id if owner else None) or "",
        (owner.display_name if owner else None) or "", stub.public, stub.collaborative, is_ours, stub.total, place,
    )  # fmt: skip


def know_playlist(known: KnownList) -> KnownPlaylist:
    """What is stored of a playlist, as it is compared."""
    head = known.head
    return KnownPlaylist(
        head.name, head.description, head.owner_id, head.public, head.collaborative, known.snapshot,
        known.reading_snapshot, known.gone_at is not None,
    )  # fmt: skip


def read_kept_track(saved: SavedTrack | None) -> KeptThing | None:
    """A track that is kept; None for an entry without one."""
    track = saved.track if saved else None
    uri = name_track(track) if track else None
    if saved is None or track is None or uri is None:
        return None
    added = read_moment(saved.added_at)
    return KeptThing("track", uri, track.name, name_artists(track.artists), track.isrc, None, added)


def read_kept_release(saved: SavedAlbum | None) -> KeptThing | None:
    """A release that is kept; None for an entry without one."""
    if saved is None or saved.album is None:
        return None
    album, added = saved.album, read_moment(saved.added_at)
    uri = f"spotify:album:{album.id}"
    return KeptThing("release", uri, album.name, name_artists(album.artists), None, album.upc, added)


def read_followed(artist: Artist | None) -> KeptThing | None:
    """An artist that is followed; None for an entry without one."""
    return None if artist is None else KeptThing("artist", f"spotify:artist:{artist.id}", artist.name)


def read_play(key: PlayKey, play: PlayHistory) -> Played:
    """One play."""
    track, context = play.track, play.context
    return Played(
        *key, track.name, name_artists(track.artists), track.isrc, track.duration_ms, context.uri if context else None
    )  # fmt: skip


def name_track(track: Track) -> str | None:
    """The URI of a track, an episode or a local file."""
    return track.uri or (f"spotify:track:{track.id}" if track.id else None)


def name_artists(artists: Sequence[ArtistStub]) -> tuple[str, ...]:
    """The names in their order."""
    return tuple(artist.name for artist in artists)


def key_slots(slots: Sequence[Slot]) -> list[SlotKey]:
    """What the rows are known by."""
    return [SlotKey(slot.uri, slot.added_at, slot.added_by) for slot in slots]


def tell_slots(
    playlist_id: str, changes: Sequence[SlotChange], former: Sequence[Slot], latter: Sequence[Slot]
) -> list[AccountChange]:
    """What happened to the rows of a playlist, as history."""
    told = []
    for change in changes:
        here = latter[change.after] if change.after is not None else former[change.before or 0]
        there = former[change.before] if change.before is not None else here
        shown = there if here.uri is None else here
        before, after = (None if place is None else str(place) for place in (change.before, change.after))
        told.append(
            AccountChange("playlist", playlist_id, change.kind, before, after, shown.title, shown.uri)
        )
    return bound_changes(told, "playlist", playlist_id, len(former), len(latter))


def bound_changes(
    told: list[AccountChange], thing: str, thing_id: str, before: int, after: int
) -> list[AccountChange]:
    """The changes, or one in place of very many."""
    if len(told) <= MOST_TOLD:
        return told
    return [AccountChange(thing, thing_id, "replaced", str(before), str(after), "")]


def name_object(kind: str, ident: str) -> str:
    """How the audit calls an account or a playlist: by a digest, since it outlives the connection."""
    return f"spotify_{kind}:{hashlib.sha256(ident.encode()).hexdigest()[:16]}"


def digest_slots(slots: Sequence[Slot] | None) -> str | None:
    """SHA-256 of the rows, for the audit, which keeps no content."""
    if slots is None:
        return None
    return hashlib.sha256(json.dumps([astuple(slot) for slot in slots]).encode()).hexdigest()
