"""What the outside world does between two requests: releases come, go and move, people play and save, lists change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from backline.sandbox.clock import read_moment, tell_moment
from backline.sandbox.growth import grow_release
from backline.sandbox.names import name_artist
from backline.sandbox.redirects import may_register
from backline.sandbox.snapshots import make_snapshot, write_version
from backline.sandbox.stage import Stage
from backline.sandbox.world import App, Artist, Person, Play, Playlist, Release, Row, Track, Version

Touched = dict[str, Any]
Edit = Callable[..., Touched]


def edit_world(stage: Stage, wanted: dict[str, Any]) -> Touched:
    """Do one edit `{"do": name, …}`; the ids that it touched. Raises `ValueError` for what cannot be done."""
    arguments = dict(wanted)
    name = str(arguments.pop("do", None))
    edit = EDITS.get(name)
    if edit is None:
        raise ValueError(f"do must be one of {', '.join(sorted(EDITS))}")
    try:
        return {"do": name} | edit(stage, **arguments)
    except KeyError as error:
        raise ValueError(f"{name}: {error} is not there") from error
    except TypeError as error:
        raise ValueError(f"{name}: {error}") from error


def add_artist(
    stage: Stage, name: str | None = None, releases: int | list[dict[str, Any]] = 0, artist: str | None = None
) -> Touched:
    """An artist, with so many releases, or with these, told as `add_release` takes them. `artist`: an id of one's own."""
    world = stage.world
    if artist in world.artists:
        raise ValueError(f"add_artist: {artist} is there already")
    new = Artist(artist or world.minter.take_id(), name or name_artist(world.minter.random, 10_000))
    world.artists[new.id] = new
    if isinstance(releases, int):
        made = [grow_release(world, [new.id], [new.id]).id for _ in range(releases)]
    else:
        made = [add_release(stage, new.id, **one)["release"] for one in releases]
    return {"artist": new.id, "releases": made}


def add_release(
    stage: Stage, artist: str, date: str | None = None, kind: str = "single", name: str | None = None,
    tracks: int | list[dict[str, Any]] | None = None, upc: str | None = None,
) -> Touched:  # fmt: skip
    """A release of today, or of `date` (as precise as it is long). `tracks`: how many, or as `add_track` takes them."""
    day = date or tell_moment(stage.clock.now())[:10]
    release = grow_release(stage.world, [stage.world.artists[artist].id], [artist], kind, _read_day(day))
    _date(release, day)
    release.name, release.upc = name or release.name, upc or release.upc
    told = tracks if isinstance(tracks, list) else [{}] * ((tracks or 0) - len(release.tracks))
    most = 0 if isinstance(tracks, list) else len(release.tracks) if tracks is None else tracks
    while len(release.tracks) > most:
        _drop_track(stage, stage.world.tracks[release.tracks[-1]])
    for one in told:
        add_track(stage, release.id, **one)
    return {"release": release.id, "tracks": list(release.tracks)}


def remove_release(stage: Stage, release: str) -> Touched:
    """A release goes, and its tracks with it; lists that hold them show a gap."""
    return {"release": release, "tracks": stage.world.take_away_release(release)}


def rerelease(stage: Stage, release: str, date: str | None = None, name: str | None = None) -> Touched:
    """The same recordings on another release: new ids, the ISRCs of before."""
    world, old = stage.world, stage.world.releases[release]
    new = Release(
        world.minter.take_id(), name or f"{old.name} (Deluxe)", old.kind, "", "", list(old.artists),
        world.minter.take_upc(), old.label,
    )  # fmt: skip
    _date(new, date or tell_moment(stage.clock.now())[:10])
    world.releases[new.id] = new
    for artist in new.artists:
        world.artists[artist].releases.append(new.id)
    for one in [world.tracks[track] for track in old.tracks]:
        world.place_track(_copy(one, world.minter.take_id(), new.id))
    return {"release": new.id, "of": release, "tracks": list(new.tracks)}


def move_date(stage: Stage, release: str, date: str) -> Touched:
    """Another day for a release, as precise as it is long."""
    _date(stage.world.releases[release], date)
    return {"release": release}


