"""What leaves the catalogue: entries whose time is over or whose source is let go, and what hung on them alone.

With an entry go its history, its appearances and its places in discographies; a thing that no source says anything
of goes with its joins; and so does an artist whom only the source had named. What has another source stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from backline.music import Provenance
from backline.storage import catalogue_tables as t
from backline.storage.catalogue_artists import change_some, hand_over_entries, let_artists_go
from backline.storage.clock import read_now
from backline.storage.joins import join_tracks
from backline.storage.locks import Lock, take_lock

BATCH: Final = 5000  # entries that leave in one commit
Counts = dict[str, int]
_ENTRY = "SELECT no, kind, thing_no, artist_no, provenance FROM backline_entry"
_OLD = f"{_ENTRY} WHERE expires_at <= :now ORDER BY expires_at, no LIMIT :most"
_OF_ARTIST = f"""{_ENTRY} WHERE provenance = :provenance
    AND (artist_no = :artist OR (kind = 'artist' AND thing_no = :artist))"""
_UNLIST_ALL = "DELETE FROM backline_discography WHERE artist_no = :artist AND provenance = :provenance"
_OF_SOURCE = f"{_ENTRY} WHERE provenance = :provenance ORDER BY no LIMIT :most"
_OLD_LISTS = (
    "DELETE FROM backline_discography WHERE expires_at <= :now RETURNING artist_no, release_no, gone_at"
)
_HAS_ENTRY = "EXISTS (SELECT 1 FROM backline_entry AS e WHERE e.kind = '{kind}' AND e.thing_no = {thing}"
_OF_IT = " AND e.provenance = {table}.provenance AND e.source_id = {table}.{source})"


def _tell_left(table: str, thing: str, kind: str, source: str) -> str:
    """Rows of a table, of these things and these sources, whose entry has left."""
    has_entry = (_HAS_ENTRY + _OF_IT).format(kind=kind, thing=f"{table}.{thing}", table=table, source=source)
    return f"DELETE FROM {table} WHERE {thing} IN :some AND provenance IN :sources AND NOT {has_entry}"


_PLACE = " RETURNING release_no, gone_at"
_LEFT_APPEARANCES = {
    t.RELEASE: _tell_left("backline_appearance", "release_no", t.RELEASE, "source_id") + _PLACE,
    t.RECORDING: _tell_left("backline_appearance", "recording_no", t.RECORDING, "recording_source") + _PLACE,
}
_LEFT_PERFORMERS = _tell_left("backline_performer", "recording_no", t.RECORDING, "source_id")
_LEFT_LISTS = _tell_left("backline_discography", "release_no", t.RELEASE, "source_id")
_LEFT_LISTS += " RETURNING artist_no, gone_at"
_CHANGES = "backline_catalogue_change"
_LEFT_CHANGES = {
    kind: f"{_tell_left(_CHANGES, 'thing_no', kind, 'source_id')} AND kind = '{kind}' RETURNING 1"
    for kind in (t.ARTIST, t.RELEASE, t.RECORDING)
}
_EMPTY = {
    kind: f"DELETE FROM backline_{kind} WHERE no IN :some AND NOT "
    + _HAS_ENTRY.format(kind=kind, thing=f"backline_{kind}.no")
    + ") RETURNING no"
    for kind in (t.RELEASE, t.RECORDING)
}
_WITH_THING = {
    t.RELEASE: ("backline_appearance WHERE release_no", "backline_discography WHERE release_no"),
    t.RECORDING: (
        *("backline_appearance WHERE recording_no", "backline_performer WHERE recording_no"),
        "backline_track_join WHERE recording_no",
    ),
}
_JOINS = "SELECT track_no, recording_no FROM backline_track_join WHERE recording_no IN :some"
_TO_READ = "UPDATE backline_entry SET detail_at = NULL WHERE kind = 'release' AND thing_no IN :some AND provenance IN :sources"
# An artist whose list has gaps is read from the beginning, and what is found then has not appeared.
_UNWALKED = "UPDATE backline_artist_sync SET walked_at = NULL, total = NULL WHERE artist_no IN :some"


@dataclass
class _Left:
    """What entries that left were of: things by kind, artists, sources; and artists whose lists have gaps now."""

    things: dict[str, set[int]] = field(default_factory=lambda: {kind: set() for kind in _LEFT_CHANGES})
    artists: set[int] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)
    gaps: set[int] = field(default_factory=set)

    def add(self, rows: Iterable[Row[Any]]) -> None:
        """Of entries that left."""
        for row in rows:
            self.things[row.kind].add(int(row.thing_no))
            self.artists |= {int(row.thing_no if row.kind == t.ARTIST else row.artist_no)}
            self.sources.add(row.provenance)

    def add_lists(self, rows: Sequence[Row[Any]]) -> None:
        """Of places in discographies that left."""
        self.artists |= {int(row.artist_no) for row in rows}
        self.gaps |= {int(row.artist_no) for row in rows if row.gone_at is None}


def expire_catalogue(connection: Connection, now: int, *, most: int = BATCH) -> Counts:
    """Let what has expired leave, at most so many entries, in the caller's transaction.

    How many rows of each kind left: to be called again while there are `entries`. `now` is microseconds since
    1970 UTC.
    """
    take_lock(connection, Lock.CATALOGUE)
    left = _Left()
    entries = connection.execute(text(_OLD), {"now": now, "most": most}).all()
    _remove_entries(connection, left, entries)
    lists = connection.execute(text(_OLD_LISTS), {"now": now}).all()
    left.add_lists(lists)
    counts = {"entries": len(entries), "listings": len(lists)}
    return counts | _sweep(connection, left) if entries or lists else counts


def purge_provenance(connection: Connection, provenance: Provenance) -> Counts:
    """Let everything of a source leave, in the caller's transaction; how many rows of each kind left.

    A person's word which artist of a platform one is stays.
    """
    take_lock(connection, Lock.CATALOGUE)
    counts: Counter[str] = Counter(entries=0)
    query, values = text(_OF_SOURCE), {"provenance": provenance.value, "most": BATCH}
    while entries := connection.execute(query, values).all():
        left = _Left()
        _remove_entries(connection, left, entries)
        counts.update({"entries": len(entries), **_sweep(connection, left)})
    return dict(counts)


def remove_artist_content(connection: Connection, artist_no: int, provenance: Provenance) -> Counts:
    """Let what a source says of one artist leave, in the caller's transaction; how many rows of each kind left.

    What it lists for another artist too stays, as that one's.
    """
    take_lock(connection, Lock.CATALOGUE)
    values = {"artist": artist_no, "provenance": provenance.value}
    left = _Left(artists={artist_no}, sources={provenance.value})
    connection.execute(text(_UNLIST_ALL), values)
    hand_over_entries(connection, [artist_no])
    entries = connection.execute(text(_OF_ARTIST), values).all()
    _remove_entries(connection, left, entries)
    return {"entries": len(entries), **_sweep(connection, left)}


def remove_entries(connection: Connection, rows: Sequence[Row[Any]]) -> Counts:
    """Let these entries leave, in the caller's transaction, with what hung on them; how many rows of each kind left."""
    take_lock(connection, Lock.CATALOGUE)
    left = _Left()
    _remove_entries(connection, left, rows)
    return {"entries": len(rows), **_sweep(connection, left)}


