"""Looks at what was played, at random moments: every play exactly once, and a gap exactly where it may be."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from backline.spotify.payloads_lists import PlayHistory
from backline.spotify.plays import OVERLAP, REACH, Gap, choose_after, merge_plays, read_moment

START = datetime(2026, 11, 22, tzinfo=UTC)


def play(ms: int, name: str = "t") -> PlayHistory:
    """A play so many milliseconds after the start."""
    moment = (START + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return PlayHistory.model_validate(
        {"track": {"uri": f"spotify:track:{name}", "name": name}, "played_at": moment}
    )


def at(ms: int) -> int:
    return (read_moment("2026-11-22T00:00:00.000Z") or 0) + ms * 1000


def test_moments_are_read_to_the_millisecond_or_not_at_all() -> None:
    assert read_moment("1970-01-01T00:00:01.500Z") == read_moment("1970-01-01T01:00:01.5+01:00") == 1_500_000
    assert read_moment("1970-01-01T00:00:02") == 2_000_000
    assert read_moment(None) is read_moment("") is read_moment("soon") is None


def test_the_first_look_has_no_gap_and_asks_from_the_beginning() -> None:
    look = merge_plays(None, set(), [play(number * 1000) for number in range(REACH)])
    assert (choose_after(None), look.gap, look.newest, len(look.new)) == (0, None, at(49_000), 50)
    assert merge_plays(None, set(), []).newest is None


def test_a_look_reaches_two_hours_behind_the_newest_play() -> None:
    assert choose_after(at(0)) == (at(0) - OVERLAP) // 1000
    late = play(-3_600_000)  # a player that had no network
    look = merge_plays(at(0), {(at(0), "spotify:track:t")}, [play(0), late, play(5)])
    assert [moment for moment, _ in look.new] == [at(-3_600_000), at(5)] and look.gap is None


def test_plays_of_the_same_moment_and_of_the_same_track_are_several() -> None:
    look = merge_plays(None, set(), [play(1, "a"), play(1, "b"), play(2, "a"), play(2, "a")])
    assert len(look.new) == 3


def test_an_empty_answer_keeps_what_is_the_newest() -> None:
    look = merge_plays(at(7), set(), [])
    assert (look.new, look.newest, look.gap) == ({}, at(7), None)


@pytest.mark.parametrize("seed", range(100))
def test_every_play_once_and_gaps_where_more_came_than_can_be_read(seed: int) -> None:
    rng = random.Random(seed)
    history, known, gaps, newest, now = list[int](), dict[tuple[int, str], int](), list[Gap](), None, 0
    lost: set[int] = set()
    first = 0
    for _ in range(20):
        came = rng.choice([0, 1, 10, 40, 48, 49, 50, 51, 52, 120])
        before = newest
        for _ in range(came):
            now += rng.randint(30, 600) * 1000
            history.append(now)
        after = choose_after(newest)
        seen = [moment for moment in history[-REACH:] if at(moment) // 1000 > after]
        look = merge_plays(newest, known, [play(moment) for moment in seen])
        assert not look.new.keys() & known.keys()
        known |= dict.fromkeys(look.new, 1)
        newest = look.newest
        if before is None:  # there is nothing before the first look
            first = max(0, len(history) - REACH)
        if before is not None and came >= REACH:  # of exactly 50 nobody knows that it was not more
            assert look.gap == Gap(before, at(history[-REACH]))
            gaps.append(look.gap)
        else:
            assert look.gap is None
        if came > REACH and before is not None:
            lost |= set(history[-came:-REACH])
    assert {moment for moment, _ in known} == {at(moment) for moment in set(history[first:]) - lost}
    assert all(any(gap.after < at(moment) < gap.before for gap in gaps) for moment in lost)