def add_track(
    stage: Stage, release: str, name: str = "One More", isrc: str | None = None, duration_ms: int = 180_000
) -> Touched:
    """Another track at the end of a release; with an ISRC of its own unless one is given."""
    world, home = stage.world, stage.world.releases[release]
    code = isrc or world.minter.take_isrc(int(home.date[:4]))
    track = Track(
        world.minter.take_id(), release, name, 1, len(home.tracks) + 1, duration_ms, False, code, list(home.artists)
    )  # fmt: skip
    world.place_track(track)
    return {"track": track.id, "release": release, "isrc": code}


def remove_track(stage: Stage, track: str) -> Touched:
    """One track goes."""
    _drop_track(stage, stage.world.tracks[track])
    return {"track": track}


def rename(stage: Stage, room: str, ident: str, name: str) -> Touched:
    """Another name for an artist, a release, a track or a playlist."""
    getattr(stage.world, f"{room}s")[ident].name = name
    return {room: ident}


def play(
    stage: Stage, user: str | None = None, track: str | None = None, at: str | None = None, context: str | None = None,
    times: int = 1, apart: float = 180.0,
) -> Touched:  # fmt: skip
    """A listener plays a track (any, if none is named) now, or at a moment; several times, `apart` seconds."""
    person, world = _find_person(stage, user), stage.world
    start = read_moment(at) if at else stage.clock.now()
    pool = [world.tracks[track].id] if track else list(world.tracks)
    made = []
    for number in range(times):
        one = pool[int(world.minter.random.random() * len(pool))]
        moment = round(start + number * apart, 3)
        person.plays.append(Play(moment, one, context))
        made.append({"track": one, "played_at": tell_moment(moment, 3)})
    person.plays.sort(key=lambda one: one.at)
    return {"user": person.id, "plays": made}


def save(stage: Stage, uri: str, user: str | None = None) -> Touched:
    """A person keeps something in the library, or follows an artist or a person."""
    person = _find_person(stage, user)
    shelf = person.follows if uri.split(":")[1] in {"artist", "user"} else person.saved
    shelf.setdefault(uri, stage.clock.now())
    return {"user": person.id, "uri": uri}


def unsave(stage: Stage, uri: str, user: str | None = None) -> Touched:
    """The opposite."""
    person = _find_person(stage, user)
    if uri not in person.saved and uri not in person.follows:
        raise KeyError(uri)
    person.saved.pop(uri, None)
    person.follows.pop(uri, None)
    return {"user": person.id, "uri": uri}


def add_playlist(stage: Stage, user: str | None = None, name: str = "New List", tracks: int = 0) -> Touched:
    """A person makes a list in the app."""
    person, world, now = _find_person(stage, user), stage.world, stage.clock.now()
    rows = tuple(Row(f"spotify:track:{one}", now, person.id) for one in list(world.tracks)[:tracks])
    ident = world.minter.take_id()
    first = Version(now - stage.lag.longest, make_snapshot(ident, 1), rows)
    world.playlists[ident] = Playlist(ident, person.id, name, "", True, False, [first])
    person.playlists.insert(0, ident)
    return {"playlist": ident, "user": person.id}


def edit_playlist(
    stage: Stage, playlist: str, add: list[str] | None = None, remove: list[int] | None = None,
    position: int | None = None, settled: bool = True, clear: bool = False,
) -> Touched:  # fmt: skip
    """A person edits a list in the app: positions go, then URIs come in. `settled`: all readers see it at once."""
    one = stage.world.playlists[playlist]
    gone = set(remove or ())
    rows = [] if clear else [row for at, row in enumerate(one.rows) if at not in gone]
    place = len(rows) if position is None else position
    rows[place:place] = [Row(uri, stage.clock.now(), one.owner) for uri in add or ()]
    snapshot = write_version(one, tuple(rows), stage.clock.now(), stage.lag, settled)
    return {"playlist": playlist, "snapshot_id": snapshot, "total": len(rows)}


def remove_playlist(stage: Stage, playlist: str, user: str | None = None) -> Touched:
    """A person takes a list off their page; it stays where it is."""
    person = _find_person(stage, user)
    person.playlists.remove(playlist)
    return {"playlist": playlist, "user": person.id}


