"""Rows of a playlist as one value."""

from __future__ import annotations

from backline.storage.account_rows import Slot, pack_slots, show_slot, unpack_slots

ROWS = [
    Slot("spotify:track:a", 5, "ann", "track", "Tape é\n", ("Ann", "Bo"), "Attic", "ZZA012600001", 180_000, True, False),
    Slot(None, 5, "ann", "gone"),
    Slot("spotify:local:Nobody:Attic+Tape:Untitled+4:187", None, None, "local", "Untitled 4"),
    Slot("spotify:track:a", 5, "ann", "track"),
]  # fmt: skip


def test_rows_come_back_as_they_were() -> None:
    assert unpack_slots(pack_slots(ROWS)) == ROWS
    assert unpack_slots(pack_slots([])) == []


def test_ten_thousand_rows_are_some_hundred_kilobytes() -> None:
    many = [
        Slot(f"spotify:track:{number:022}", number, "ann", "track", f"Song {number}")
        for number in range(10_000)
    ]
    assert len(pack_slots(many)) < 400_000


def test_a_row_is_shown_with_its_place() -> None:
    shown = show_slot(ROWS[0], 3)
    assert (shown["position"], shown["credits"], shown["kind"]) == (3, ["Ann", "Bo"], "track")
