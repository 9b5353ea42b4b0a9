"""The playlists of an account: all of them listed, and the rows of those read whose snapshot moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from backline.errors import TryLater, UnknownName
from backline.spotify.faults import NotOwner
from backline.spotify.payloads_lists import PlaylistStub
from backline.spotify.playlists import Playlists
from backline.spotify.slots import compare_slots
from backline.spotify.snapshots import (
    KnownPlaylist,
    Listing,
    choose_playlists,
    compare_head,
    fits_together,
    is_begun_under,
    is_ours,
    list_gone,
    must_know_person,
    put_together,
)
from backline.storage.account_read import read_lists, read_slots
from backline.storage.account_rows import AccountChange, KnownList, ListHead, PartSync, Slot
from backline.storage.account_write import Look, prolong_slots, write_begun, write_lists, write_slots
from backline.tasks.work.account_clerk import KEPT_FOR, AccountDesk, Enough, PartLine
from backline.tasks.work.account_reading import (
    digest_slots,
    key_slots,
    know_playlist,
    name_object,
    read_head,
    read_slot,
    tell_slots,
)

STILL = (
    60_000_000  # µs within which all pages of a playlist were read, or its snapshot is looked at once more
)


def look_at_playlists(desk: AccountDesk, line: PartLine) -> None:
    """All playlists; of ours, the rows of those that moved."""
    with desk.database.read() as connection:
        known = read_lists(connection, desk.account_id)
    pages = []
    for page in desk.speak().playlists.walk_mine():
        pages.append(page)
        if page.next is not None:
            desk.may_ask("playlists")
    round_trip = _Round(desk, line, known, put_together(pages))
    round_trip.note_heads()
    round_trip.read_rows()


@dataclass
class _Round:
    """One look at the playlists, after they were listed."""

    desk: AccountDesk
    line: PartLine
    stored: dict[str, KnownList]
    listing: Listing
    known: dict[str, KnownPlaylist] = field(init=False)
    person_id: str | None = field(init=False)

    def __post_init__(self) -> None:
        self.known = {ident: know_playlist(one) for ident, one in self.stored.items()}
        self.person_id = self._find_person() if must_know_person(self.listing) else None

    def _find_person(self) -> str:
        """The owner of a playlist that was ours before; else one request."""
        for one in self.stored.values():
            if one.head.is_ours and not one.head.collaborative:
                return one.head.owner_id
        return self.desk.speak().library.get_me().id

    def note_heads(self) -> None:
        """The playlists themselves, as the finish writes them."""
        stubs = self.listing.stubs.values()
        heads = [
            read_head(stub, place, is_ours=is_ours(stub, self.person_id)) for place, stub in enumerate(stubs)
        ]
        new = [head for head in heads if head.playlist_id not in self.stored]
        old = [(head, self.stored[head.playlist_id]) for head in heads if head.playlist_id in self.stored]
        changed = [head for head, one in old if one.head != head or one.gone_at is not None]
        same = [head.playlist_id for head, one in old if one.head == head and one.gone_at is None]
        gone = list_gone(self.listing, self.known)
        self.line.seen, self.line.new, self.line.gone = len(heads), len(new), len(gone)
        if self.desk.read_part("playlists").whole_at is not None:
            self._tell_listed(new, gone)
        for stub in stubs:
            if stub.id in self.known:
                told = compare_head(self.known[stub.id], stub)
                self.desk.changes += [AccountChange("playlist", *change, title=stub.name) for change in told]
        if not self.listing.is_steady:
            self.desk.reason(
                "slid", "Playlists came or went while they were listed: what went is told at the next look."
            )
        self.desk.writes.append(
            lambda connection, look: write_lists(connection, look, new, changed, same, gone)
        )

    def _tell_listed(self, new: Sequence[ListHead], gone: Sequence[str]) -> None:
        moment = str(self.desk.began)
        back = [ident for ident, one in self.known.items() if one.is_gone and ident in self.listing.stubs]
        came = [(head.playlist_id, head.name) for head in new] + [(one, self.known[one].name) for one in back]
        told = [AccountChange("playlist", ident, "listed", None, moment, name) for ident, name in came]
        told += [
            AccountChange("playlist", ident, "listed", moment, None, self.known[ident].name) for ident in gone
        ]
        self.desk.changes += told

    def read_rows(self) -> None:
        """The rows of those that moved, each list by itself; what cannot be read now is left."""
        wanted = choose_playlists(self.listing, self.known, self.person_id, is_full=self.desk.is_full)
        unread = {stub.id for stub in wanted}
        ours = [one.id for one in self.listing.stubs.values() if is_ours(one, self.person_id)]
        fresh = [ident for ident in ours if ident not in unread]
        self.desk.writes.append(lambda connection, look: prolong_slots(connection, look, fresh))
        self.desk.write_part("playlists", PartSync(self.desk.began, self.desk.began))
        for number, stub in enumerate(wanted):
            self.line.left = len(wanted) - number
            try:
                self.desk.may_ask("playlists")
                self._read_list(stub)
            except (TryLater, Enough):
                # All of them were to be read, whatever their snapshots say: so the run that goes on must know.
                self._note_begun(wanted[number:] if self.desk.is_full else wanted[number : number + 1])
                raise
        self.line.left = 0

    def _note_begun(self, stubs: Sequence[PlaylistStub]) -> None:
        """Readings that are cut off: the answers so far stand for the run that goes on, if nothing moves."""
        marks = [(stub.id, stub.snapshot_id, self._resume(stub)) for stub in stubs]

        def write(connection: Connection, look: Look) -> None:
            for ident, snapshot, since in marks:
                write_begun(connection, look, ident, snapshot, since)

        self.desk.writes.append(write)

    def _read_list(self, stub: PlaylistStub) -> None:
        """One list."""
        try:
            slots = self._ask(stub)
        except (NotOwner, UnknownName) as error:
            self._reason("closed", stub, f"its rows are not to be read: {error.message}")
            return
        if slots is None:
            self._reason("slid", stub, "it changed while it was read, and is read at the next look.")
            return
        self.line.read += 1
        self._compare(stub, slots)

    def _reason(self, rule: str, stub: PlaylistStub, words: str) -> None:
        """Why a playlist was not read; by its place, since answers of runs outlive what is content."""
        place = list(self.listing.stubs).index(stub.id) + 1
        self.desk.reason(rule, f"Playlist {place} of the list: {words}", place=place)

    def _resume(self, stub: PlaylistStub) -> int:
        former, began = self.stored.get(stub.id), self.desk.began
        since = former.reading_since if former is not None else None
        if since is None or began - since > KEPT_FOR or not is_begun_under(self.known[stub.id], stub):
            return began
        return since

    def _ask(self, stub: PlaylistStub) -> list[Slot] | None:
        """The rows; None where they are not of one and the same list."""
        voice = replace(self.desk.speak(self._resume(stub)).voice, anew=True)
        playlists, heard, pages = Playlists(voice), len(voice.sender.heard), []
        for page in playlists.walk_rows(stub.id):
            pages.append(page)
            if page.next is not None:
                self.desk.may_ask("playlists")
        moments = [at for _, at in voice.sender.heard[heard:]]
        is_one = fits_together(pages)
        if is_one and max(moments) - min(moments) > STILL:
            is_one = playlists.get(stub.id).snapshot_id == stub.snapshot_id
        if not is_one:
            return None
        return [read_slot(row) for page in pages for row in page.items if row is not None]

    def _compare(self, stub: PlaylistStub, slots: list[Slot]) -> None:
        former = self.stored.get(stub.id)
        with self.desk.database.read() as connection:
            before = None if former is None else read_slots(connection, former.no)
        ident, snapshot = stub.id, stub.snapshot_id
        found = None if before == slots else slots
        if before is not None and found is not None:
            told = tell_slots(ident, compare_slots(key_slots(before), key_slots(slots)), before, slots)
            self.desk.changes += told
            self.line.changed += bool(told)
        if found is not None:
            self.desk.trail.add(
                "playlist.read",
                name_object("playlist", ident),
                before=digest_slots(before),
                after=digest_slots(slots),
            )

        def write(connection: Connection, look: Look) -> None:
            write_slots(connection, look, ident, snapshot, found)

        self.desk.writes.append(write)
