"""`backline playlists`: lists, rows with their places, earlier states, and what changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backline.storage.account_rows import AccountChange, Slot
from backline.storage.account_write import Look, write_changes, write_lists, write_slots
from tests.cli.conftest import Call
from tests.cli.consent import keep_account
from tests.storage.account_books import HEAD, LOOK, OTHER

SLOTS = [
    Slot("spotify:track:a", 5_000_000, "ada", "track", "Tape", ("Ann", "Bo")),
    Slot(None, 5_000_000, "ada", "gone"),
    Slot("spotify:local:Nobody:Attic:Untitled:187", None, None, "local", "Untitled"),
]


@pytest.fixture
def filled(call: Call) -> Call:
    with keep_account("Ada") as house:
        look = Look("id-of-Ada", LOOK.now, LOOK.keep_until, LOOK.run_id)
        gone = replace(OTHER, playlist_id="p3", name="Noons", place=2)
        with house.database.write() as connection:
            write_lists(connection, look, [HEAD, OTHER, gone], [], [], ["p3"])
            write_slots(connection, look, "p1", "s1", SLOTS)
            write_slots(connection, look, "p1", "s2", SLOTS[:1])
            changes = [
                AccountChange("playlist", "p1", "removed", "1", None, "", None),
                AccountChange("track", "u", "listed", None, "5000000", "Kept", "u"),
            ]
            write_changes(connection, look, changes)
    return call


def test_playlists_in_their_order_those_that_are_gone_last(filled: Call) -> None:
    rows = filled("playlists", "list", "Ada", "--json").lines
    assert [(row["name"], row["rows"], row["ours"], row["read"]) for row in rows] == [
        ("Mornings", 2, True, True), ("Evenings", None, False, False), ("Noons", None, False, False),
    ]  # fmt: skip
    assert rows[0]["gone_at"] is None and rows[2]["gone_at"]
    assert "Mornings" in filled("playlists", "list", "id-of-Ada").out


def test_rows_as_they_are_and_as_they_were(filled: Call) -> None:
    assert [row["uri"] for row in filled("playlists", "show", "Ada", "Mornings", "--json").lines] == [
        SLOTS[0].uri
    ]
    states = filled("playlists", "states", "Ada", "p1", "--json").lines
    assert [row["rows"] for row in states] == [1, 3]
    earlier = filled("playlists", "show", "Ada", "p1", "--state", str(states[1]["state"]), "--json").lines
    assert [(row["position"], row["kind"], row["added_at"]) for row in earlier] == [
        (0, "track", "1970-01-01T00:00:05Z"), (1, "gone", "1970-01-01T00:00:05Z"), (2, "local", None),
    ]  # fmt: skip
    assert earlier[0]["credits"] == ["Ann", "Bo"]
    assert "never read" in filled("playlists", "show", "Ada", "Evenings").out


def test_history_of_a_playlist_and_of_all(filled: Call) -> None:
    (one,) = filled("playlists", "history", "Ada", "Mornings", "--json").lines
    assert (one["field"], one["before"], one["after"]) == ("removed", "1", None)
    rows = filled("playlists", "history", "Ada", "--json").lines
    assert [(row["thing"], row["after"]) for row in rows] == [
        ("track", "1970-01-01T00:00:05Z"), ("playlist", None),
    ]  # fmt: skip
    assert "Nothing has changed" in filled("playlists", "history", "Ada", "Evenings").out


def test_whom_and_what_nobody_knows(filled: Call) -> None:
    assert "No Spotify account 'Bo'" in filled("playlists", "list", "Bo").err
    assert "No playlist 'Nights'" in filled("playlists", "show", "Ada", "Nights").err
