"""What was seen is what is known, and every difference is a row of history."""

from __future__ import annotations

import random
import time
from dataclasses import replace

import pytest

from backline.music import Provenance
from backline.storage.catalogue_seen import SeenRelease
from backline.storage.database import Database
from tests.storage.catalogue_stage import (
    DAY,
    TABLES,
    CatalogueStage,
    read_rows,
    release,
    tell,
    track,
)

ISRCS = [f"ZZA01260{number:04d}" for number in range(400)]


@pytest.fixture
def stage(database: Database) -> CatalogueStage:
    return CatalogueStage(database)


def test_a_first_look_is_known_and_changes_nothing(stage: CatalogueStage) -> None:
    first = release("Dawn", track("One", ISRCS[0]), track("Two"), upc="0 12345-678905", credits=("Name 1",))
    assert stage.look(first, release("Dusk", track("Three"), read=False, released=None), next_offset=10) == []
    known = stage.known()
    assert (known.total, known.next_offset, known.name) == (2, 10, "Name 1")
    assert (known.walked_at, known.full_at, known.answered_at) == (stage.now, None, stage.now)
    dawn, dusk = known.releases["dawn"], known.releases["dusk"]
    assert (dawn.title, dawn.released, dawn.form, dawn.tracks, dawn.has_detail) == (
        "Dawn",
        "2026-03-01",
        "album",
        2,
        True,
    )
    assert dict(dawn.recordings) == {"one": ISRCS[0], "two": None}
    assert (dusk.released, dusk.has_detail, dict(dusk.recordings)) == (None, False, {})
    assert (dawn.position_hint, dusk.position_hint) == (0, 1)
    (row,) = stage.ask("SELECT * FROM backline_entry WHERE source_id = 'dawn'")
    assert (row.upc, row.credits, row.folded, row.artist_no) == ("012345678905", '["Name 1"]', "dawn", 1)
    assert (row.expires_at, row.seen_at, row.detail_at) == (stage.now + 30 * DAY, stage.now, stage.now)
    assert stage.known(2).releases == {}


def test_the_same_seen_again_within_a_day_writes_nothing(stage: CatalogueStage) -> None:
    seen = (release("Dawn", track("One", ISRCS[0])), release("Dusk", track("Two"), read=False))
    stage.look(*seen)

    def read_all() -> dict[str, object]:
        with stage.database.read() as connection:
            return {
                name: read_rows(connection, f"backline_{name}") for name in TABLES if name != "artist_sync"
            }

    before = read_all()
    stage.now += DAY // 2
    assert stage.look(*seen) == []
    assert read_all() == before
    assert stage.look(*seen, after=2) == []
    for table in ("entry", "discography"):
        fresh = f"seen_at = {stage.now} AND expires_at = {stage.now + 30 * DAY}"
        assert stage.count(table, fresh) == stage.count(table) > 0


def test_recordings_are_seen_again_with_a_release_that_is_listed_as_before(stage: CatalogueStage) -> None:
    stage.look(release("Dawn", track("One", ISRCS[0])))
    assert stage.look(release("Dawn", track("One"), read=False), after=20) == []
    assert stage.count("entry", f"expires_at = {stage.now + 30 * DAY}") == 3
    assert stage.known().releases["dawn"].has_detail
    # Another number of tracks: they are to be read, and until then nobody has seen the old ones.
    changes = stage.look(release("Dawn", track("One"), track("Two"), read=False), after=2)
    assert tell(changes) == [("release", "Dawn", "tracks", "1", "2")]
    assert not stage.known().releases["dawn"].has_detail
    assert stage.count("entry", f"kind = 'recording' AND seen_at = {stage.now - 2 * DAY}") == 1


