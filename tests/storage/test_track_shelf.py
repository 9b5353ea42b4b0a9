"""Tracks placed one by one."""

from __future__ import annotations

from backline.storage.track_shelf import KnownTrack, Shelf


def test_a_new_track_is_one_however_often_it_is_told() -> None:
    first, again, other = Shelf([]).place(
        [(1, " One", None, None, None), (1, "ONE", None, None, None), (2, "One", None, None, None)]
    )
    assert first is again and first is not other
    assert (first.title, first.is_new, first.is_filled) == ("One", True, False)


def test_what_is_known_is_filled_and_never_changed() -> None:
    known = KnownTrack(7, (1, "one", None, "2020-01-01", None))
    (found,) = Shelf([known]).place([(1, "One", "DEA", "2021-01-01", "036000291452")])
    assert found is known and not known.is_new and known.is_filled
    assert known.name == (1, "one", "DEA", "2020-01-01", "036000291452")


def test_an_isrc_that_a_track_got_in_this_call_leads_to_it() -> None:
    known = KnownTrack(7, (1, "one", None, None, None))
    found = Shelf([known]).place(
        [(1, "One", "DEA", None, None), (1, "One (Live)", "DEA", None, None), (1, "One", "DEB", None, None)]
    )
    assert found[:2] == [known, known] and found[2].is_new
