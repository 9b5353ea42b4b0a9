"""Worlds drawn from a number, what happens in them between two looks, and what a database says of them in the end."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, text

from backline.sandbox.clock import tell_moment
from backline.sandbox.edits import edit_world
from backline.sandbox.growth import Counts
from backline.sandbox.growth_people import grow_world
from backline.sandbox.server import Sandbox
from backline.sandbox.stage import Stage, set_up_stage
from backline.sandbox.world import Artist, World
from backline.storage import account_tables, catalogue_tables, fact_tables
from backline.storage.database import Database

START = 1_795_600_000.0  # 2026-11-25
PROFILES = ("dev-2026", "dev-legacy", "extended")
PAGE = {"dev-2026": 10, "dev-legacy": 50, "extended": 50}  # releases
WORDS = ("Amber", "Basalt", "Cedar", "Dune", "Ember", "Fjord", "Gale", "Harbour")


@dataclass(frozen=True)
class Draw:
    """What a number stands for, before anything goes wrong."""

    number: int
    profile: str
    sizes: tuple[int, ...]  # releases of each artist
    has_account: bool

    @classmethod
    def of(cls, number: int) -> Draw:
        rng = random.Random(f"world {number}")
        sizes = tuple(_draw_size(rng) for _ in range(rng.choice((1, 1, 2, 2, 3))))
        return cls(number, PROFILES[number % 3], sizes, number % 4 == 1)

    @property
    def reach(self) -> int:
        """About as many requests as a first look at all of it takes."""
        each = 3 if self.profile == "dev-2026" else 0.4
        return 3 + round(len(self.sizes) + each * sum(self.sizes)) + 8 * self.has_account

    def make(self) -> Sandbox:
        """The sandbox with its artists; twice the same one."""
        rng = random.Random(f"artists {self.number}")
        listeners, lists = (1, rng.randint(1, 4)) if self.has_account else (1, 0)
        counts = Counts(
            artists=4, listeners=listeners, playlists=lists, releases=(1, 0, 1, 0), plays=rng.randint(3, 60)
        )
        stage = set_up_stage(grow_world(f"storm {self.number}", counts), self.number, self.profile, "frozen")
        for number, size in enumerate(self.sizes):
            artist = edit_world(stage, {"do": "add_artist", "name": f"Maker {number}"})["artist"]
            for _ in range(size):
                day = _draw_day(rng)
                more = {"kind": rng.choice(("single", "album", "single")), "tracks": rng.randint(1, 3)}
                edit_world(stage, {"do": "add_release", "artist": artist, "date": day, **more})
        return Sandbox(stage)

    def list_artists(self, stage: Stage) -> list[Artist]:
        return [one for one in stage.world.artists.values() if one.name.startswith("Maker")]


def _draw_size(rng: random.Random) -> int:
    chance = rng.random()
    return rng.randint(0, 4) if chance < 0.7 else rng.randint(5, 10) if chance < 0.93 else rng.randint(11, 13)


def _draw_day(rng: random.Random) -> str:
    day = f"{rng.randint(1995, 2026)}-{rng.randint(1, 10):02}-{rng.randint(1, 28):02}"
    return day[: rng.choice((4, 7, 10, 10, 10))]


def change_artist(rng: random.Random, stage: Stage, artist: str, *, is_full: bool) -> list[dict[str, Any]]:
    """What happens to an artist, as edits that another sandbox can repeat. Already done in this one.

    A list of more than a page is read in turn where nothing moves, so the number of its releases changes then.
    """
    world, done = stage.world, list[dict[str, Any]]()
    own = world.artists[artist]
    is_long = len(own.releases) >= PAGE[stage.profile] - 3
    edits = [rng.choice(EDITS) for _ in range(rng.randint(0, 4))]
    if is_long and not is_full:
        edits = [one for one in edits if one not in (_remove, _again)] + [_add]
    for make in edits:
        edit = make(rng, world, artist)
        if edit is not None:
            edit_world(stage, edit)
            done.append(edit)
    return done


def _pick(rng: random.Random, world: World, artist: str) -> Any:
    own = world.artists[artist].releases
    return world.releases[rng.choice(own)] if own else None


def _rename(rng: random.Random, world: World, artist: str) -> dict[str, Any] | None:
    one = _pick(rng, world, artist)
    return one and {
        "do": "rename_release",
        "release": one.id,
        "name": f"{rng.choice(WORDS)} {rng.randint(1, 99)}",
    }


def _move(rng: random.Random, world: World, artist: str) -> dict[str, Any] | None:
    one = _pick(rng, world, artist)
    return one and {"do": "move_date", "release": one.id, "date": _draw_day(rng)}


def _remove(rng: random.Random, world: World, artist: str) -> dict[str, Any] | None:
    one = _pick(rng, world, artist)
    return one and {"do": "remove_release", "release": one.id}


def _add(rng: random.Random, world: World, artist: str) -> dict[str, Any]:
    return {"do": "add_release", "artist": artist, "date": "2026-12-24", "tracks": rng.randint(1, 3)}


def _again(rng: random.Random, world: World, artist: str) -> dict[str, Any] | None:
    one = _pick(rng, world, artist)
    return one and {"do": "rerelease", "release": one.id, "date": "2026-12-26"}


def _more(rng: random.Random, world: World, artist: str) -> dict[str, Any] | None:
    one = _pick(rng, world, artist)
    return one and {"do": "add_track", "release": one.id, "name": rng.choice(WORDS)}


def _less(rng: random.Random, world: World, artist: str) -> dict[str, Any] | None:
    one = _pick(rng, world, artist)
    return {"do": "remove_track", "track": one.tracks[-1]} if one and len(one.tracks) > 1 else None


def _call(rng: random.Random, world: World, artist: str) -> dict[str, Any]:
    return {"do": "rename_artist", "artist": artist, "name": f"Maker called {rng.choice(WORDS)}"}


def _name(rng: random.Random, world: World, artist: str) -> dict[str, Any] | None:
    one = _pick(rng, world, artist)
    return (
        one
        and one.tracks
        and {"do": "rename_track", "track": rng.choice(one.tracks), "name": rng.choice(WORDS)}
    )


EDITS: tuple[Callable[..., dict[str, Any] | None], ...] = (
    _rename, _move, _remove, _add, _again, _more, _less, _call, _name
)  # fmt: skip


def change_account(rng: random.Random, stage: Stage) -> list[dict[str, Any]]:
    """What a person does, as edits that another sandbox can repeat at the same moment. Already done in this one."""
    person, world = next(iter(stage.world.people.values())), stage.world
    tracks = sorted(world.tracks)
    at = tell_moment(stage.clock.now() - 7200, 3)
    done = [{"do": "play", "track": rng.choice(tracks), "at": at, "times": rng.randint(1, 12)}]
    done += [{"do": "save", "uri": f"spotify:track:{rng.choice(tracks)}"} for _ in range(rng.randint(0, 3))]
    done += (
        [{"do": "unsave", "uri": rng.choice(sorted(person.saved))}]
        if rng.random() < 0.5 and person.saved
        else []
    )
    own = sorted(one.id for one in world.playlists.values() if one.owner == person.id)
    if own:
        add = [f"spotify:track:{rng.choice(tracks)}" for _ in range(rng.randint(1, 3))]
        done.append({"do": "edit_playlist", "playlist": rng.choice(own), "add": add, "position": 0})
        done.append({"do": "rename_playlist", "playlist": rng.choice(own), "name": rng.choice(WORDS)})
    if rng.random() < 0.4:
        done.append({"do": "add_playlist", "name": rng.choice(WORDS), "tracks": rng.randint(0, 3)})
    for edit in done:
        edit_world(stage, edit)
    return done


# Ids and numbers are of one database; moments and runs are of one history. Whether there is a moment is compared.
# Where the turn through the pages goes on depends on how long pages may be, which a look does not always find out.
LEFT_OUT = {
    "no", "id", "run_id", "created_at", "created_by", "made_at", "made_by", "seen_at", "playlist_no", "rows", "next_offset"
}  # fmt: skip
MOMENTS = {
    "expires_at", "gone_at", "detail_at", "walked_at", "full_at", "answered_at", "decided_at", "whole_at",
    "reading_since",
}  # fmt: skip
CATALOGUE = (
    fact_tables.artist, catalogue_tables.release, catalogue_tables.recording, catalogue_tables.entry,
    catalogue_tables.appearance, catalogue_tables.discography, catalogue_tables.artist_link,
    catalogue_tables.artist_sync, catalogue_tables.change, catalogue_tables.track_join,
)  # fmt: skip
NUMBERS = {"artist_no": "artist", "release_no": "release", "recording_no": "recording"}


def dump(database: Database) -> dict[str, Counter[str]]:
    """Every row of catalogue and accounts, as often as it is there, told by what platforms call the things in it."""
    with database.read() as connection:
        names = _name_things(connection)
        found = {table.name: _dump_table(connection, table, names) for table in CATALOGUE}
        found |= {table.name: _dump_table(connection, table, names) for table in account_tables.TABLES}
        found["slots"] = _dump_slots(connection)
    return found


def tell_difference(found: dict[str, Counter[str]], wanted: dict[str, Counter[str]]) -> str:
    """The first rows that are in one and not in the other, or nothing."""
    words = []
    for name, rows in wanted.items():
        more, less = found[name] - rows, rows - found[name]
        words += [f"{name}: +{row}" for row in list(more)[:3]] + [f"{name}: -{row}" for row in list(less)[:3]]
    return "\n".join(words)


def _name_things(connection: Connection) -> dict[tuple[str, int], str]:
    """Of each thing what its sources call it: two things that became one in one database are told apart by it."""
    c = catalogue_tables.entry.c
    found: dict[tuple[str, int], list[str]] = {}
    for row in connection.execute(select(c.kind, c.thing_no, c.source_id)):
        found.setdefault((row.kind, row.thing_no), []).append(row.source_id)
    return {key: "+".join(sorted(names)) for key, names in found.items()} | {("artist", 0): ""}


def _dump_table(connection: Connection, table: Any, names: dict[tuple[str, int], str]) -> Counter[str]:
    return Counter(str(_tell_row(dict(row), names)) for row in connection.execute(select(table)).mappings())


def _tell_row(row: dict[str, Any], names: dict[tuple[str, int], str]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, value in row.items():
        if name == "thing_no":
            told[name] = names.get((row["kind"], value), "nothing")
        elif name in NUMBERS:
            told[name] = names.get((NUMBERS[name], value), "nothing")
        elif name in MOMENTS or (name in ("old", "new") and row["field"] == "listed"):
            told[name] = value is not None
        elif name not in LEFT_OUT:
            told[name] = value
    return told


def _dump_slots(connection: Connection) -> Counter[str]:
    """The rows of the last state of each playlist."""
    from backline.storage.account_read import read_slots

    query = text("SELECT no, playlist_id FROM backline_playlist")
    return Counter(
        f"{row.playlist_id} {read_slots(connection, row.no)}" for row in connection.execute(query).all()
    )
