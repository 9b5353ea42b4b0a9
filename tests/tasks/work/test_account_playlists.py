"""Playlists: read once where they moved, compared by their rows, and never wrong for a snapshot that lags."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from backline.sandbox.snapshots import write_version
from backline.sandbox.world import Row
from backline.storage.account_read import list_states, read_slots
from backline.storage.database import Database
from tests.tasks.work.account_stand import AccountStand

PLAIN, ODD, LONG, SHARED = range(4)  # the first playlists of the sandbox's first person


@pytest.fixture
def stand(database: Database) -> AccountStand:
    return AccountStand(database)


def find(stand: AccountStand, number: int) -> Any:
    """A playlist of the sandbox, by its place in the person's list."""
    return stand.room.world.playlists[stand.person.playlists[number]]


def truth(playlist: Any) -> list[str]:
    return [row.uri for row in playlist.rows]


def read(stand: AccountStand, playlist: Any) -> list[str | None]:
    return [slot.uri for slot in stand.slots(playlist.id) or []]


def is_read(stand: AccountStand, playlist: Any) -> bool:
    """Whether every row is known in its place; one that is gone or barred may show nothing, or another release's."""
    found, tracks = read(stand, playlist), stand.room.world.tracks
    pairs = zip(found, truth(playlist), strict=True)
    odd = [uri for slot, uri in pairs if slot != uri]
    idents = [uri.rpartition(":")[2] for uri in odd]
    return all(ident not in tracks or tracks[ident].barred for ident in idents) and len(odd) < len(found)


def test_rows_are_kept_with_their_places_whatever_they_are(stand: AccountStand) -> None:
    stand.look("playlists")
    odd, slots = find(stand, ODD), stand.slots(find(stand, ODD).id) or []
    assert len(slots) == len(odd.rows) == 69
    kinds = [slot.kind for slot in slots]
    assert {"gone", "local", "episode", "track"} == set(kinds)
    for slot, row in zip(slots, odd.rows, strict=True):
        assert slot.uri in (row.uri, None) and slot.added_by == row.by
        assert (slot.kind == "local") is row.uri.startswith("spotify:local:")
        assert (slot.added_at is None) is (row.at is None)
    uris = [slot.uri for slot in slots if slot.uri]
    assert len(uris) > len(set(uris))  # duplicates stay
    assert next(slot for slot in slots if slot.kind == "track" and slot.isrc).title


def test_of_others_only_the_playlist_itself_is_known(stand: AccountStand) -> None:
    stand.look("playlists")
    theirs = [one for one in stand.lists().values() if not one.head.is_ours]
    assert len(theirs) == 5
    assert all(one.snapshot is None and one.head.owner_name for one in theirs)
    asked = stand.room.list_asked("/items")
    assert not [one for one in theirs if any(one.head.playlist_id in path for path in asked)]


def test_a_changed_playlist_is_read_once_and_no_other(stand: AccountStand) -> None:
    stand.look("playlists")
    long = find(stand, LONG)
    uri = find(stand, PLAIN).rows[0].uri
    stand.edit("edit_playlist", playlist=long.id, remove=[3, 100], add=[uri], position=0)
    before = stand.count()
    news = stand.look("playlists")
    assert stand.count() - before == 1 + 6
    assert [one.replace("GET /v1", "") for one in stand.room.list_asked("/v1/")[before:]] == [
        "/me/playlists", *[f"/playlists/{long.id}/items"] * 6,
    ]  # fmt: skip
    assert is_read(stand, long)
    assert [change[:3] for change in stand.told()] == [
        ("removed", "3", None),
        ("removed", "100", None),
        ("added", None, "0"),
    ]
    assert news.lines[0].changed == 1


def test_earlier_states_can_be_shown(stand: AccountStand) -> None:
    stand.look("playlists")
    plain = find(stand, PLAIN)
    first = read(stand, plain)
    for _ in range(3):
        stand.edit("edit_playlist", playlist=plain.id, remove=[0])
        stand.look("playlists")
    known = stand.lists()[plain.id]
    with stand.database.read() as connection:
        states = list_states(connection, known.no)
        rows = [read_slots(connection, known.no, state["state"]) or [] for state in states]
    assert [state["total"] for state in states] == [43, 44, 45, 46]
    assert [[slot.uri for slot in some] for some in rows] == [first[3:], first[2:], first[1:], first]


