"""The chain, checked link by link: what was changed, removed, reordered, cut or rewritten, and where.

Works on anything that yields epochs and seals in their order, the database or an export. Memory is
bounded: of the links that do not fit, the first `KEPT` of an epoch are kept, to see whether they only
changed places.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from backline.moments import show_moment
from backline.storage.seal_rows import read_number
from backline.storage.seals_chain import GENESIS, Drop, Epoch, Seal, hash_epoch, hash_row

KEPT = 200
DROPPED, BEGUN = "audit.drop", "audit.epoch"
Points = Mapping[tuple[int, int], bytes]  # (epoch, seq) to the hash that an anchor knows


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was sealed (`fault`), or that a reader should know (`note`)."""

    kind: str
    says: str
    fault: bool = True
    epoch: int | None = None
    seq: int | None = None
    audit_id: int | None = None


@dataclass(frozen=True)
class _Break:
    """A seal that does not stand on the one before, what it ought to stand on, and whom else it accuses."""

    seal: Seal
    expected: set[bytes]
    suspect: Seal | None


@dataclass(frozen=True)
class _Told:
    """What a sealed row tells of an epoch that was taken out; anything may stand in a row."""

    at: object
    by: object
    rows: object
    export_sha: object


@dataclass
class _Walk:
    """Where the check of one epoch stands."""

    epoch: Epoch
    expected: set[bytes]
    seq: int = 0
    last: bytes = b""
    wrong: list[Seal] = field(default_factory=list)
    broken: list[_Break] = field(default_factory=list)
    before: Seal | None = None  # the last one, where it fits its row
    good: int = 0  # the last seq that an anchor agrees with
    rewritten: bool = False