def test_what_changed_is_told_and_kept(stage: CatalogueStage) -> None:
    stage.look(
        release("Dawn", track("One", ISRCS[0]), released="2026"), release("Dusk", track("Two", ISRCS[1]))
    )
    changes = stage.look(
        release(
            "Dawn (Live)",
            track("Uno", ISRCS[2], source_id="one"),
            source_id="dawn",
            released="2026-04-02",
            form="single",
        ),
        release("Dusk", read=False, tracks=1),
        name="New Name",
        after=1,
    )
    expected = [
        ("artist", "New Name", "title", "Name 1", "New Name"),
        ("recording", "Uno", "isrc", ISRCS[0], ISRCS[2]),
        ("recording", "Uno", "title", "One", "Uno"),
        ("release", "Dawn (Live)", "form", "album", "single"),
        ("release", "Dawn (Live)", "released", "2026", "2026-04-02"),
        ("release", "Dawn (Live)", "title", "Dawn", "Dawn (Live)"),
    ]
    assert tell(changes) == expected
    rows = stage.ask("SELECT * FROM backline_catalogue_change ORDER BY kind, field")
    assert sorted((row.kind, row.field, row.old, row.new) for row in rows) == [
        (a, c, d, e) for a, _, c, d, e in expected
    ]
    assert {(row.artist_no, row.provenance, row.seen_at, row.run_id) for row in rows} == {
        (1, "spotify_api", stage.now, "run-1")
    }
    assert stage.known().releases["dawn"].title == "Dawn (Live)"
    assert stage.ask("SELECT folded FROM backline_entry WHERE source_id = 'dawn'")[0][0] == "dawn (live)"


def test_what_is_not_told_stays_and_what_is_learned_is_no_change(stage: CatalogueStage) -> None:
    stage.look(release("Dawn", track("One"), released=None, upc=None))
    full = release("Dawn", track("One", ISRCS[0], explicit=True, duration_ms=5), upc="123456789012")
    assert stage.look(full) == []
    assert stage.look(release("Dawn", track("One"), released=None, form=None, upc=None)) == []
    (row,) = stage.ask("SELECT isrc, explicit, duration_ms FROM backline_entry WHERE kind = 'recording'")
    assert (row.isrc, bool(row.explicit), row.duration_ms) == (ISRCS[0], True, 5)
    (row,) = stage.ask("SELECT upc, released, form FROM backline_entry WHERE kind = 'release'")
    assert tuple(row) == ("123456789012", "2026-03-01", "album")


def test_releases_appear_leave_and_come_back(stage: CatalogueStage) -> None:
    dawn, dusk = release("Dawn", track("One")), release("Dusk", track("Two"))
    stage.look(dawn)
    assert tell(stage.look(dawn, dusk, after=1)) == [("release", "Dusk", "listed", None, "2027-01-16")]
    assert tell(stage.look(dawn, gone=("dusk", "never seen"), after=3)) == [
        ("release", "Dusk", "listed", "2027-01-16", None)
    ]
    assert list(stage.known().releases) == ["dawn"]
    assert stage.count("entry", "gone_at IS NOT NULL AND source_id = 'dusk'") == 1
    assert stage.look(dawn, gone=("dusk",)) == []
    assert tell(stage.look(dawn, dusk, after=1)) == [("release", "Dusk", "listed", None, "2027-01-20")]
    assert stage.count("entry", "gone_at IS NOT NULL") == 0


def test_nothing_appears_before_the_list_was_read_whole(stage: CatalogueStage) -> None:
    dawn, dusk, noon = (release(name, track(f"On {name}")) for name in ("Dawn", "Dusk", "Noon"))
    assert stage.look(dawn, is_whole=False, total=None) == []
    assert stage.known().total is None
    assert stage.look(dawn, replace(dusk, recordings=None), is_whole=True) == []
    assert stage.look(dusk, is_whole=False) == []  # read later, but it was there
    assert len(stage.look(dawn, dusk, noon, is_whole=False)) == 1


def test_recordings_appear_on_a_release_and_leave_it(stage: CatalogueStage) -> None:
    stage.look(release("Dawn", track("One"), track("Two")))
    changes = stage.look(release("Dawn", track("Two"), track("Three")), after=1)
    assert tell(changes) == [
        ("recording", "One", "listed", "2027-01-15", None),
        ("recording", "Three", "listed", None, "2027-01-16"),
    ]
    assert dict(stage.known().releases["dawn"].recordings) == {"two": None, "three": None}
    rows = stage.ask(
        "SELECT recording_source, position FROM backline_appearance WHERE gone_at IS NULL ORDER BY position"
    )
    assert [tuple(row) for row in rows] == [("two", 1), ("three", 2)]
    assert stage.count("entry", "gone_at IS NOT NULL AND source_id = 'one'") == 1
    changes = stage.look(release("Dawn", track("One"), tracks=1), after=1)
    assert tell(changes) == [
        ("recording", "One", "listed", None, "2027-01-17"),
        ("recording", "Three", "listed", "2027-01-16", None),
        ("recording", "Two", "listed", "2027-01-15", None),  # seen again within a day: nothing was written
        ("release", "Dawn", "tracks", "2", "1"),
    ]
    assert dict(stage.known().releases["dawn"].recordings) == {"one": None}
    empty = replace(release("Dawn"), tracks=None)
    assert [row[1] for row in tell(stage.look(empty))] == ["One"]
    assert dict(stage.known().releases["dawn"].recordings) == {}


