"""Playlists: every odd row, and writes that do what they say."""

from __future__ import annotations

import pytest

from backline.errors import BadInput
from backline.sandbox.world import Playlist
from backline.spotify.payloads import list_things
from tests.spotify.stand_ins import Room


def find_own(room: Room, number: int) -> Playlist:
    return [one for one in room.world.playlists.values() if one.owner == room.person.id][number]


def test_lists_come_with_their_snapshots_and_a_hole_is_no_list() -> None:
    room = Room()
    pages = list(room.speak(room.sign_in()).playlists.walk_mine())
    assert any(one is None for page in pages for one in page.items)
    found = {one.id: one for page in pages for one in list_things(page.items)}
    own = find_own(room, 0)
    assert found[own.id].snapshot_id == own.versions[-1].snapshot
    assert found[own.id].total == len(own.rows)


@pytest.mark.parametrize("keys", ["item", "track", "both"])
def test_gaps_local_files_episodes_and_duplicates_keep_their_slots(keys: str) -> None:
    room = Room("dev-legacy")
    room.stage.switches.row_keys = keys
    odd = find_own(room, 1)
    playlists = room.speak(room.sign_in()).playlists
    rows = [one for page in playlists.walk_rows(odd.id) for one in list_things(page.items)]
    assert len(rows) == len(odd.rows)
    for found, true in zip(rows, odd.rows, strict=True):
        assert found.thing is None or found.thing.uri == true.uri
        assert found.is_local == true.uri.startswith("spotify:local:")
        assert (found.added_at is None) == (true.at is None)
    assert [row.uri for row, found in zip(odd.rows, rows, strict=True) if found.thing is None] == [
        row.uri
        for row in odd.rows
        if row.uri.startswith("spotify:track:") and row.uri[14:] not in room.world.tracks
    ]
    assert sum(row.thing.is_episode for row in rows if row.thing) == 1
    assert any(row.thing and row.thing.id is None for row in rows)


def test_a_long_list_is_resumed_at_any_slot() -> None:
    room = Room()
    long = find_own(room, 2)
    playlists = room.speak(room.sign_in()).playlists
    rest = [one for page in playlists.walk_rows(long.id, offset=150) for one in list_things(page.items)]
    assert [row.thing.uri for row in rest if row.thing] == [row.uri for row in long.rows[150:]]
    assert len(room.list_asked("/items")) == 3  # 110 rows by fifty


def test_writes_do_what_they_say() -> None:
    room = Room()
    playlists = room.speak(room.sign_in()).playlists
    uris = [f"spotify:track:{one}" for one in list(room.world.tracks)[:5]]
    made = playlists.make("New", "Words")
    true = room.world.playlists[made.id]

    def list_rows() -> list[int]:
        return [uris.index(row.uri) for row in true.rows]

    assert (true.name, true.description, true.public) == ("New", "Words", False)
    assert playlists.add_rows(made.id, uris[:3]) == true.versions[-1].snapshot
    playlists.add_rows(made.id, uris[3:4], position=0)
    assert list_rows() == [3, 0, 1, 2]
    playlists.move_rows(made.id, 0, 4)
    assert list_rows() == [0, 1, 2, 3]
    playlists.drop_rows(made.id, uris[1:2])
    assert list_rows() == [0, 2, 3]
    playlists.replace_rows(made.id, uris[4:])
    assert list_rows() == [4]
    playlists.replace_rows(made.id, [])
    assert list_rows() == []
    playlists.change(made.id, name="Other", public=True)
    assert (true.name, true.description, true.public) == ("Other", "Words", True)
    playlists.set_cover(made.id, b"\xff\xd8picture")
    assert true.cover[-1][1] == b"\xff\xd8picture"


def test_what_is_too_much_at_once_is_not_sent() -> None:
    room = Room()
    playlists = room.speak(room.sign_in()).playlists
    for write in (playlists.add_rows, playlists.replace_rows, playlists.drop_rows):
        with pytest.raises(BadInput, match="takes 100 rows at once, not 101"):
            write("a", ["spotify:track:a"] * 101)
    with pytest.raises(BadInput, match="192 KB"):
        playlists.set_cover("a", b"\xff\xd8" + b"x" * 200_000)
    assert room.list_asked("/v1/playlists") == []
