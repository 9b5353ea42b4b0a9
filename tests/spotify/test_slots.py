"""Two readings of a playlist: the fewest changes, checked against a slow way to find them."""

from __future__ import annotations

import random
import time

import pytest

from backline.spotify.slots import SlotChange, SlotKey, compare_slots


def key(name: str | None, added_at: int | None = None, by: str = "ann") -> SlotKey:
    """A row that was added at the moment that its name says, unless it is told."""
    return SlotKey(name, ord(name[0]) if added_at is None and name else added_at, by)


def keys(names: str) -> list[SlotKey]:
    return [key(name) for name in names]


def say(former: list[SlotKey], latter: list[SlotKey]) -> list[str]:
    return [f"{one.kind} {one.before} {one.after}" for one in compare_slots(former, latter)]


@pytest.mark.parametrize(
    ("former", "latter", "told"),
    [
        ("abcd", "abcd", []),
        ("", "ab", ["added None 0", "added None 1"]),
        ("ab", "", ["removed 0 None", "removed 1 None"]),
        ("abcd", "abxcd", ["added None 2"]),
        ("abcd", "acd", ["removed 1 None"]),
        ("abcd", "bcda", ["moved 0 3"]),
        ("abcd", "dabc", ["moved 3 0"]),
        ("abaca", "baca", ["removed 0 None"]),  # the first of three equal rows
        ("aaaa", "aaa", ["removed 3 None"]),
        ("abcdef", "xcdabe", ["removed 5 None", "added None 0", "moved 2 1", "moved 3 2"]),
    ],
)
def test_the_fewest_changes_are_told(former: str, latter: str, told: list[str]) -> None:
    assert say(keys(former), keys(latter)) == told


def test_a_slot_whose_thing_is_gone_back_or_exchanged_is_the_same_slot() -> None:
    before, gone, other = key("a", 1), key(None, 1), key("z", 1)
    rest = keys("bc")
    assert say([before, *rest], [gone, *rest]) == ["swapped 0 0"]
    assert say([gone, *rest], [before, *rest]) == ["swapped 0 0"]
    assert say([before, *rest], [*rest, other]) == ["swapped 0 2"]
    assert say([before, *rest], [key("a", 2), *rest]) == ["removed 0 None", "added None 0"]


def test_rows_of_unknown_age_are_told_apart_by_what_they_show() -> None:
    old, new, gap = SlotKey("a", None, None), SlotKey("z", None, None), SlotKey(None, None, None)
    assert say([old], [new]) == ["removed 0 None", "added None 0"]
    assert say([old], [gap]) == say([gap], [old]) == ["swapped 0 0"]


def apply(former: list[SlotKey], latter: list[SlotKey], changes: list[SlotChange]) -> list[SlotKey]:
    """What the changes make of the former reading; what they do not mention stays in its order."""
    left = {one.before for one in changes}
    rows = [row for place, row in enumerate(former) if place not in left]
    for one in changes:
        if one.after is not None:
            rows.insert(one.after, latter[one.after])
    return rows


def count_stays(former: list[SlotKey], latter: list[SlotKey]) -> int:
    """The length of a longest common subsequence, the slow way."""
    row = [0] * (len(latter) + 1)
    for old in former:
        before = 0
        for place, new in enumerate(latter, 1):
            before, row[place] = row[place], before + 1 if old == new else max(row[place], row[place - 1])
    return row[-1]


@pytest.mark.parametrize("seed", range(200))
def test_changes_lead_from_one_reading_to_the_other_and_are_as_few_as_can_be(seed: int) -> None:
    rng = random.Random(seed)
    names = "abcdefghij"[: rng.randint(1, 10)]
    former = [key(rng.choice(names)) for _ in range(rng.randint(0, 25))]
    latter = list(former)
    for _ in range(rng.randint(0, 6)):
        match rng.randrange(4):
            case 0:
                latter.insert(rng.randint(0, len(latter)), key(rng.choice(names + "xyz")))
            case 1 if latter:
                latter.pop(rng.randrange(len(latter)))
            case 2 if latter:
                latter.insert(rng.randrange(len(latter)), latter.pop(rng.randrange(len(latter))))
            case _ if latter:
                place = rng.randrange(len(latter))
                latter[place] = latter[place]._replace(uri=None)
    changes = compare_slots(former, latter)
    assert apply(former, latter, changes) == latter
    touched = sum(one.after is not None for one in changes)
    assert len(latter) - touched == count_stays(former, latter)
    for one in changes:  # what is said to have moved is the same row
        if one.kind == "moved":
            assert former[one.before or 0] == latter[one.after or 0]


def test_ten_thousand_rows_are_compared_at_once() -> None:
    rng = random.Random(1)
    former = [SlotKey(f"u{rng.randrange(4000)}", rng.randrange(50), "ann") for _ in range(10_000)]
    latter = former[5000:] + former[:5000]
    gaps = [SlotKey(None, 0, "ann")] * 10_000
    began = time.process_time()
    assert len(compare_slots(former, latter)) == 5000
    assert compare_slots([SlotKey("a", 1, "ann"), *gaps], [*gaps, SlotKey("b", 2, "ann")]) != []
    assert time.process_time() - began < 2