def test_a_recording_is_its_isrc_and_a_release_its_upc(stage: CatalogueStage) -> None:
    stage.look(
        release("Single", track("One", ISRCS[0]), upc="123456789012"),
        release("Album", track("One again", ISRCS[0]), track("Two", ISRCS[1])),
    )
    stage.look(release("Copy", track("One too", ISRCS[0]), upc="0123456789012"), artist=2)
    assert (stage.count("recording"), stage.count("release")) == (2, 2)
    rows = stage.ask(
        "SELECT count(*) FROM backline_appearance AS a JOIN backline_entry AS e ON e.thing_no = a.recording_no "
        "AND e.kind = 'recording' WHERE e.source_id = 'one' GROUP BY e.no"
    )
    assert rows[0][0] == 3
    assert set(stage.known(2).releases) == {"copy"}
    assert set(stage.known().releases) == {"single", "album"}


def test_entries_go_over_to_the_thing_of_their_code(stage: CatalogueStage) -> None:
    stage.look(release("Dawn", track("One", ISRCS[0])), release("Noon", track("Two"), upc=None))
    with stage.write() as connection:
        for number, row in enumerate(
            stage.ask("SELECT thing_no FROM backline_entry WHERE source_id = 'two'")
        ):
            connection.exec_driver_sql(
                f"INSERT INTO backline_track_join VALUES ({number + 7}, {row[0]}, 'title', 'joined', '[]', 1, NULL, NULL)"
            )
    # The code of a recording becomes known: it is one that there was, and takes its joins along.
    stage.look(release("Dawn", read=False, tracks=1), release("Noon", track("Two", ISRCS[0])))
    assert stage.count("recording") == 1
    assert stage.count("track_join", "recording_no = (SELECT min(no) FROM backline_recording)") == 1
    # One of two entries gets another code: it leaves for a recording of its own.
    stage.look(release("Dawn", track("One", ISRCS[5])), release("Noon", track("Two", ISRCS[0])))
    assert stage.count("recording") == 2
    assert stage.known().releases["dawn"].recordings == {"one": ISRCS[5]}
    # Alone it takes the new code along.
    stage.look(release("Dawn", track("One", ISRCS[6])), release("Noon", track("Two", ISRCS[0])))
    assert stage.count("recording") == 2
    # And releases likewise.
    stage.look(
        release("Dawn", read=False, tracks=1, upc="123456789012"),
        release("Noon", read=False, tracks=1, upc="123456789012"),
    )
    assert stage.count("release") == 1
    assert set(stage.known().releases) == {"dawn", "noon"}
    assert stage.known().releases["noon"].recordings == {"two": ISRCS[0]}


def test_of_two_joins_of_a_track_the_decided_one_goes_over(stage: CatalogueStage) -> None:
    stage.look(release("Dawn", track("One", ISRCS[0])), release("Noon", track("Two")))
    numbers = {
        row.source_id: row.thing_no
        for row in stage.ask("SELECT * FROM backline_entry WHERE kind = 'recording'")
    }
    joins = [
        (7, "one", "proposed", "NULL"), (7, "two", "refused", "5"),
        (8, "one", "joined", "NULL"), (8, "two", "proposed", "NULL"),
        (9, "one", "refused", "5"), (9, "two", "joined", "NULL"),
    ]  # fmt: skip
    with stage.write() as connection:
        for track_no, name, state, decided_at in joins:
            connection.exec_driver_sql(
                f"INSERT INTO backline_track_join VALUES ({track_no}, {numbers[name]}, 'title', '{state}', '[]', 1, {decided_at}, NULL)"
            )
    stage.look(release("Dawn", read=False, tracks=1), release("Noon", track("Two", ISRCS[0])))
    rows = stage.ask("SELECT track_no, recording_no, state FROM backline_track_join ORDER BY track_no")
    one = numbers["one"]
    assert [tuple(row) for row in rows] == [(7, one, "refused"), (8, one, "joined"), (9, one, "refused")]


