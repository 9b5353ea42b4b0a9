"""What is read of people, their playlists, what they keep and what they played. See payloads.py for the rules."""

from __future__ import annotations

from backline.spotify.payloads import Album, Payload, Track


class Person(Payload):
    """Somebody as others see them."""

    id: str | None = None
    display_name: str | None = None


class Me(Person):
    """Who agreed. Only `account_id` never changes (since 2026-05-30); older answers lack it."""

    id: str
    account_id: str | None = None
    product: str | None = None

    @property
    def key(self) -> str:
        """What an account is kept under: `account_id`, or the id where there is none."""
        return self.account_id or self.id


class Held(Payload):
    """How many rows a playlist has."""

    total: int = 0


class PlaylistStub(Payload):
    """A playlist in a list. `items` None: its rows are not for this person, or it goes by the old name `tracks`."""

    id: str
    name: str = ""
    description: str | None = None
    owner: Person | None = None
    public: bool | None = None
    collaborative: bool = False
    snapshot_id: str | None = None
    items: Held | None = None
    tracks: Held | None = None

    @property
    def total(self) -> int | None:
        """How many rows it has, or None where that is not told."""
        held = self.items or self.tracks
        return held.total if held else None


class PlaylistRow(Payload):
    """One slot of a playlist. Its `thing` is None where it is gone; the slot counts all the same."""

    added_at: str | None = None
    added_by: Person | None = None
    is_local: bool = False
    item: Track | None = None
    track: Track | None = None

    @property
    def thing(self) -> Track | None:
        """What stands there: `item`, or `track` as it was called before."""
        return self.item or self.track


class SavedTrack(Payload):
    """A track that somebody keeps."""

    added_at: str | None = None
    track: Track | None = None


class SavedAlbum(Payload):
    """A release that somebody keeps."""

    added_at: str | None = None
    album: Album | None = None


class PlayContext(Payload):
    """Where a track was played from."""

    uri: str | None = None
    type: str | None = None


class PlayHistory(Payload):
    """A track that was played; `played_at` is when it ended, ISO with milliseconds."""

    track: Track
    played_at: str
    context: PlayContext | None = None


class Snapshot(Payload):
    """What a write to a playlist answers; it is seen by readers only later."""

    snapshot_id: str | None = None
