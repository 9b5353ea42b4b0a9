"""Which playlists must be read: those whose snapshot is another one than their rows were last seen under.

An equal snapshot says that nothing has changed, another one says only: look. It lags behind a write, shows a third
value in between, and moves with a new name or cover. So what has changed is told by the rows alone, and a snapshot is
kept together with rows that were read after it was seen, never with older ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from backline.spotify.payloads import OffsetPage
from backline.spotify.payloads_lists import PlaylistRow, PlaylistStub


@dataclass(frozen=True, slots=True)
class KnownPlaylist:
    """What is known. `snapshot` None: its rows are not. `begun_under`: the snapshot of a reading that was cut off."""

    name: str
    description: str
    owner_id: str
    public: bool | None
    collaborative: bool
    snapshot: str | None = None
    begun_under: str | None = None
    is_gone: bool = False


class HeadChange(NamedTuple):
    """One thing about a playlist that is told otherwise than before."""

    playlist_id: str
    field: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Listing:
    """The playlists of a person, in their order. `is_steady`: none came or went while the pages were read."""

    stubs: Mapping[str, PlaylistStub]
    is_steady: bool


def put_together(pages: Sequence[OffsetPage[PlaylistStub]]) -> Listing:
    """The pages as one list, without the entries that are null."""
    entries = [entry for page in pages for entry in page.items]
    stubs = {entry.id: entry for entry in entries if entry is not None}
    return Listing(stubs, {page.total for page in pages} == {len(entries)})


def must_know_person(listing: Listing) -> bool:
    """Whether only the owner's id tells whose rows may be read: older Client IDs are told a number of rows for all."""
    return any(stub.tracks is not None for stub in listing.stubs.values())


def is_ours(stub: PlaylistStub, person_id: str | None) -> bool:
    """Whether the rows are this person's to read. `person_id` None: the Web API tells it by what it leaves out."""
    if person_id is None:
        return stub.items is not None
    return stub.collaborative or (stub.owner is not None and stub.owner.id == person_id)


def choose_playlists(
    listing: Listing, known: Mapping[str, KnownPlaylist], person_id: str | None, *, is_full: bool = False
) -> list[PlaylistStub]:
    """Those whose rows must be read: first what was begun, then the shortest first, so that most get done."""
    wanted = []
    for stub in listing.stubs.values():
        former = known.get(stub.id)
        is_same = former is not None and stub.snapshot_id is not None and former.snapshot == stub.snapshot_id
        is_begun = former is not None and is_begun_under(former, stub)
        if is_ours(stub, person_id) and (is_full or is_begun or not is_same):
            wanted.append((not is_begun, stub.total or 0, stub))
    return [stub for _, _, stub in sorted(wanted, key=lambda one: one[:2])]


def is_begun_under(known: KnownPlaylist, stub: PlaylistStub) -> bool:
    """Whether a reading that was cut off may go on: the snapshot is still the one that it was begun under."""
    return known.begun_under is not None and known.begun_under == stub.snapshot_id


def compare_head(former: KnownPlaylist, stub: PlaylistStub) -> list[HeadChange]:
    """What is told otherwise of a playlist than before."""
    told: dict[str, tuple[str | bool | None, str | bool | None]] = {
        "name": (former.name, stub.name),
        "description": (former.description, stub.description or ""),
        "owner": (former.owner_id, (stub.owner.id if stub.owner else None) or ""),
        "public": (former.public, stub.public),
        "collaborative": (former.collaborative, stub.collaborative),
    }
    return [
        HeadChange(stub.id, field, _show(old), _show(new)) for field, (old, new) in told.items() if old != new
    ]


def list_gone(listing: Listing, known: Mapping[str, KnownPlaylist]) -> list[str]:
    """Known playlists that are not listed any more; none where the list slid while it was read."""
    if not listing.is_steady:
        return []
    return [ident for ident, one in known.items() if not one.is_gone and ident not in listing.stubs]


def fits_together(pages: Sequence[OffsetPage[PlaylistRow]]) -> bool:
    """Whether no page of rows tells another number of them, so that they may be of one and the same list."""
    return len({page.total for page in pages}) == 1


def _show(value: str | bool | None) -> str | None:
    return ("yes" if value else "no") if isinstance(value, bool) else value