def test_a_known_recording_on_a_release_that_appeared_is_out_again(stage: CatalogueStage) -> None:
    stage.look(release("Single", track("One", ISRCS[0])), release("Old", track("Zero", ISRCS[9])))
    deluxe = release("Deluxe", track("One (Deluxe)", ISRCS[0]), track("New", ISRCS[1]), released="2026-12-01")
    listed = replace(deluxe, recordings=None)
    rest = (release("Single", read=False, tracks=1), release("Old", read=False, tracks=1))
    # Which of two new releases is read first, and in which look, does not matter.
    twin = release("Twin", track("New (Twin)", ISRCS[1]))
    assert len(stage.look(*rest, listed, replace(twin, recordings=None), after=1)) == 2
    assert tell(stage.look(*rest, twin, after=1)) == []
    assert tell(stage.look(*rest, deluxe, after=1)) == [
        ("recording", "One (Deluxe)", "again", "Single", "Deluxe")
    ]
    assert stage.look(*rest, deluxe, twin, after=1) == []
    # At once, where it is read as it appears.
    changes = stage.look(*rest, deluxe, twin, release("Best of", track("Zero!", ISRCS[9])), after=1)
    assert [row[2:] for row in tell(changes)] == [("again", "Old", "Best of"), ("listed", None, "2027-01-20")]


def test_a_release_of_two_artists_stays_while_one_lists_it(stage: CatalogueStage) -> None:
    both = release("Both", track("One"))
    stage.look(both)
    stage.look(both, artist=2)
    stage.look(gone=("both",))
    assert stage.known().releases == {} and set(stage.known(2).releases) == {"both"}
    assert stage.count("entry", "gone_at IS NOT NULL") == 0
    stage.look(gone=("both",), artist=2)
    assert stage.count("entry", "gone_at IS NOT NULL") == 1


def test_a_list_that_moved_while_it_was_read_tells_one_twice(stage: CatalogueStage) -> None:
    dawn = release("Dawn", track("One"))
    stage.look(dawn, replace(dawn, recordings=None), gone=("dawn",))
    assert stage.known().releases["dawn"].has_detail


def test_the_name_follows_where_the_platform_alone_gave_it(stage: CatalogueStage) -> None:
    with stage.write() as connection:
        connection.exec_driver_sql("UPDATE backline_artist SET provenance = 'spotify_api' WHERE no = 2")
    stage.look(name="Changed", artist=1)
    stage.look(name="Changed Too", artist=2)
    names = [row[0] for row in stage.ask("SELECT name FROM backline_artist ORDER BY no")]
    assert names == ["Artist 1", "Changed Too"]
    stage.look(name=None)
    assert stage.known().name == "Changed"


def test_what_is_the_team_s_own_does_not_expire(stage: CatalogueStage) -> None:
    stage.look(release("Dawn", track("One")), provenance=Provenance.OWN, keep_until=None)
    assert stage.count("entry", "expires_at IS NULL") == 3
    stage.look(release("Dawn", track("One")), provenance=Provenance.OWN, keep_until=None, after=400)
    assert stage.count("entry", f"seen_at = {stage.now}") == 3


def test_a_large_artist_is_written_well_under_a_second(stage: CatalogueStage) -> None:
    def make(number: int) -> SeenRelease:
        tracks = [track(f"T{number}-{place}", f"ZZA01{number:04d}{place:03d}") for place in range(12)]
        return release(f"R{number}", *tracks, upc=f"2{number:011d}")

    releases = [make(number) for number in range(250)]
    spent = []
    for days in (0, 0, 2):
        started = time.process_time()
        stage.look(*releases, after=days)
        spent.append(time.process_time() - started)
    assert stage.count("recording") == 3000
    assert max(spent) < 1, spent


