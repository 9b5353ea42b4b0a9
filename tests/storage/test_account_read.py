"""Playlists are found as people name them, and what is kept is shown latest first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backline.errors import BadInput, UnknownName
from backline.storage.account_read import find_list, list_kept, list_parts, name_kept, read_plays
from backline.storage.account_rows import KeptThing, PartSync, Played
from backline.storage.account_write import write_kept, write_lists, write_part, write_plays
from backline.storage.database import Database
from tests.storage.account_books import HEAD, LOOK, OTHER


def test_a_playlist_is_found_by_id_uri_address_or_name(database: Database) -> None:
    twin = replace(HEAD, playlist_id="p3", name="Evenings", place=2)
    with database.write() as connection:
        write_lists(connection, LOOK, [HEAD, OTHER, twin], [], [], [])
        for name in ("p1", "spotify:playlist:p1", "https://open.spotify.com/playlist/p1?si=x", "Mornings"):
            assert find_list(connection, "ann", name).head == HEAD
        with pytest.raises(BadInput, match="p2, p3"):
            find_list(connection, "ann", "Evenings")
        for account_id, name in (("ann", "Nights"), ("bo", "p1")):
            with pytest.raises(UnknownName):
                find_list(connection, account_id, name)
        write_lists(connection, LOOK, [], [], [], ["p2"])
        assert find_list(connection, "ann", "Evenings").head.playlist_id == "p3"


def test_lists_of_what_is_known(database: Database) -> None:
    things = [KeptThing("track", f"u{number}", "T", ("Ann",), added_at=number) for number in range(3)]
    with database.write() as connection:
        write_kept(connection, LOOK, "track", things, [])
        write_plays(connection, LOOK, [Played(moment, "u", "T") for moment in (5, 6, 7)], None)
        write_part(connection, LOOK, "track", PartSync(4))
        assert [row["uri"] for row in list_kept(connection, "ann", "track", 2)] == ["u2", "u1"]
        assert name_kept(connection, "ann", "track", ["u1", "u9"]) == {"u1": "T"}
        assert read_plays(connection, "ann", 6) == {(6, "u"), (7, "u")}
        assert list_parts(connection, "ann") == {"track": PartSync(4)} and list_parts(connection, "bo") == {}