def remove_empty_things(connection: Connection, kind: str, numbers: Iterable[int]) -> Counts:
    """Of these releases or recordings let those leave of which no source says anything, with their joins."""
    removed = [int(row.no) for row in change_some(connection, _EMPTY[kind], numbers)]
    counts = {f"{kind}s": len(removed)}
    for where in _WITH_THING[kind]:
        count = len(change_some(connection, f"DELETE FROM {where} IN :some RETURNING 1", removed))
        if "join" in where:
            counts["joins"] = count
    return counts


def _remove_entries(connection: Connection, left: _Left, rows: Sequence[Row[Any]]) -> None:
    left.add(rows)
    change_some(connection, "DELETE FROM backline_entry WHERE no IN :some", [row.no for row in rows])


def _sweep(connection: Connection, left: _Left) -> Counts:
    """What hung on entries that left."""
    counts: Counter[str] = Counter()
    sources = sorted(left.sources)
    joins = set(change_some(connection, _JOINS, left.things[t.RECORDING]))
    for kind in (t.RECORDING, t.RELEASE):
        rows = change_some(connection, _LEFT_APPEARANCES[kind], left.things[kind], sources)
        if kind == t.RECORDING:  # the release that stays has to be read again
            lacking = [row.release_no for row in rows if row.gone_at is None]
            change_some(connection, _TO_READ, lacking, sources)
    change_some(connection, _LEFT_PERFORMERS, left.things[t.RECORDING], sources)
    left.add_lists(change_some(connection, _LEFT_LISTS, left.things[t.RELEASE], sources))
    for kind, statement in _LEFT_CHANGES.items():
        counts["changes"] += len(change_some(connection, statement, left.things[kind], sources))
    for kind in (t.RECORDING, t.RELEASE):
        counts.update(remove_empty_things(connection, kind, left.things[kind]))
    joins -= set(change_some(connection, _JOINS, left.things[t.RECORDING]))
    if joins:  # those tracks may be something else that stays
        join_tracks(connection, read_now(connection), {row.track_no for row in joins})
    change_some(connection, _UNWALKED, left.gaps)
    counts["artists"] += let_artists_go(connection, left.artists)
    return dict(counts)
