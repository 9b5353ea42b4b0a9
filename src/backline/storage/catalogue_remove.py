"""The team takes its own word back: of a release or a recording, with what hung on it alone.

What another source says of the same stays, and so does everything that it brought.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select, text

from backline.errors import BadInput
from backline.music import Provenance
from backline.storage import catalogue_tables as t
from backline.storage.catalogue_artists import change_some
from backline.storage.catalogue_expire import Counts, remove_entries
from backline.storage.catalogue_read import Thing, read_things
from backline.storage.joins import join_artists, join_tracks
from backline.storage.locks import Lock, take_lock

# Recordings that the team tells of this release and of no other one.
_ALONG = """
SELECT DISTINCT recording_no FROM backline_appearance AS a WHERE release_no = :no AND provenance = 'own'
    AND NOT EXISTS (SELECT 1 FROM backline_appearance AS o WHERE o.recording_no = a.recording_no
        AND o.provenance = 'own' AND o.release_no <> a.release_no AND o.gone_at IS NULL)
"""
_ON = "SELECT recording_no FROM backline_appearance WHERE release_no IN :some"
_LESS = "SELECT release_no FROM backline_appearance WHERE recording_no IN :some AND provenance = 'own' AND gone_at IS NULL"
_TRACKS = "SELECT track_no FROM backline_track_join WHERE recording_no IN :some"
_ARTISTS = "SELECT artist_no FROM backline_performer WHERE recording_no IN :some"
_COUNTED = """
SELECT no, thing_no, artist_no, source_id, tracks, (SELECT count(*) FROM backline_appearance AS a
    WHERE a.release_no = e.thing_no AND a.provenance = 'own' AND a.source_id = e.source_id AND a.gone_at IS NULL) AS now
FROM backline_entry AS e WHERE kind = 'release' AND provenance = 'own' AND thing_no IN :some AND tracks IS NOT NULL
"""


@dataclass(frozen=True)
class Removed:
    """Things of which the team says nothing any more, as they were, the one that was meant first; rows that left.

    `stays`: the ids of those of which another source still tells.
    """

    things: list[Thing]
    stays: frozenset[str]
    counts: Counts


def remove_own(connection: Connection, now: int, thing: Thing, *, by: str) -> Removed:
    """Take back what the team says of a release or recording, and join anew, in the caller's transaction.

    A release takes along the recordings that are told of it alone; of a release that loses a recording the number
    of tracks follows, as history. Raises `BadInput` where the team has said nothing of it.
    """
    take_lock(connection, Lock.CATALOGUE)
    wanted = {t.RELEASE: {thing.no}, t.RECORDING: set[int]()}
    if thing.kind == t.RELEASE:
        wanted[t.RECORDING] = set(connection.execute(text(_ALONG), {"no": thing.no}).scalars())
    elif thing.kind == t.RECORDING:
        wanted = {t.RELEASE: set(), t.RECORDING: {thing.no}}
    c = t.entry.c
    entries = [
        row
        for kind, numbers in wanted.items()
        for row in connection.execute(
            select(t.entry).where(
                c.kind == kind, c.provenance == Provenance.OWN.value, c.thing_no.in_(numbers)
            )
        )
    ]
    if thing.kind == t.ARTIST or not any(
        (row.kind, row.thing_no) == (thing.kind, thing.no) for row in entries
    ):
        raise BadInput(
            f"{thing.id} is nothing that you entered.",
            remedy="Only your own word can be taken back. `backline catalogue show` tells whose word it is.",
        )
    along = read_things(connection, t.RECORDING, sorted(wanted[t.RECORDING]))
    things = [thing, *(one for one in along if one.id != thing.id)]
    on_it = wanted[t.RECORDING] | set(_ask(connection, _ON, wanted[t.RELEASE]))
    tracks, artists = _ask(connection, _TRACKS, on_it), _ask(connection, _ARTISTS, on_it)
    less = set(_ask(connection, _LESS, wanted[t.RECORDING])) - wanted[t.RELEASE]
    counts = remove_entries(connection, entries)
    _count_tracks(connection, now, sorted(less), by)
    join_tracks(connection, now, tracks)
    join_artists(connection, now, [*artists, *(row.artist_no for row in entries)])
    left = {one.id for kind in wanted for one in read_things(connection, kind, sorted(wanted[kind]))}
    return Removed(things, frozenset(left & {one.id for one in things}), counts)


def _count_tracks(connection: Connection, now: int, releases: Sequence[int], by: str) -> None:
    """A release that has lost a recording has fewer tracks."""
    for row in change_some(connection, _COUNTED, releases):
        if row.tracks == row.now:
            continue
        connection.execute(t.entry.update().where(t.entry.c.no == row.no).values(tracks=row.now))
        values = {
            "kind": t.RELEASE, "thing_no": row.thing_no, "artist_no": row.artist_no, "provenance": Provenance.OWN.value,
            "source_id": row.source_id, "field": "tracks", "old": str(row.tracks), "new": str(row.now), "seen_at": now,
            "run_id": by,
        }  # fmt: skip
        connection.execute(t.change.insert(), values)


def _ask(connection: Connection, query: str, numbers: set[int]) -> list[int]:
    return [int(row[0]) for row in change_some(connection, query, numbers)]
