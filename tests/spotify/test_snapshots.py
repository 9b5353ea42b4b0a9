"""Which playlists are read: those whose snapshot moved, and of those only ours."""

from __future__ import annotations

from typing import Any

import pytest

from backline.spotify.payloads import OffsetPage
from backline.spotify.payloads_lists import PlaylistRow, PlaylistStub
from backline.spotify.snapshots import (
    HeadChange,
    KnownPlaylist,
    choose_playlists,
    compare_head,
    fits_together,
    is_ours,
    list_gone,
    must_know_person,
    put_together,
)


def stub(ident: str, snapshot: str | None = "s", total: int | None = 1, **more: Any) -> PlaylistStub:
    held = {} if total is None else {"items": {"total": total}}
    said = {"id": ident, "name": ident.upper(), "snapshot_id": snapshot, "owner": {"id": "me"}} | held | more
    return PlaylistStub.model_validate(said)


def page(*entries: PlaylistStub | None, total: int) -> OffsetPage[PlaylistStub]:
    return OffsetPage[PlaylistStub](items=list(entries), total=total)


def know(snapshot: str | None = "s", **more: Any) -> KnownPlaylist:
    said: dict[str, Any] = {"name": "A", "description": "", "owner_id": "me", "public": None} | more
    return KnownPlaylist(**said, collaborative=False, snapshot=snapshot)


def test_an_equal_snapshot_is_not_read_and_any_other_is() -> None:
    listing = put_together(
        [page(stub("a"), stub("b"), stub("c", None), None, stub("d", total=None), total=5)]
    )
    known = {"a": know("s"), "b": know("older"), "c": know("s"), "d": know("older")}
    assert [one.id for one in choose_playlists(listing, known, None)] == ["b", "c"]
    assert [one.id for one in choose_playlists(listing, {}, None)] == ["a", "b", "c"]
    assert [one.id for one in choose_playlists(listing, known, None, is_full=True)] == ["a", "b", "c"]


def test_what_was_begun_comes_first_and_then_the_short_ones() -> None:
    listing = put_together([page(stub("a", total=90), stub("b", total=7), stub("c", total=500), total=3)])
    known = {"c": know(None, begun_under="s"), "a": know(None, begun_under="older")}
    assert [one.id for one in choose_playlists(listing, known, None)] == ["c", "b", "a"]
    # Begun although its snapshot is known: everything was to be read.
    assert next(one.id for one in choose_playlists(listing, {"b": know("s", begun_under="s")}, None)) == "b"


@pytest.mark.parametrize(
    ("said", "person", "ours"),
    [
        ({}, None, True),
        ({"items": None}, None, False),
        ({"tracks": {"total": 5}}, "me", True),
        ({"tracks": {"total": 5}, "owner": {"id": "you"}}, "me", False),
        ({"tracks": {"total": 5}, "owner": {"id": "you"}, "collaborative": True}, "me", True),
        ({"owner": None}, "me", False),
    ],
)
def test_whose_rows_may_be_read(said: dict[str, Any], person: str | None, ours: bool) -> None:
    one = stub("a", **said)
    assert is_ours(one, person) is ours
    assert must_know_person(put_together([page(one, total=1)])) is ("tracks" in said)


def test_a_list_that_slid_while_it_was_read_says_nothing_of_what_is_gone() -> None:
    known = {name: know() for name in "abc"} | {"z": know(is_gone=True)}
    assert list_gone(put_together([page(stub("a"), None, total=3), page(stub("b"), total=3)]), known) == ["c"]
    # One came and another went: the end of the first page is the beginning of the second.
    assert list_gone(
        put_together([page(stub("x"), stub("a"), total=4), page(stub("a"), stub("b"), total=4)]), known
    ) == ["c"]
    for pages in (
        [page(stub("a"), total=3), page(stub("b"), total=2)],  # one went between two pages
        [page(stub("a"), stub("b"), total=3), page(stub("b"), total=4)],  # one came
        [page(stub("a"), stub("b"), total=3)],  # the end is missing
    ):
        listing = put_together(pages)
        assert (listing.is_steady, list_gone(listing, known)) == (False, [])


def test_what_is_told_otherwise_of_a_playlist() -> None:
    assert compare_head(know(), stub("a")) == []
    assert compare_head(know(name="Old", public=True), stub("a", description="d", public=False)) == [
        HeadChange("a", "name", "Old", "A"),
        HeadChange("a", "description", "", "d"),
        HeadChange("a", "public", "yes", "no"),
    ]
    assert compare_head(know(), stub("a", owner=None, collaborative=True)) == [
        HeadChange("a", "owner", "me", ""),
        HeadChange("a", "collaborative", "no", "yes"),
    ]


def test_pages_of_one_list_tell_the_same_number() -> None:
    rows = [OffsetPage[PlaylistRow](total=total) for total in (60, 60, 59)]
    assert fits_together(rows[:1]) and fits_together(rows[:2]) and not fits_together(rows)
