"""Grow who listens: people with libraries, follows and plays, playlists with every odd row, and the apps of developers."""

from __future__ import annotations

from backline.sandbox.growth import Counts, grow_catalogue
from backline.sandbox.ids import Minter
from backline.sandbox.names import name_person, name_title
from backline.sandbox.snapshots import make_snapshot
from backline.sandbox.world import Account, App, Person, Play, Playlist, Row, Version, World

BORN = 1_793_000_000.0  # 2026-10-26: nothing in a grown world is younger
HOUR = 3600.0
LOOPBACK = ["http://127.0.0.1/callback", "http://[::1]/callback", "http://127.0.0.1:8899/callback"]
HTTPS = "https://team.example/callback"
HEX = "0123456789abcdef"


def grow_world(seed: int | str = 1, counts: Counts | None = None) -> World:
    """The whole world of a seed: the same seed and counts give the same one, to the byte."""
    counts = counts or Counts()
    minter = Minter(seed)
    world = grow_catalogue(minter, counts)
    _grow_people(world, counts)
    _grow_apps(world)
    for number in range(counts.playlists):
        _grow_playlist(world, number)
    for person in world.people.values():
        person.playlists.append(None)  # the list of a person's playlists has holes
    return world


def _grow_people(world: World, counts: Counts) -> None:
    rng, tracks, artists = world.minter.random, list(world.tracks), list(world.artists)
    for number in range(max(counts.listeners, 1)):
        country = ("DE", "FR", "GB", "JP")[number % 4]
        word = world.minter.take_word
        person = Person(
            "31" + word(26, "abcdefghijklmnopqrstuvwxyz234567"), word(10), name_person(rng, number), country
        )
        world.people[person.id] = person
        for back in range(min(60 + number, len(tracks))):
            person.saved.setdefault(
                f"spotify:track:{tracks[int(rng.random() * len(tracks))]}", BORN - back * HOUR
            )
        for back, release_id in enumerate(list(world.releases)[number : number + 12]):
            person.saved[f"spotify:album:{release_id}"] = BORN - back * HOUR
        for talk in world.talks.values():
            if talk.kind != "chapter" and rng.random() < 0.5:
                person.saved[f"spotify:{talk.kind}:{talk.id}"] = BORN - len(person.saved) * HOUR
        for back in range(min(55, len(artists))):
            person.follows[f"spotify:artist:{artists[(number + back) % len(artists)]}"] = BORN - back * HOUR
        person.plays = _grow_plays(world, tracks, counts.plays)


def _grow_plays(world: World, tracks: list[str], many: int) -> list[Play]:
    """Oldest first, some minutes apart, some of them out of nowhere."""
    rng, at, plays = world.minter.random, BORN - many * 300.0, []
    for _ in range(many if tracks else 0):
        at += 45.0 + int(rng.random() * 250_000) / 1000
        track = world.tracks[tracks[int(rng.random() * len(tracks))]]
        context = f"spotify:album:{track.release}" if rng.random() < 0.7 else None
        plays.append(Play(at, track.id, context))
    return plays


def _grow_apps(world: World) -> None:
    """Two apps of one developer, who share one quota, and one of another. Five people are on each list."""
    people, word = list(world.people), world.minter.take_word
    for account, owner in (
        ("developer-1", people[0]),
        ("developer-1", people[0]),
        ("developer-2", people[-1]),
    ):
        world.accounts.setdefault(account, Account(account))
        app = App(word(32, HEX), word(32, HEX), account, owner, [*LOOPBACK, HTTPS], people[:5])
        world.apps[app.client_id] = app


def _grow_playlist(world: World, number: int) -> None:
    """The first is plain, the second odd, the third long, the fourth collaborative, the fifth the editors', the sixth empty."""
    rng, people = world.minter.random, list(world.people.values())
    owner = people[0] if number < 4 else people[number % len(people)]
    size = {2: 260, 5: 0}.get(number, 20 + int(rng.random() * 60))
    rows = _grow_rows(world, owner, size)
    if number == 1:
        rows = _make_odd(world, owner, rows)
    playlist = Playlist(
        world.minter.take_id(), owner.id, name_title(rng), "" if number % 2 else f"List {number}", number not in {2, 3},
        number == 3, [Version(BORN, make_snapshot(f"{number} {owner.id}", 1), tuple(rows))], editorial=number == 4,
    )  # fmt: skip
    world.playlists[playlist.id] = playlist
    for person in people if number in {3, 4} else (owner,):
        person.playlists.append(playlist.id)
    if people[0] is not owner and number % 3 and number != 3:
        people[0].playlists.append(playlist.id)


def _grow_rows(world: World, owner: Person, size: int) -> list[Row]:
    rng, tracks = world.minter.random, list(world.tracks)
    if not tracks:
        return []
    picks = [tracks[int(rng.random() * len(tracks))] for _ in range(size)]
    return [Row(f"spotify:track:{one}", BORN - (size - at) * 60, owner.id) for at, one in enumerate(picks)]


def _make_odd(world: World, owner: Person, rows: list[Row]) -> list[Row]:
    """Every row that trips a reader: a duplicate, a gap, a local file, an episode, one of nobody, one barred, one relinked."""
    episode = next(talk.id for talk in world.talks.values() if talk.kind == "episode")
    odd = [
        Row(f"spotify:track:{world.minter.take_id()}", BORN, owner.id),  # gone: its item is null
        Row("spotify:local:Nobody:Attic+Tape:Untitled+4:187", BORN, owner.id),
        Row(f"spotify:episode:{episode}", BORN, owner.id),
    ]
    odd += [Row(rows[0].uri, BORN, owner.id), Row(rows[0].uri, None, None)] if rows else []
    barred = [track for track in world.tracks.values() if track.barred]
    alone = [track for track in barred if len(world.recordings.get(track.isrc or "", [])) < 2]
    shared = [track for track in barred if track not in alone]
    odd += [Row(f"spotify:track:{some[0].id}", BORN, owner.id) for some in (alone, shared) if some]
    for place, row in enumerate(odd):
        rows.insert(min(len(rows), 3 * place), row)
    return rows