def change_at_random(chance: random.Random, world: dict[str, SeenRelease], counter: list[int]) -> None:
    """One thing that happens to an artist's releases in the life of a label."""
    counter[0] += 1
    number = counter[0]
    kind = chance.choice(["new", "new", "gone", "rename", "date", "form", "tracks", "isrc", "title", "again"])
    if kind in ("new", "again") or not world:
        isrcs = [one.isrc for some in world.values() for one in some.recordings or () if one.isrc]
        tracks = []
        for place in range(chance.randint(1, 4)):
            isrc = chance.choice(isrcs) if isrcs and kind == "again" else ISRCS[number * 4 + place]
            tracks.append(track(f"T{number}-{place}", isrc))
        world[f"r{number}"] = release(f"R{number}", *tracks)
        return
    key = chance.choice(sorted(world))
    one = world[key]
    if kind == "gone":
        del world[key]
        return
    recordings = list(one.recordings or ())
    if kind == "rename":
        one = replace(one, title=f"{one.title}!")
    elif kind == "date":
        one = replace(one, released=chance.choice(["2025", "2025-05", "2025-05-06", "2026-01-01"]))
    elif kind == "form":
        one = replace(one, form=chance.choice(["album", "single", "compilation"]))
    elif kind == "tracks":
        recordings = recordings[1:] or [track(f"T{number}")]
    else:
        place = chance.randrange(len(recordings))
        what = {"isrc": ISRCS[number * 4]} if kind == "isrc" else {"title": f"{recordings[place].title}?"}
        recordings[place] = replace(recordings[place], **what)
    placed = tuple(replace(each, position=place) for place, each in enumerate(recordings, 1))
    world[key] = replace(one, recordings=placed, tracks=len(placed))


State = dict[tuple[str, str], dict[str, str | None]]  # (kind, id) → what is told of it
TOLD = ("title", "released", "form", "tracks", "isrc")


def read_state(stage: CatalogueStage) -> State:
    """What is told of everything that is listed, out of the rows."""
    rows = stage.ask(
        "SELECT kind, source_id, title, released, form, tracks, isrc FROM backline_entry WHERE kind <> 'artist' AND gone_at IS NULL"
    )
    return {
        (row.kind, row.source_id): {
            name: None if getattr(row, name) is None else str(getattr(row, name)) for name in TOLD
        }
        for row in rows
    }


@pytest.mark.parametrize("seed", range(12))
def test_what_is_known_is_what_was_seen_last_and_history_leads_there(database: Database, seed: int) -> None:
    chance, counter, stage = random.Random(seed), [0], CatalogueStage(database)
    world: dict[str, SeenRelease] = {}
    for _ in range(6):
        change_at_random(chance, world, counter)
    stage.look(*world.values())
    states = [read_state(stage)]
    read: set[str] = set()
    for _ in range(12):
        before = dict(world)
        for _ in range(chance.randint(0, 3)):
            change_at_random(chance, world, counter)
        # What did not change need not be read again, and what is only listed is told by its stub.
        listed = [
            replace(one, recordings=None) if one == before.get(key) and chance.random() < 0.7 else one
            for key, one in world.items()
        ]
        stage.look(*listed, gone=tuple(sorted(before.keys() - world.keys())), after=chance.choice([0, 1, 3]))
        known = stage.known()
        assert set(known.releases) == set(world)
        for key, one in world.items():
            told = known.releases[key]
            assert (told.title, told.released, told.form, told.tracks) == (
                one.title,
                one.released,
                one.form,
                one.tracks,
            )
            assert told.has_detail
            assert dict(told.recordings) == {each.source_id: each.isrc for each in one.recordings or ()}
        states.append(read_state(stage))
        read |= set(world)
    assert replay(stage, states) == []
    orphans = "SELECT count(*) FROM backline_{0} AS x WHERE NOT EXISTS (SELECT 1 FROM backline_entry WHERE kind = '{0}' AND thing_no = x.no)"
    assert [stage.ask(orphans.format(kind))[0][0] for kind in ("release", "recording")] == [0, 0]


def replay(stage: CatalogueStage, states: list[State]) -> list[object]:
    """Where the first state and the rows of history do not lead to the last one."""
    first, last = states[0], states[-1]
    told = {key: dict(values) for key, values in first.items()}
    listed = set(first)
    appeared: set[tuple[str, str]] = set()
    for row in stage.ask("SELECT * FROM backline_catalogue_change ORDER BY no"):
        key = (row.kind, row.source_id)
        if row.field == "listed":
            (listed.add if row.new else listed.discard)(key)
        elif row.field in TOLD and key in told:
            if told[key][row.field] != row.old:
                return [key, row.field, told[key], row.old]
            told[key][row.field] = row.new
        appeared.add(key)
    releases = {key for key in listed if key[0] == "release"}
    wrong: list[object] = list(releases ^ {key for key in last if key[0] == "release"})
    wrong += [(key, told[key], last[key]) for key in last.keys() & told.keys() if told[key] != last[key]]
    return wrong
