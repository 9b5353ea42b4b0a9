"""The team's own word on its catalogue, typed in or from a table: found again, so that a correction corrects.

Own releases and recordings have ids of their own (own_…), whoever of the artists is named. What several artists are
told of adds up: a recording is theirs together, and a release has the tracks of all. Nothing of another source is
looked at here, and nothing of it becomes our own: that two sources mean the same is told by codes, see
`catalogue_things`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, text

from backline.errors import BadInput
from backline.music import Provenance, fold_name
from backline.storage import catalogue_tables as t
from backline.storage.bulk import bind_numbers, chunk
from backline.storage.catalogue_entries import read_entries
from backline.storage.catalogue_finder import Finder, KnownTrack, OwnRelease, OwnTrack, merge_credits
from backline.storage.catalogue_lists import LISTED
from backline.storage.catalogue_seen import Change, SeenRecording, SeenRelease
from backline.storage.catalogue_things import find_things
from backline.storage.catalogue_write import write_own
from backline.storage.joins import JoinCounts, join_artists
from backline.storage.locks import Lock, take_lock

_PLACES = """SELECT source_id, recording_source, disc, position FROM backline_appearance
WHERE release_no IN :some AND provenance = 'own' AND gone_at IS NULL"""
_PERFORMERS = (
    "SELECT source_id, artist_no FROM backline_performer WHERE recording_no IN :some AND provenance = 'own'"
)
_WAITING = """SELECT DISTINCT track_no FROM backline_track_join WHERE state = 'proposed' AND recording_no IN ({numbers})"""
_TOLD = (
    "thing_no",
    "title",
    "credits",
    "isrc",
    "upc",
    "released",
    "form",
    "tracks",
    "duration_ms",
    "explicit",
    "gone_at",
)
Name = tuple[str, str]  # of an own entry: release or recording, and its id


@dataclass(frozen=True)
class OwnNews:
    """What came of the team's word: releases and recordings told, by their own ids; history; joins.

    `gone`: recordings that a release has no more. `waiting`: tracks of reports for which a person has to choose among
    these recordings.
    """

    new: frozenset[Name] = frozenset()
    changed: frozenset[Name] = frozenset()
    unchanged: frozenset[Name] = frozenset()
    gone: int = 0
    changes: list[Change] = field(default_factory=list)
    joins: JoinCounts = field(default_factory=JoinCounts)
    waiting: int = 0

    def count(self) -> dict[str, int]:
        """The same as numbers."""
        return {
            "new": len(self.new), "changed": len(self.changed), "unchanged": len(self.unchanged), "gone": self.gone,
            "joined": self.joins.joined, "proposed": self.joins.proposed, "waiting": self.waiting,
        }  # fmt: skip

    @property
    def is_unchanged(self) -> bool:
        """Whether everything was known just so."""
        return not (self.new or self.changed or self.gone or self.joins.joined or self.joins.proposed)


def write_catalogue(
    connection: Connection,
    now: int,
    artists: Sequence[Row[Any]],
    releases: Sequence[OwnRelease],
    alone: Sequence[OwnTrack] = (),
    *,
    by: str,
) -> OwnNews:
    """Write what the team says and join the reports of its artists, in the caller's transaction; what came of it.

    `artists`: all that are named; what names none is the first one's. `now`: microseconds since 1970 UTC; `by`: a
    person's name or a run's id. Raises `BadInput` where two tracks of a release would be at one place.
    """
    take_lock(connection, Lock.CATALOGUE)
    names = {int(row.no): row.name for row in artists}
    first = int(artists[0].no)
    releases = [_sign(one, first) for one in releases]
    alone = [replace(one, artists=one.artists or (first,)) for one in alone]
    finder = Finder(connection, list(names), releases, alone)
    told = [_tell_release(finder, one, names) for one in releases]
    single = tuple(_tell_track(finder.take_alone(one), one, names) for one in alone)
    wanted = _list_names(told, single)
    before = _look(connection, wanted)
    changes = write_own(connection, now, first, told, single, run_id=by)
    after = _look(connection, wanted)
    joins = join_artists(connection, now, list(names))
    new = wanted - before.keys()
    changed = {name for name in wanted - new if before[name] != after[name]}
    numbers = [row[0] for (kind, _), row in after.items() if kind == t.RECORDING]
    return OwnNews(
        frozenset(new), frozenset(changed), frozenset(wanted - new - changed),
        sum(1 for one in changes if one.field == LISTED and one.new is None),
        changes, joins, _count_waiting(connection, numbers),
    )  # fmt: skip


def find_entered(connection: Connection, artist_no: int, kind: str, title: str, code: str | None) -> int:
    """The number of what was entered just now, by its UPC or ISRC, else by its title."""
    if code is not None:
        return find_things(connection, kind, [code])[code]
    c, p = t.entry.c, t.performer.c
    mine = select(p.recording_no).where(p.artist_no == artist_no)
    is_mine = (c.artist_no == artist_no) | ((c.kind == t.RECORDING) & c.thing_no.in_(mine))
    is_it = (c.kind == kind, c.provenance == Provenance.OWN.value, is_mine, c.folded == fold_name(title))
    query = select(c.thing_no).where(*is_it).order_by(c.gone_at.is_not(None), c.seen_at.desc(), c.no.desc())
    return int(connection.execute(query.limit(1)).scalar_one())


def find_doubles(connection: Connection, news: OwnNews) -> list[tuple[Row[Any], str]]:
    """Own entries of the same artist and title as a new one, but with another code; each with the new code.

    Perhaps a code was corrected: the old thing is then to be removed.
    """
    doubles = []
    for kind, code in ((t.RELEASE, "upc"), (t.RECORDING, "isrc")):
        fresh = read_entries(
            connection, kind, Provenance.OWN, [name for told, name in sorted(news.new) if told == kind]
        )
        told = {name for kind_, name in news.new | news.changed | news.unchanged if kind_ == kind}
        known = _find_titles(connection, kind, {row.folded for row in fresh.values()})
        for row in sorted(fresh.values(), key=lambda one: one.no):
            new = getattr(row, code)
            for other in known.get((row.artist_no, row.folded), ()):
                old = getattr(other, code)
                if new and old and new != old and other.source_id not in told:
                    doubles.append((other, str(new)))
    return doubles


def _find_titles(
    connection: Connection, kind: str, folded: Iterable[str]
) -> dict[tuple[int, str], list[Row[Any]]]:
    c, found = t.entry.c, dict[tuple[int, str], list[Row[Any]]]()
    table = t.release if kind == t.RELEASE else t.recording
    for part in chunk(sorted(folded)):
        query = select(t.entry, table.c.id).join(table, table.c.no == c.thing_no)
        query = query.where(c.kind == kind, c.provenance == Provenance.OWN.value, c.folded.in_(part))
        for row in connection.execute(query.order_by(c.no)):
            found.setdefault((row.artist_no, row.folded), []).append(row)
    return found


def _sign(one: OwnRelease, first: int) -> OwnRelease:
    """The same with its artists, and its tracks with theirs."""
    artists = one.artists or (first,)
    tracks = None if one.tracks is None else tuple(
        replace(track, artists=track.artists or artists) for track in one.tracks
    )  # fmt: skip
    return replace(one, artists=artists, tracks=tracks)


def _tell_release(finder: Finder, one: OwnRelease, names: dict[int, str]) -> SeenRelease:
    known = finder.find_release(one)
    named = merge_credits(known.credits if known else (), [names[artist] for artist in one.artists])
    name = known.source_id if known else finder.make_name()
    tracks = None
    if one.tracks is not None:
        found = [(finder.take_track(name, track), track) for track in one.tracks]
        kept = finder.list_left(name, one)
        told = [track for _, track in found]
        if one.is_ordered and not any(track.position for track in told):
            told = _place(told, kept)
        _check_places(one.title, told, kept)
        tracks = (
            *(_tell_track(seen, track, names) for (seen, _), track in zip(found, told, strict=True)),
            *(_keep_track(row) for row in kept),
        )
    return SeenRelease(
        name, one.title, one.form, one.released, None if tracks is None else len(tracks), one.upc, named,
        tracks, one.artists,
    )  # fmt: skip


def _tell_track(known: KnownTrack, one: OwnTrack, names: dict[int, str]) -> SeenRecording:
    return SeenRecording(
        known.source_id, one.title, one.isrc, one.duration_ms, one.explicit, one.disc, one.position,
        merge_credits(known.credits, [names[artist] for artist in one.artists]), one.artists,
    )  # fmt: skip


def _keep_track(row: Row[Any]) -> SeenRecording:
    return SeenRecording(
        row.source_id, row.title, row.isrc, row.duration_ms, row.explicit, row.disc, row.position
    )


def _place(told: Sequence[OwnTrack], kept: Sequence[Row[Any]]) -> list[OwnTrack]:
    """Places in the order of the rows, without those that tracks of other artists have."""
    taken = {row.position for row in kept if (row.disc or 1) == 1}
    free = (place for place in range(1, len(told) + len(taken) + 1) if place not in taken)
    return [replace(track, position=place) for track, place in zip(told, free, strict=False)]


def _check_places(release: str, told: Sequence[OwnTrack], kept: Sequence[Row[Any]]) -> None:
    places: dict[tuple[int, int], Any] = {}
    everything: list[Any] = [*kept, *told]
    for one in everything:
        place = (one.disc or 1, one.position or 0)
        if one.position and (first := places.setdefault(place, one)) is not one:
            raise BadInput(
                f"{release!r}: {first.title!r} and {one.title!r} would both be at disc {place[0]}, "
                f"position {place[1]}.",
                remedy="Give one of the two another place, or remove it: backline catalogue remove RECORDING",
            )


def _list_names(releases: Sequence[SeenRelease], alone: Sequence[SeenRecording]) -> set[Name]:
    recordings = (*alone, *(one for some in releases for one in some.recordings or ()))
    return {(t.RELEASE, one.source_id) for one in releases} | {
        (t.RECORDING, one.source_id) for one in recordings
    }


def _look(connection: Connection, names: Iterable[Name]) -> dict[Name, tuple[Any, ...]]:
    """What the team has told of these so far, with tracks and artists; the number of the thing stands first."""
    told: dict[Name, tuple[Any, ...]] = {}
    for kind in (t.RELEASE, t.RECORDING):
        rows = read_entries(connection, kind, Provenance.OWN, [name for some, name in names if some == kind])
        beside: dict[str, set[tuple[Any, ...]]] = {}
        query = text(_PLACES if kind == t.RELEASE else _PERFORMERS).bindparams(
            bindparam("some", expanding=True)
        )
        for part in chunk(sorted({int(row.thing_no) for row in rows.values()})):
            for name, *rest in connection.execute(query, {"some": list(part)}):
                beside.setdefault(name, set()).add(tuple(rest))
        for name, row in rows.items():
            told[kind, name] = (*(getattr(row, one) for one in _TOLD), frozenset(beside.get(name, ())))
    return told


def _count_waiting(connection: Connection, recordings: Sequence[int]) -> int:
    listed, value = bind_numbers(connection, sorted(set(recordings)))
    rows = connection.execute(text(_WAITING.format(numbers=listed)), {"numbers": value})
    return len(rows.all())
