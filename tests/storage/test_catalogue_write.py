"""What was seen is what is known, and every difference is a row of history."""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event

from backline.storage.catalogue_seen import SeenRelease
from backline.storage.database import Database
from tests.storage.catalogue_stage import (
    DAY,
    ISRCS,
    CatalogueStage,
    release,
    tell,
    track,
)


@pytest.fixture
def stage(database: Database) -> CatalogueStage:
    return CatalogueStage(database)


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


def test_what_has_changed_on_a_release_is_told_also_where_a_later_look_reads_it(
    stage: CatalogueStage,
) -> None:
    stage.look(release("Dawn", track("One")))
    stage.look(release("Dawn", track("One"), track("Two"), read=False))
    changes = stage.look(release("Dawn", track("One"), track("Two")), after=1)
    assert [(one.kind, one.title, one.field, one.old) for one in changes] == [
        ("recording", "Two", "listed", None)
    ]
    # What was never read has only not been read yet.
    stage.look(release("Dusk", track("Three"), read=False))
    assert not any(one.kind == "recording" for one in stage.look(release("Dusk", track("Three"))))


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


def test_the_cost_of_a_look_does_not_grow_with_the_catalogue(make_database_url: Callable[[str], str]) -> None:
    database = Database(
        make_database_url("sqlite")
    )  # its planner keeps no statistics and goes by the statement
    stage, sent = CatalogueStage(database), list[tuple[str, Any]]()
    first = release("Dawn", track("One", ISRCS[0]), upc="123456789012")
    stage.look(first, release("Dusk", track("Two")))

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        sent.append((statement, values))

    event.listen(database.engine, "before_cursor_execute", note)
    stage.look(
        first, release("Dusk", track("Two"), read=False), release("Noon", track("One", ISRCS[0])), after=2
    )
    stage.look(release("Dawn!", track("Three"), source_id="dawn"), gone=("dusk",), after=40)
    stage.known()
    event.remove(database.engine, "before_cursor_execute", note)
    with database.read() as connection:
        steps = [
            f"{row[3]} in {statement}"
            for statement, values in sent
            if "backline_" in statement and not statement.lstrip().startswith("INSERT")
            for row in connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {statement}", values[0] if isinstance(values, list) else values
            )
        ]
    database.close()
    large = re.compile(r"(SCAN|SEARCH) (e|a|r|x|backline_(entry|appearance|recording|release))\b")
    bad = [
        step
        for step in steps
        if large.match(step) and re.search(r"^SCAN|\(kind=\?( AND provenance=\?)?\)", step)
    ]
    assert bad == [], bad
    assert len(steps) > 30


def test_two_looks_at_once_make_one_recording_of_one_code(database: Database) -> None:
    stage, errors = CatalogueStage(database), list[Exception]()

    def look(artist: int) -> None:
        try:
            for number in range(10):
                stage.look(
                    release(f"R{number}", track(f"T{artist}-{number}", ISRCS[number]), upc=f"2{number:011d}"),
                    artist=artist, is_whole=False,
                )  # fmt: skip
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=look, args=(artist,)) for artist in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert (stage.count("recording"), stage.count("release"), stage.count("entry", "kind = 'release'")) == (
        10,
        10,
        10,
    )
    assert (
        set(stage.known(1).releases) == set(stage.known(2).releases) == {f"r{number}" for number in range(10)}
    )
