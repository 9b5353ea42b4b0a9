"""What differs between two readings of a playlist: rows that came, went, moved, or show another thing than before.

A row has no id of its own. It is known by what stands there, when it was added and by whom, which a move leaves as
they were. A slot whose thing is gone (null), is back, or was exchanged by the platform for the same recording on
another release keeps the other two.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

MOST_TWINS: Final = (
    30  # equal rows for each row; beyond that they are paired in their order, which is good enough
)
Pair = tuple[int, int]


class SlotKey(NamedTuple):
    """What a row is known by. `uri` None: a slot whose thing is gone. `added_at`: µs since 1970, or None."""

    uri: str | None
    added_at: int | None
    added_by: str | None


@dataclass(frozen=True, slots=True)
class SlotChange:
    """One difference, with positions from 0 in the former and the latter reading.

    `swapped`: the same slot shows another thing, or shows it again, or shows it no more.
    """

    kind: Literal["added", "removed", "moved", "swapped"]
    before: int | None
    after: int | None


def compare_slots(former: Sequence[SlotKey], latter: Sequence[SlotKey]) -> list[SlotChange]:
    """The fewest changes that lead from one reading to the other: removed rows first, then by their new position.

    As many rows as possible stay (a longest common subsequence); equal rows among the others have moved.
    """
    stays = _find_stays(former, latter)
    old = _leave_out(range(len(former)), (before for before, _ in stays))
    new = _leave_out(range(len(latter)), (after for _, after in stays))
    moved = _pair(old, new, former, latter)
    old, new = _leave_out(old, (pair[0] for pair in moved)), _leave_out(new, (pair[1] for pair in moved))
    slots = [[key[1:] for key in side] for side in (former, latter)]
    swapped = [pair for pair in _pair(old, new, *slots) if _may_swap(former[pair[0]], latter[pair[1]])]
    old, new = (
        _leave_out(old, (pair[0] for pair in swapped)),
        _leave_out(new, (pair[1] for pair in swapped)),
    )
    came = [SlotChange("added", None, after) for after in new]
    came += [SlotChange("moved", *pair) for pair in moved] + [
        SlotChange("swapped", *pair) for pair in swapped
    ]
    return [SlotChange("removed", before, None) for before in old] + sorted(
        came, key=lambda one: one.after or 0
    )


def _may_swap(former: SlotKey, latter: SlotKey) -> bool:
    """Rows of unknown age look alike: only a gap tells that they are one."""
    return former.added_at is not None or former.uri is None or latter.uri is None


def _leave_out(places: Iterable[int], taken: Iterable[int]) -> list[int]:
    gone = set(taken)
    return [place for place in places if place not in gone]


def _pair(
    old: Sequence[int], new: Sequence[int], former: Sequence[Hashable], latter: Sequence[Hashable]
) -> list[Pair]:
    """Equal keys among these places, first with first."""
    waiting: dict[Hashable, deque[int]] = defaultdict(deque)
    for before in old:
        waiting[former[before]].append(before)
    return [(waiting[latter[after]].popleft(), after) for after in new if waiting[latter[after]]]


def _find_stays(former: Sequence[SlotKey], latter: Sequence[SlotKey]) -> list[Pair]:
    """Pairs of equal rows that ascend on both sides, as many as there can be."""
    first, shorter = 0, min(len(former), len(latter))
    while first < shorter and former[first] == latter[first]:
        first += 1
    last = 0
    while last < shorter - first and former[-1 - last] == latter[-1 - last]:
        last += 1
    ends = [(len(former) - place, len(latter) - place) for place in range(last, 0, -1)]
    old, new = range(first, len(former) - last), range(first, len(latter) - last)
    return [*((place, place) for place in range(first)), *_find_longest(old, new, former, latter), *ends]


def _find_longest(
    old: Sequence[int], new: Sequence[int], former: Sequence[SlotKey], latter: Sequence[SlotKey]
) -> list[Pair]:
    """J. W. Hunt and T. G. Szymanski, "A fast algorithm for computing longest common subsequences", 1977."""
    places: dict[SlotKey, list[int]] = defaultdict(list)
    for before in old:
        places[former[before]].append(before)
    if sum(len(places.get(latter[after], ())) for after in new) > MOST_TWINS * len(new):
        candidates = _pair(old, new, former, latter)
    else:
        # Of equal rows the last first, so that no two of them follow each other.
        candidates = [(before, after) for after in new for before in reversed(places.get(latter[after], ()))]
    ends: list[int] = []  # the smallest place that a chain of each length ends with
    chains: list[tuple[int, int, int]] = []  # before, after, and the link before it
    heads: list[int] = []
    for before, after in candidates:
        at = bisect_left(ends, before)
        chains.append((before, after, heads[at - 1] if at else -1))
        ends[at : at + 1], heads[at : at + 1] = [before], [len(chains) - 1]
    found: list[Pair] = []
    link = heads[-1] if heads else -1
    while link >= 0:
        before, after, link = chains[link]
        found.append((before, after))
    return found[::-1]
