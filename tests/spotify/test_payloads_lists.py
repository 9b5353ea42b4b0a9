"""Rows under both names, gaps, local files, and what an account is kept under."""

from __future__ import annotations

from backline.spotify.payloads_lists import Me, PlaylistRow


def test_both_names_of_a_row_lead_to_its_thing_and_a_gap_keeps_its_slot() -> None:
    new = PlaylistRow.model_validate({"item": {"id": "a", "name": "A"}})
    old = PlaylistRow.model_validate({"track": {"id": "a", "name": "A"}})
    both = PlaylistRow.model_validate({"item": {"id": "a"}, "track": {"id": "b"}})
    gap = PlaylistRow.model_validate({"item": None, "added_by": None, "added_at": None})
    assert [row.thing and row.thing.id for row in (new, old, both, gap)] == ["a", "a", "a", None]


def test_a_local_file_has_no_id_and_is_known_by_its_uri() -> None:
    uri = "spotify:local:Nobody:Attic+Tape:Untitled+4:187"
    row = PlaylistRow.model_validate({"is_local": True, "item": {"id": None, "uri": uri, "is_local": True,
        "album": {"id": None, "artists": None}, "artists": [{"id": None, "name": "Nobody"}]}})  # fmt: skip
    assert row.thing
    assert (row.thing.id, row.thing.uri, row.thing.isrc, row.thing.album and row.thing.album.artists) == (
        None, uri, None, [],
    )  # fmt: skip


def test_an_account_is_kept_by_what_never_changes() -> None:
    assert Me.model_validate({"id": "old name", "account_id": "k"}).key == "k"
    assert Me.model_validate({"id": "old name"}).key == "old name"