def write(stand: AccountStand, playlist: Any, rows: list[Row], late: float = 0.0) -> None:
    """A write as the Web API makes it: items almost at once, the snapshot late, a third one in between."""
    write_version(playlist, tuple(rows), stand.room.stage.clock.now(), stand.room.stage.lag, late=late)


@pytest.mark.parametrize(
    "waits", [(0, 0), (5, 0), (20, 0), (40, 0), (0, 5, 8, 20), (0.1, 0.1, 10, 10, 10, 10)]
)
def test_a_snapshot_that_lags_misses_nothing_and_tells_nothing_twice(
    stand: AccountStand, waits: tuple[float, ...]
) -> None:
    """Looks while readers are shown the old snapshot, one that nobody answered, and the one that was answered."""
    stand.look("playlists")
    plain = find(stand, PLAIN)
    write(stand, plain, list(plain.rows[1:]))
    for wait in waits:
        stand.room.advance(wait)
        stand.look_now("playlists")
    stand.room.advance(31)
    for _ in range(2):
        stand.look_now("playlists")
    assert [change[:3] for change in stand.told()] == [("removed", "0", None)]
    assert read(stand, plain) == truth(plain)
    before = stand.count()
    stand.look("playlists")
    assert stand.count() - before == 1


@pytest.mark.fewer_on_postgresql("seed", 100)
@pytest.mark.parametrize("seed", range(12))
def test_writes_and_looks_at_random_moments_come_to_the_truth(database: Database, seed: int) -> None:
    rng, stand = random.Random(seed), AccountStand(database)
    stand.look("playlists")
    plain, former = find(stand, PLAIN), len(find(stand, PLAIN).rows)
    uris = [f"spotify:track:{ident}" for ident, one in stand.room.world.tracks.items() if not one.barred]
    came = went = 0
    for _ in range(12):
        rows = list(plain.rows)
        match rng.randrange(4):
            case 0:
                rows.insert(
                    rng.randint(0, len(rows)), Row(rng.choice(uris), stand.room.stage.clock.now(), "me")
                )
                came += 1
            case 1:
                rows.pop(rng.randrange(len(rows)))
                went += 1
            case 2:
                rows.insert(rng.randrange(len(rows)), rows.pop(rng.randrange(len(rows))))
            case _:
                plain.name = rng.choice(["Mornings", "Evenings"])
        write(stand, plain, rows, late=rng.choice([0, 0, 40]))
        for _ in range(rng.randint(0, 3)):
            stand.room.advance(rng.choice([0.1, 1, 10, 20, 35]))
            stand.look_now("playlists")
    stand.room.advance(80)
    stand.look_now("playlists")
    assert read(stand, plain) == truth(plain)
    assert stand.lists()[plain.id].head.name == plain.name
    told = [field for field, *_ in stand.told("added", "removed")]
    # Between two looks a row may come and go, which nobody can see: so both may be fewer, by the same number.
    assert told.count("added") - told.count("removed") == came - went == len(plain.rows) - former
    assert told.count("added") <= came and told.count("removed") <= went
    assert not stand.told("replaced", "swapped")


def test_a_track_that_leaves_the_catalogue_is_no_change_of_the_playlist_until_it_is_read(
    stand: AccountStand,
) -> None:
    stand.look("playlists")
    plain = find(stand, PLAIN)
    uri = next(row.uri for row in plain.rows if truth(plain).count(row.uri) == 1)
    place = truth(plain).index(uri)
    stand.edit("remove_track", track=uri.rpartition(":")[2])
    stand.look("playlists")
    assert stand.told() == []
    stand.edit("edit_playlist", playlist=plain.id, remove=[len(plain.rows) - 1])
    stand.look("playlists")
    assert sorted(change[0] for change in stand.told()) == ["removed", "swapped"]
    assert ("swapped", str(place), str(place), uri) in stand.told()


