"""What looks at an account write, and how little where nothing has changed."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import event, select

from backline.storage import account_tables as t
from backline.storage.account_read import (
    list_changes,
    list_gaps,
    list_plays,
    list_states,
    read_kept,
    read_lists,
    read_part,
    read_slots,
)
from backline.storage.account_rows import AccountChange, KeptThing, PartSync, Played, Slot
from backline.storage.account_write import (
    DAY,
    is_connected,
    prolong_slots,
    write_begun,
    write_changes,
    write_kept,
    write_lists,
    write_part,
    write_plays,
    write_slots,
)
from backline.storage.database import Database
from tests.storage.account_books import HEAD, LOOK, OTHER, connect, later

SLOTS = [Slot("spotify:track:a", 1, "ann"), Slot(None, 1, "ann", "gone")]


def test_an_account_is_connected_or_not(database: Database) -> None:
    connect(database)
    with database.write() as connection:
        assert is_connected(connection, "ann") and not is_connected(connection, "bo")


def test_playlists_come_change_and_go(database: Database) -> None:
    with database.write() as connection:
        write_lists(connection, LOOK, [HEAD, OTHER], [], [], [])
        write_lists(connection, later(0.5), [], [replace(HEAD, name="Noons")], ["p2"], [])
        write_lists(connection, later(2), [], [], ["p1"], ["p2"])
        lists = read_lists(connection, "ann")
    assert [(one.head.name, one.gone_at) for one in lists.values()] == [
        ("Noons", None),
        ("Evenings", 12 * DAY),
    ]
    with database.write() as connection:
        write_lists(connection, later(3), [], [OTHER], ["p1"], [])
        assert [one.gone_at for one in read_lists(connection, "ann").values()] == [None, None]
        assert read_lists(connection, "bo") == {}


def test_a_snapshot_is_that_of_the_latest_state_and_former_states_stay(database: Database) -> None:
    with database.write() as connection:
        write_lists(connection, LOOK, [HEAD], [], [], [])
        assert read_lists(connection, "ann")["p1"].snapshot is None
        write_begun(connection, LOOK, "p1", "s1", 7)
        begun = read_lists(connection, "ann")["p1"]
        assert (begun.reading_snapshot, begun.reading_since) == ("s1", 7)
        write_slots(connection, LOOK, "p1", "s1", SLOTS)
        write_slots(connection, later(1), "p1", "s2", SLOTS[:1])
        write_slots(connection, later(2), "p1", "s3", None)
        known = read_lists(connection, "ann")["p1"]
        assert (known.snapshot, known.reading_snapshot, known.reading_since) == ("s3", None, None)
        states = list_states(connection, known.no)
        assert [(one["total"], one["snapshot"]) for one in states] == [(1, "s3"), (2, "s1")]
        assert read_slots(connection, known.no) == SLOTS[:1]
        assert read_slots(connection, known.no, states[1]["state"]) == SLOTS
        assert read_slots(connection, known.no, 99) is None


def test_what_is_seen_again_stays_longer_but_is_written_once_a_day(database: Database) -> None:
    with database.write() as connection:
        write_lists(connection, LOOK, [HEAD], [], [], [])
        write_slots(connection, LOOK, "p1", "s1", SLOTS)
        write_slots(connection, LOOK, "p1", "s2", SLOTS[:1])
        write_kept(connection, LOOK, "track", [KeptThing("track", "u", "U")], [])
    for days, until in ((0.5, 40), (2, 42)):
        look = later(days)
        with database.write() as connection:
            write_lists(connection, look, [], [], ["p1"], [])
            prolong_slots(connection, look, ["p1"])
            write_kept(connection, look, "track", [], [])
        with database.read() as connection:
            state = t.playlist_state.c
            ends = [
                *connection.execute(select(t.playlist.c.expires_at)).scalars(),
                *connection.execute(select(t.kept.c.expires_at)).scalars(),
                *connection.execute(select(state.expires_at).order_by(state.no)).scalars(),
            ]
        assert ends == [until * DAY, until * DAY, 40 * DAY, until * DAY]  # a former state is not seen again


def test_what_is_kept_comes_goes_and_moves(database: Database) -> None:
    things = [KeptThing("track", f"u{number}", "T", ("Ann",), added_at=number) for number in range(3)]
    with database.write() as connection:
        write_kept(connection, LOOK, "track", things, [])
        write_kept(connection, LOOK, "artist", [KeptThing("artist", "u0", "A")], [])
        write_kept(connection, LOOK, "track", [replace(things[0], added_at=9)], ["u1"])
        assert read_kept(connection, "ann", "track") == {"u0": 9, "u2": 2}
        assert read_kept(connection, "ann", "artist") == {"u0": None}


def test_plays_gaps_parts_and_history(database: Database) -> None:
    with database.write() as connection:
        write_plays(connection, LOOK, [Played(5, "u", "T", ("Ann",), context="c"), Played(5, "v", "V")], None)
        write_plays(connection, LOOK, [], (5, 9))
        write_part(connection, LOOK, "plays", PartSync(1, newest=5))
        write_part(connection, LOOK, "plays", PartSync(2, 2, 3, 9, 4))
        write_changes(connection, LOOK, [AccountChange("playlist", "p1", "name", "a", "b", "b")])
        write_changes(connection, LOOK, [])
        assert [(row["uri"], row["credits"]) for row in list_plays(connection, "ann")] == [
            ("u", ["Ann"]),
            ("v", []),
        ]
        assert [(row["after"], row["before"]) for row in list_gaps(connection, "ann")] == [(5, 9)]
        assert read_part(connection, "ann", "plays") == PartSync(2, 2, 3, 9, 4)
        assert read_part(connection, "ann", "track") == PartSync()
        (row,) = list_changes(connection, "ann", "playlist", "p1")
        assert (row["field"], row["old"], row["new"], row["run_id"]) == ("name", "a", "b", "run-1")
        assert list_changes(connection, "ann", "track") == []


def test_hundreds_of_playlists_that_did_not_change_take_few_statements(database: Database) -> None:
    heads = [replace(HEAD, playlist_id=f"p{number}", place=number) for number in range(400)]
    with database.write() as connection:
        write_lists(connection, LOOK, heads, [], [], [])
    asked: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    with database.write() as connection:
        write_lists(connection, later(2), [], [], [head.playlist_id for head in heads], [])
        prolong_slots(connection, later(2), [head.playlist_id for head in heads])
    assert len([words for words in asked if words.startswith("UPDATE")]) == 2