class ChainCheck:
    """One check of a chain. `points` are what anchors know; `whole` is False for a part of an export.

    `later` are places that need not be there: anchors know them since after an export was made.
    """

    def __init__(
        self,
        epochs: Sequence[Epoch],
        drops: Sequence[Drop],
        points: Points,
        *,
        later: Collection[tuple[int, int]] = (),
        whole: bool = True,
    ) -> None:
        self._epochs = {epoch.epoch: epoch for epoch in epochs}
        self._drops = {drop.epoch: drop for drop in drops}
        self._points = points
        self._later = later
        self._whole = whole
        self._dropped: dict[tuple[str, str], list[_Told]] = {}  # by object and last hash, as sealed rows tell
        self._begun: set[tuple[int, int, str]] = set()  # (epoch, audit id, anchor) likewise
        self._ahead: list[tuple[int, int, int]] = []  # (epoch, its last seq, what an anchor knows)
        self.rows = 0
        self.beyond = 0  # places of `later` that are not there

    def run(self, seals: Iterable[Seal]) -> Iterator[Finding]:
        """Every finding, in the order of the chain. `rows` counts the seals looked at."""
        foot: bytes | None = GENESIS
        numbers = iter(sorted(self._epochs))
        for number, group in groupby(seals, key=lambda seal: seal.epoch):
            for before in numbers:
                if before >= number:
                    break
                foot = yield from self._check_epoch(before, foot, ())
            if number not in self._epochs:
                yield Finding(
                    "epoch_gap", f"Seals of epoch {number} are there, its own row is not.", epoch=number
                )
                continue
            foot = yield from self._check_epoch(number, foot, group)
        for number in numbers:
            foot = yield from self._check_epoch(number, foot, ())
        yield from self._finish()

    def _check_epoch(
        self, number: int, foot: bytes | None, seals: Iterable[Seal]
    ) -> Generator[Finding, None, bytes | None]:
        """Returns the epoch's last hash; None where nobody can know it."""
        epoch = self._epochs[number]
        yield from self._check_opening(epoch, foot)
        drop = self._drops.get(number)
        if drop is not None:
            yield from self._check_points(epoch, drop.last_seq, {drop.last_seq: drop.last_hash})
            return drop.last_hash
        walk = _Walk(epoch, {epoch.hash}, last=epoch.hash)
        yield from self._compare(walk, 0, epoch.hash)
        for seal in seals:
            yield from self._take(walk, seal)
        yield from _sort_out(walk)
        if self._whole:
            yield from self._check_points(epoch, walk.seq, {})
        return walk.last if self._whole or walk.seq else None

    def _check_opening(self, epoch: Epoch, foot: bytes | None) -> Iterator[Finding]:
        number = epoch.epoch
        if number > 1 and number - 1 not in self._epochs and epoch.anchor is None:  # a restore may skip some
            yield Finding("epoch_gap", f"Before epoch {number} an epoch is missing.", epoch=number)
        elif foot is not None and epoch.foot != foot:
            words = (
                f"Epoch {number} does not stand on the end of the epoch before: that end was cut or changed."
            )
            yield Finding("cut_tail" if number > 1 else "epoch_gap", words, epoch=number)
        if hash_epoch(epoch.foot, vars(epoch)) != epoch.hash:
            yield Finding("changed_epoch", f"The row of epoch {number} was changed.", epoch=number)

    def _take(self, walk: _Walk, seal: Seal) -> Iterator[Finding]:
        number, first = seal.epoch, walk.seq + 1
        self.rows += 1
        if seal.seq < first and (self._whole or walk.seq > 0):
            words = f"A seal of audit row {seal.audit_id} stands nowhere in epoch {number} (its place is {seal.seq})."
            yield Finding("odd_seal", words, epoch=number, audit_id=seal.audit_id)
            return
        jumped = seal.seq != first and (self._whole or walk.seq > 0)
        if jumped:
            last = seal.seq - 1
            what = (
                f"Seal {first} of epoch {number} was"
                if last == first
                else f"Seals {first} to {last} of epoch {number} were"
            )
            words = f"{what} removed."
            yield Finding("removed_seals", words, epoch=number, seq=first)
        own = None if seal.row is None else hash_row(seal.prev, seal.row)
        if not jumped and seal.prev not in walk.expected and (self._whole or walk.seq > 0 or seal.seq == 1):
            yield from _keep_broken(walk, seal, is_sound=own == seal.hash)
        if seal.row is None:
            words = f"Audit row {seal.audit_id} was removed (epoch {number}, seal {seal.seq})."
            yield Finding("removed_row", words, epoch=number, seq=seal.seq, audit_id=seal.audit_id)
        elif own != seal.hash:
            yield from _keep_wrong(walk, seal)
        elif seal.row["id"] != seal.audit_id:  # of an export: a database finds the row by it
            words = f"Seal {seal.seq} of epoch {number} names audit row {seal.audit_id} and seals another."
            yield Finding("changed_seal", words, epoch=number, seq=seal.seq, audit_id=seal.audit_id)
        elif seal.row["action"] in (DROPPED, BEGUN):
            yield from self._listen(seal, seal.row)
        walk.expected = {seal.hash} if own is None else {seal.hash, own}
        walk.seq, walk.last = seal.seq, seal.hash
        walk.before = seal if own == seal.hash else None
        yield from self._compare(walk, seal.seq, seal.hash)

    def _listen(self, seal: Seal, row: Mapping[str, Any]) -> Iterator[Finding]:
        """What a sealed row tells of an epoch that began or was taken out."""
        told = _read_object(row["body"])
        if told is None:
            words = f"Audit row {seal.audit_id} tells of an epoch, and cannot be read (epoch {seal.epoch}, seal {seal.seq})."
            yield Finding("odd_row", words, epoch=seal.epoch, seq=seal.seq, audit_id=seal.audit_id)
        elif row["action"] == DROPPED:
            facts = _Told(row["at"], row["actor"], told.get("rows"), told.get("export_sha"))
            self._dropped.setdefault((str(row["object"]), str(told.get("last_hash"))), []).append(facts)
        elif row["object"] == f"audit-epoch:{seal.epoch}":
            self._begun.add((seal.epoch, seal.audit_id, str(told.get("anchor"))))

    def _compare(self, walk: _Walk, seq: int, own: bytes) -> Iterator[Finding]:
        """The first place of an epoch where an anchor knows another hash."""
        number = walk.epoch.epoch
        known = self._points.get((number, seq))
        if known is None or walk.rewritten:
            return
        if known == own:
            walk.good = seq
            return
        walk.rewritten = True
        words = f"The chain was rewritten: in epoch {number}, behind seal {walk.good} and not behind {seq}; "
        yield Finding("rewritten", words + "an anchor knows another hash.", epoch=number, seq=seq)

    def _check_points(self, epoch: Epoch, last: int, ends: Mapping[int, bytes]) -> Iterator[Finding]:
        """Anchors beyond the end of the epoch, and at ends of which only the hash stands."""
        number = epoch.epoch
        for seq, own in ends.items():
            if self._points.get((number, seq), own) != own:
                words = f"The chain was rewritten: an anchor knows another end of epoch {number}."
                yield Finding("rewritten", words, epoch=number, seq=seq)
        owed = self._find_owed(point for point in self._points if point[0] == number and point[1] > last)
        if owed:
            self._ahead.append((number, last, max(owed)[1]))

    def _find_owed(self, missing: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """Of places that anchors know and the chain does not have: those that cannot have come later."""
        newest, owed = max(self._epochs, default=0), []
        for place in missing:
            if place in self._later and place[0] >= newest:
                self.beyond += 1
            else:
                owed.append(place)
        return owed

    def _judge_drop(self, drop: Drop) -> Iterator[Finding]:
        """Who took an epoch out, when, and into which export, as the sealed row tells it."""
        says = _Told(drop.dropped_at, drop.dropped_by, drop.last_seq, drop.export_sha)
        told = self._dropped.get((f"audit-epoch:{drop.epoch}", drop.last_hash.hex()), [])
        if any(one != says for one in told):
            words = (
                f"The row on epoch {drop.epoch}, which was taken out, is not as a sealed audit row tells it."
            )
            yield Finding("changed_drop", words, epoch=drop.epoch)
        elif not told and self._whole:
            words = f"Epoch {drop.epoch} is gone, and no sealed audit row tells of it."
            yield Finding("removed_epoch", words, epoch=drop.epoch)
            return
        yield _tell_drop(drop, told[0] if told else says, is_sealed=bool(told))

    def _finish(self) -> Iterator[Finding]:
        for number, last, beyond in self._ahead:
            yield self._judge_ahead(number, last, beyond)
        for drop in self._drops.values():
            yield from self._judge_drop(drop)
        if not self._whole:
            return
        for epoch in self._epochs.values():
            if epoch.anchor is not None and not self._followed_restore(epoch):
                words = f"Epoch {epoch.epoch} says that it follows a restore, and no sealed audit row tells of it."
                yield Finding("untold_restore", words, epoch=epoch.epoch)
        lost = self._find_owed(point for point in self._points if point[0] not in self._epochs)
        for number in sorted({epoch for epoch, _ in lost}):
            after = self._find_next(number)
            if after is not None and self._followed_restore(after):
                words = f"Anchors know epoch {number}: lost, restored to {after.anchor} ({after.why})."
                yield Finding("restored", words, fault=False, epoch=number)
            else:
                words = f"The tail was cut: anchors know epoch {number}, the chain does not."
                yield Finding("cut_tail", words, epoch=number)

    def _judge_ahead(self, number: int, last: int, beyond: int) -> Finding:
        """An epoch that ends before an anchor: a restore, where the next one tells of it, else a cut."""
        after = self._find_next(number)
        if after is not None and self._followed_restore(after):
            words = f"Epoch {number} ends at seal {last}, anchors know {beyond}: restored to {after.anchor} ({after.why})."
            return Finding("restored", words, fault=False, epoch=number, seq=last)
        words = f"The tail was cut: epoch {number} ends at seal {last}, an anchor knows seal {beyond}."
        return Finding("cut_tail", words, epoch=number, seq=last)

    def _followed_restore(self, epoch: Epoch) -> bool:
        """Whether it says so, and the sealed row that a restore writes does too, where that can be looked for."""
        if epoch.anchor is None:
            return False
        is_out_of_sight = not self._whole or epoch.epoch in self._drops
        return is_out_of_sight or (epoch.epoch, epoch.audit_id, epoch.anchor) in self._begun

    def _find_next(self, number: int) -> Epoch | None:
        """The next epoch that there is: after a restore it may not be the next number."""
        later = [epoch for epoch in self._epochs if epoch > number]
        return self._epochs[min(later)] if later else None


def _tell_drop(drop: Drop, told: _Told, *, is_sealed: bool) -> Finding:
    words = (
        f"Epoch {drop.epoch} ({read_number(told.rows):,} rows) was taken out on {show_moment(told.at)[:10]} by {told.by}; "
        f"SHA-256 of its export: {told.export_sha}."
    )
    if not is_sealed:
        words += " The sealed row that would answer for this is not in this part."
    return Finding("dropped", words, fault=False, epoch=drop.epoch, seq=drop.last_seq)


def _keep_wrong(walk: _Walk, seal: Seal) -> Iterator[Finding]:
    if len(walk.wrong) < KEPT:
        walk.wrong.append(seal)
    else:
        yield _tell_changed(seal)


def _keep_broken(walk: _Walk, seal: Seal, *, is_sound: bool) -> Iterator[Finding]:
    """A sound seal fits its own row. With no id between, it speaks of the row before: that was changed after it."""
    before = walk.before
    accuses = (
        is_sound and before is not None and before.audit_id + 1 == seal.audit_id and before.seq != walk.good
    )
    broken = _Break(seal, walk.expected, before if accuses else None)
    if len(walk.broken) < KEPT:
        walk.broken.append(broken)
    else:
        yield _tell_broken(broken)


def _sort_out(walk: _Walk) -> Iterator[Finding]:
    """Of links that do not fit: those that fit in another's place were reordered."""
    for seal in walk.wrong:
        place = next((other for other in walk.wrong if other is not seal and _fits(seal, other)), None)
        if place is None:
            yield _tell_changed(seal)
        else:
            words = (
                f"Audit rows were reordered: row {place.audit_id} stands in the place of row {seal.audit_id}."
            )
            yield Finding("reordered", words, epoch=seal.epoch, seq=seal.seq, audit_id=seal.audit_id)
    expected = {own for broken in walk.broken for own in broken.expected}
    for broken in walk.broken:
        seal = broken.seal
        if seal.prev in expected:
            words = f"Seals were reordered: seal {seal.seq} of epoch {seal.epoch} stands in another's place."
            yield Finding("reordered", words, epoch=seal.epoch, seq=seal.seq, audit_id=seal.audit_id)
        else:
            yield _tell_broken(broken)


def _fits(seal: Seal, other: Seal) -> bool:
    if other.row is None:
        return False
    moved = ({**other.row}, {**other.row, "id": seal.audit_id})
    return any(hash_row(seal.prev, row) == seal.hash for row in moved)


def _tell_changed(seal: Seal) -> Finding:
    words = f"Audit row {seal.audit_id} was changed (epoch {seal.epoch}, seal {seal.seq})."
    return Finding("changed_row", words, epoch=seal.epoch, seq=seal.seq, audit_id=seal.audit_id)


def _tell_broken(broken: _Break) -> Finding:
    seal, suspect = broken.seal, broken.suspect
    if suspect is not None:
        words = (
            f"Audit row {suspect.audit_id} was changed and its seal made anew (epoch {suspect.epoch}, "
            f"seal {suspect.seq}): the seal after it stands on another."
        )
        return Finding("changed_row", words, epoch=suspect.epoch, seq=suspect.seq, audit_id=suspect.audit_id)
    words = f"Seal {seal.seq} of epoch {seal.epoch} does not stand on the one before: seals were removed or rewritten."
    return Finding("removed_seals", words, epoch=seal.epoch, seq=seal.seq, audit_id=seal.audit_id)


def _read_object(body: object) -> dict[str, Any] | None:
    """The JSON object of a row's body; None where it is none."""
    try:
        told = json.loads(body) if isinstance(body, str) else None
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None