def lapse_premium(stage: Stage, account: str = "developer-1") -> Touched:
    """The owner of the apps stops paying: every call of every app ends with one sentence."""
    stage.world.accounts[account].premium = False
    return {"account": account}


def restore_premium(stage: Stage, account: str = "developer-1", hours: float = 3) -> Touched:
    """The owner pays again; it takes some hours until that is known."""
    one = stage.world.accounts[account]
    one.premium, one.premium_back = True, stage.clock.now() + hours * 3600
    return {"account": account, "back": tell_moment(one.premium_back)}


def list_user(stage: Stage, user: str, client_id: str | None = None) -> Touched:
    """A person comes on the list of an app; there is room for five."""
    app = _find_app(stage, client_id)
    if user not in app.listed and len(app.listed) >= 5:
        raise ValueError("list_user: five people are on the list already")
    app.listed += [] if user in app.listed else [stage.world.people[user].id]
    return {"client_id": app.client_id, "listed": app.listed}


def unlist_user(stage: Stage, user: str, client_id: str | None = None) -> Touched:
    """A person leaves the list; tokens stay, and every call with them is refused."""
    app = _find_app(stage, client_id)
    app.listed = [one for one in app.listed if one != user]
    return {"client_id": app.client_id, "listed": app.listed}


def revoke_access(stage: Stage, user: str | None = None, client_id: str | None = None) -> Touched:
    """A person takes away what they agreed to."""
    person = _find_person(stage, user)
    return {"user": person.id, "tokens": stage.grants.revoke(person.id, client_id)}


def add_app(
    stage: Stage, redirects: list[str] | None = None, account: str = "developer-1", profile: str | None = None
) -> Touched:
    """A Client ID more, with an allow-list of the same five. Redirect URIs are checked as a dashboard does."""
    refused = [uri for uri in redirects or () if not may_register(uri)]
    if refused:
        raise ValueError(f"add_app: not allowed as redirect URI: {', '.join(refused)}")
    first, word = _find_app(stage, None), stage.world.minter.take_word
    hexes = "0123456789abcdef"
    app = App(
        word(32, hexes), word(32, hexes), stage.world.accounts[account].id, first.owner,
        list(redirects if redirects is not None else first.redirects), list(first.listed), profile,
    )  # fmt: skip
    stage.world.apps[app.client_id] = app
    return {"client_id": app.client_id, "client_secret": app.secret}


def _rename_of(room: str) -> Edit:
    def edit(stage: Stage, name: str, **named: str) -> Touched:
        return rename(stage, room, named[room], name)

    return edit


EDITS: dict[str, Edit] = {
    edit.__name__: edit
    for edit in (
        add_artist, add_release, remove_release, rerelease, move_date, add_track, remove_track, play, save, unsave,
        add_playlist, edit_playlist, remove_playlist, lapse_premium, restore_premium, list_user, unlist_user,
        revoke_access, add_app,
    )
}  # fmt: skip
EDITS |= {f"rename_{room}": _rename_of(room) for room in ("artist", "release", "track", "playlist")}
EDITS |= {"follow": save, "unfollow": unsave, "relist_user": list_user}


def _find_person(stage: Stage, user: str | None) -> Person:
    return stage.world.people[user] if user else next(iter(stage.world.people.values()))


def _find_app(stage: Stage, client_id: str | None) -> App:
    return stage.world.apps[client_id] if client_id else next(iter(stage.world.apps.values()))


def _date(release: Release, day: str) -> None:
    _read_day(day)
    release.date, release.precision = day, {4: "year", 7: "month", 10: "day"}[len(day)]


def _read_day(day: str) -> date:
    return date.fromisoformat((day + "-01-01")[:10])


def _copy(track: Track, ident: str, release: str) -> Track:
    return Track(
        ident, release, track.name, track.disc, track.number, track.duration_ms, track.explicit, track.isrc,
        list(track.artists), track.barred,
    )  # fmt: skip


def _drop_track(stage: Stage, track: Track) -> None:
    world = stage.world
    del world.tracks[track.id]
    world.releases[track.release].tracks.remove(track.id)
    if track.isrc:
        world.recordings[track.isrc].remove(track.id)