def test_renamed_deleted_unfollowed_and_followed_again(stand: AccountStand) -> None:
    stand.look()
    plain, theirs = find(stand, PLAIN), find(stand, -2)
    old = plain.name
    stand.edit("rename_playlist", playlist=plain.id, name="Mornings")
    stand.look("playlists")
    assert stand.told() == [("name", old, "Mornings", None)]
    for one in (plain, theirs):
        stand.edit("remove_playlist", playlist=one.id)
    news = stand.look("playlists")
    assert news.lines[0].gone == 2
    assert [one.head.playlist_id for one in stand.lists().values() if one.gone_at] == [plain.id, theirs.id]
    assert read(stand, plain) == truth(plain)  # until it expires, it can still be shown
    stand.person.playlists.insert(0, theirs.id)
    stand.edit("add_playlist", name="New")
    stand.look("playlists")
    assert stand.told("listed") == [
        ("listed", "then", None, None), ("listed", "then", None, None),
        ("listed", None, "then", None), ("listed", None, "then", None),
    ]  # fmt: skip
    before = stand.count()
    stand.look("playlists")
    assert stand.count() - before == 1


def test_a_playlist_of_ten_thousand_rows(stand: AccountStand) -> None:
    long, many = find(stand, LONG), 10_000 if stand.database.is_sqlite else 1000
    rows = [replace(long.rows[number % 260], at=float(number)) for number in range(many)]
    write_version(long, tuple(rows), stand.room.stage.clock.now(), stand.room.stage.lag, settled=True)
    stand.look("playlists")
    assert is_read(stand, long)
    stand.edit("edit_playlist", playlist=long.id, remove=[many // 2])
    before = stand.count()
    stand.look("playlists")
    assert stand.count() - before == 1 + many // 50
    assert [change[:3] for change in stand.told()] == [("removed", str(many // 2), None)]
    stand.edit("edit_playlist", playlist=long.id, clear=True)
    stand.look("playlists")
    assert stand.told()[1:] == [("replaced", str(many - 1), "0", None)]


def test_a_playlist_that_changes_while_it_is_read_is_left_for_the_next_look(stand: AccountStand) -> None:
    long = find(stand, LONG)
    edit = {"do": "edit_playlist", "playlist": long.id, "remove": [0]}
    stand.room.fail("world", match=f"GET /v1/playlists/{long.id}/items", edits=[edit], skip=2)
    news = stand.look("playlists")
    assert [reason.rule for reason in news.reasons] == ["account.slid", "account.cost"]
    assert stand.slots(long.id) is None and stand.lists()[long.id].snapshot is None
    stand.look("playlists")
    assert is_read(stand, long)


def test_a_playlist_that_comes_while_they_are_listed_makes_no_other_gone(stand: AccountStand) -> None:
    for number in range(60):
        stand.edit("add_playlist", name=f"L{number}")
    stand.look("playlists")
    going = stand.person.playlists[3]
    edits = [{"do": "remove_playlist", "playlist": going}]
    stand.room.fail("world", match="GET /v1/me/playlists", edits=edits, skip=1)
    stand.look("playlists")
    assert stand.told("listed") == []
    stand.look("playlists")
    assert len(stand.told("listed")) == 1 and stand.lists()[going].gone_at


def test_everything_is_read_anew_where_that_is_asked_for(stand: AccountStand) -> None:
    stand.look("playlists")
    before = stand.count()
    news = stand.look("playlists", is_full=True)
    assert (stand.count() - before, news.lines[0].read, stand.told()) == (13, 5, [])


def test_a_full_look_that_was_cut_off_reads_the_rest_and_no_more(stand: AccountStand) -> None:
    stand.look("playlists")
    before = stand.count()
    stand.room.fail("quota", match="GET /v1/playlists/*/items", retry_after=79_200, skip=2)
    one, two = stand.look_until_done("playlists", is_full=True)
    assert (one.lines[0].read, two.lines[0].read) == (2, 3)
    assert stand.count() - before == 13 + 1 + 1
    before = stand.count()
    stand.look("playlists")
    assert stand.count() - before == 1
