"""Answers of the Web API as what is kept of them, and what happened to rows in words."""

from __future__ import annotations

from typing import Any

import pytest

from backline.spotify.payloads import Artist
from backline.spotify.payloads_lists import PlayHistory, PlaylistRow, PlaylistStub, SavedAlbum, SavedTrack
from backline.spotify.slots import SlotChange
from backline.storage.account_rows import AccountChange, KeptThing, ListHead, Played, Slot
from backline.tasks.work.account_reading import (
    MOST_TOLD,
    digest_slots,
    key_slots,
    name_object,
    read_followed,
    read_head,
    read_kept_release,
    read_kept_track,
    read_play,
    read_slot,
    tell_slots,
)

TRACK = {
    "id": "t", "uri": "spotify:track:t", "name": "Tape", "artists": [{"id": "a", "name": "Ann"}], "duration_ms": 5,
    "explicit": True, "external_ids": {"isrc": "zz-a01-26-00001"}, "album": {"id": "r", "name": "Attic"},
}  # fmt: skip
LOCAL = "spotify:local:Nobody:Attic+Tape:Untitled+4:187"
EPISODE = {"id": "e", "uri": "spotify:episode:e", "name": "Talk", "type": "episode"}


@pytest.mark.parametrize(
    ("said", "uri", "kind"),
    [
        ({"item": TRACK}, "spotify:track:t", "track"),
        ({"track": TRACK}, "spotify:track:t", "track"),
        ({"item": {"id": "t", "name": "Tape"}}, "spotify:track:t", "track"),
        ({"item": None}, None, "gone"),
        ({"item": {"id": None, "name": "x"}}, None, "gone"),
        ({"item": {"id": None, "uri": LOCAL, "is_local": True}, "is_local": True}, LOCAL, "local"),
        ({"item": EPISODE}, "spotify:episode:e", "episode"),
        ({"item": EPISODE | {"type": "track", "episode": True}}, "spotify:episode:e", "episode"),
    ],
)
def test_whatever_stands_in_a_slot_is_kept(said: dict[str, Any], uri: str | None, kind: str) -> None:
    who = {"added_at": "1970-01-01T00:00:01Z", "added_by": {"id": "ann"}}
    slot = read_slot(PlaylistRow.model_validate(said | who))
    assert (slot.uri, slot.kind, slot.added_at, slot.added_by) == (uri, kind, 1_000_000, "ann")
    nobody = read_slot(PlaylistRow.model_validate(said))
    assert (nobody.added_at, nobody.added_by) == (None, None)


def test_a_track_is_kept_with_what_it_is_known_by() -> None:
    assert read_slot(PlaylistRow.model_validate({"item": TRACK})) == Slot(
        "spotify:track:t", None, None, "track", "Tape", ("Ann",), "Attic", "ZZA012600001", 5, True, None
    )


def test_a_playlist_of_nobody() -> None:
    stub = PlaylistStub.model_validate({"id": "p", "name": "N", "tracks": {"total": 4}})
    assert read_head(stub, 3, is_ours=False) == ListHead("p", "N", "", "", "", None, False, False, 4, 3)


def test_what_is_kept_and_followed() -> None:
    track = read_kept_track(SavedTrack.model_validate({"added_at": "1970-01-01T00:00:01Z", "track": TRACK}))
    assert track == KeptThing("track", "spotify:track:t", "Tape", ("Ann",), "ZZA012600001", None, 1_000_000)
    album = {"id": "r", "name": "Attic", "external_ids": {"upc": "2000000000001"}}
    release = read_kept_release(SavedAlbum.model_validate({"album": album}))
    assert release == KeptThing("release", "spotify:album:r", "Attic", (), None, "2000000000001", None)
    assert read_followed(Artist(id="a", name="Ann")) == KeptThing("artist", "spotify:artist:a", "Ann")
    assert read_kept_track(None) is read_kept_track(SavedTrack()) is None
    assert read_kept_release(None) is read_kept_release(SavedAlbum()) is read_followed(None) is None


def test_a_play_with_and_without_a_context() -> None:
    said = {"track": TRACK, "played_at": "1970-01-01T00:00:01Z"}
    play = PlayHistory.model_validate(said | {"context": {"uri": "spotify:album:r"}})
    assert read_play((1, "u"), play) == Played(1, "u", "Tape", ("Ann",), "ZZA012600001", 5, "spotify:album:r")
    assert read_play((1, "u"), PlayHistory.model_validate(said)).context is None


def test_what_happened_to_rows_is_told_with_what_stood_there() -> None:
    before, after = (
        [Slot("a", title="A"), Slot("b", title="B"), Slot("c", title="C")],
        [Slot("b", title="B"), Slot(None)],
    )
    changes = [SlotChange("removed", 0, None), SlotChange("moved", 1, 0), SlotChange("swapped", 2, 1)]
    assert tell_slots("p", changes, before, after) == [
        AccountChange("playlist", "p", "removed", "0", None, "A", "a"),
        AccountChange("playlist", "p", "moved", "1", "0", "B", "b"),
        AccountChange("playlist", "p", "swapped", "2", "1", "C", "c"),
    ]
    many = [Slot(str(number)) for number in range(MOST_TOLD + 1)]
    added = [SlotChange("added", None, place) for place in range(len(many))]
    assert tell_slots("p", added, [], many) == [AccountChange("playlist", "p", "replaced", "0", "501", "")]
    assert len(tell_slots("p", added[1:], [], many)) == MOST_TOLD


def test_the_audit_gets_a_digest_and_rows_are_known_by_three_things() -> None:
    one, other = [Slot("a", 1, "ann", title="A")], [Slot("a", 1, "ann", title="B")]
    assert digest_slots(None) is None and digest_slots(one) != digest_slots(other)
    assert digest_slots(one) == digest_slots(list(one)) and len(digest_slots(one) or "") == 64
    assert key_slots(one) == key_slots(other)
    assert name_object("account", "ann").startswith("spotify_account:") and "ann" not in name_object(
        "account", "ann"
    )
