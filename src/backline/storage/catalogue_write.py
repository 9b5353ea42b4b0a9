"""What was seen of an artist goes into the catalogue, and what differs from before becomes history.

One write at a time. What says the same as within the last day is not written again; see docs/decisions/0021.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, bindparam, text

from backline.music import Provenance, fold_name, tidy_isrc, tidy_upc
from backline.storage import catalogue_tables as t
from backline.storage.bulk import chunk
from backline.storage.catalogue_again import find_again
from backline.storage.catalogue_entries import Sight, read_entries, touch_entries, write_entries
from backline.storage.catalogue_expire import expire_catalogue, remove_empty_things
from backline.storage.catalogue_known import read_sync
from backline.storage.catalogue_lists import Place, find_read, write_appearances, write_discography
from backline.storage.catalogue_seen import Change, SeenArtist, SeenRecording, SeenRelease
from backline.storage.catalogue_things import Told, settle_things
from backline.storage.locks import Lock, take_lock

_RENAME = "UPDATE backline_artist SET name = :name, folded = :folded WHERE no = :no AND provenance = :provenance AND name <> :name"
_KEEP_SYNC = """
INSERT INTO backline_artist_sync (artist_no, platform_id, total, next_offset, walked_at, full_at, answered_at)
VALUES (:artist_no, :platform_id, :total, :next_offset, :walked_at, :full_at, :now)
ON CONFLICT (artist_no, platform_id) DO UPDATE SET total = excluded.total, next_offset = excluded.next_offset,
    walked_at = coalesce(excluded.walked_at, backline_artist_sync.walked_at),
    full_at = coalesce(excluded.full_at, backline_artist_sync.full_at), answered_at = excluded.answered_at
"""
_PERFORM = """
INSERT INTO backline_performer (recording_no, artist_no, provenance, source_id)
VALUES (:recording_no, :artist_no, :provenance, :source_id) ON CONFLICT DO NOTHING
"""
_ALONG = """
SELECT e.no, e.seen_at, e.expires_at FROM backline_appearance AS a CROSS JOIN backline_entry AS e
WHERE a.release_no IN :some AND a.provenance = :provenance AND a.gone_at IS NULL AND e.kind = 'recording'
    AND e.provenance = a.provenance AND e.source_id = a.recording_source AND e.thing_no = a.recording_no
"""


def write_seen(
    connection: Connection,
    now: int,
    artist_no: int,
    provenance: Provenance,
    seen: SeenArtist,
    *,
    keep_until: int | None,
    run_id: str,
) -> list[Change]:
    """Write what one look at an artist came to, in the caller's transaction; what had changed since the last one.

    `now` and `keep_until` (None: for ever) are microseconds since 1970 UTC. What an earlier look did not get to
    has not changed: a release has only appeared where the whole list had been read before. What has expired
    meanwhile, of whomever, leaves.
    """
    take_lock(connection, Lock.CATALOGUE)
    sight = Sight(now, artist_no, provenance, keep_until, run_id)
    sync = read_sync(connection, artist_no, seen.platform_id)
    changes = _write_artist(connection, sight, seen)
    changes += _write_releases(
        connection, sight, seen, is_walked=sync is not None and sync.walked_at is not None
    )
    _keep_changes(connection, sight, changes)
    values = {
        "artist_no": artist_no, "platform_id": seen.platform_id, "total": seen.total,
        "next_offset": seen.next_offset, "walked_at": now if seen.is_whole else None,
        "full_at": now if seen.is_full else None, "now": now,
    }  # fmt: skip
    connection.execute(text(_KEEP_SYNC), values)
    expire_catalogue(connection, now)
    return changes


def write_own(
    connection: Connection,
    now: int,
    artist_no: int,
    releases: Sequence[SeenRelease],
    alone: Sequence[SeenRecording] = (),
    *,
    run_id: str,
) -> list[Change]:
    """Write what the team itself says of an artist, for ever, in the caller's transaction; what had changed.

    `alone`: recordings of which no release is told. What is not told again stays as it was.
    """
    take_lock(connection, Lock.CATALOGUE)
    sight = Sight(now, artist_no, Provenance.OWN, None, run_id)
    changes = _write_releases(connection, sight, SeenArtist("", releases=tuple(releases)), is_walked=False)
    found, _ = _tell_recordings(connection, sight, alone)
    changes += found
    recordings = [*alone, *(one for some in releases for one in some.recordings or ())]
    _write_performers(connection, sight, recordings)
    _keep_changes(connection, sight, changes, _find_owners(connection, changes))
    return changes


def _write_performers(connection: Connection, sight: Sight, recordings: Sequence[SeenRecording]) -> None:
    """Note whose recordings are, besides what was known."""
    told = {one.source_id: one.artists for one in recordings if one.artists}
    rows = read_entries(connection, t.RECORDING, sight.provenance, told)
    values = [
        {
            "recording_no": row.thing_no, "artist_no": artist, "provenance": row.provenance, "source_id": source_id,
        }
        for source_id, row in rows.items() for artist in told[source_id]
    ]  # fmt: skip
    if values:
        connection.execute(text(_PERFORM), values)


def _find_owners(connection: Connection, changes: Sequence[Change]) -> dict[str, int]:
    """Of what changed in the team's own word, by its id there, the artist whose history it is first of all."""
    return {
        source_id: int(row.artist_no)
        for kind in (t.RELEASE, t.RECORDING)
        for source_id, row in read_entries(
            connection, kind, Provenance.OWN, {one.source_id for one in changes if one.kind == kind}
        ).items()
    }


def _write_artist(connection: Connection, sight: Sight, seen: SeenArtist) -> list[Change]:
    if not seen.name:
        return []
    known = read_entries(connection, t.ARTIST, sight.provenance, [seen.platform_id])
    told = {seen.platform_id: {"title": seen.name}}
    things = {seen.platform_id: sight.artist_no}
    changes = write_entries(connection, sight, t.ARTIST, told, known, things)
    values = {"no": sight.artist_no, "provenance": sight.provenance.value}
    connection.execute(text(_RENAME), {**values, "name": seen.name, "folded": fold_name(seen.name)})
    return changes


def _write_releases(
    connection: Connection, sight: Sight, seen: SeenArtist, *, is_walked: bool
) -> list[Change]:
    releases = _by_id(seen.releases)
    known = read_entries(connection, t.RELEASE, sight.provenance, [*releases, *seen.gone])
    told = {i: _tell_release(release, known.get(i), sight.now) for i, release in releases.items()}
    things = _settle(connection, sight, t.RELEASE, told, {i: known[i] for i in releases if i in known})
    changes = write_entries(connection, sight, t.RELEASE, told, known, things)
    titles = {i: row.title for i, row in known.items()} | {i: one.title for i, one in releases.items()}
    listed = [
        change
        for artist, mine in _sort_by_artist(sight, releases.values()).items()
        for change in write_discography(
            connection, replace(sight, artist_no=artist), {i: things[i] for i in mine}, titles, seen.gone,
            is_walked=is_walked,
        )
    ]  # fmt: skip
    read = {i: one.recordings for i, one in releases.items() if one.recordings is not None}
    # What is to be read again, because it has another number of tracks now, was read before.
    was_read = {i for i in read if i in known and known[i].detail_at is not None}
    was_read |= find_read(connection, sight, {i: things[i] for i in read if i in known and i not in was_read})
    changes += listed + _write_recordings(connection, sight, read, things, was_read, listed)
    untouched = [things[i] for i in releases if i not in read and told[i].get("detail_at", True) is not None]
    _touch_along(connection, sight, untouched)
    return changes


def _sort_by_artist(sight: Sight, releases: Iterable[SeenRelease]) -> dict[int, list[str]]:
    """Which releases to list for whom: for the artist that was looked at, or for those that are told."""
    found: dict[int, list[str]] = {sight.artist_no: []}
    for one in releases:
        for artist in one.artists or (sight.artist_no,):
            found.setdefault(artist, []).append(one.source_id)
    return found


def _write_recordings(
    connection: Connection,
    sight: Sight,
    read: Mapping[str, Sequence[SeenRecording]],
    releases: Mapping[str, int],
    was_read: set[str],
    listed: Sequence[Change],
) -> list[Change]:
    """The recordings of the releases whose details were read, and where they are."""
    changes, things = _tell_recordings(connection, sight, [one for some in read.values() for one in some])
    places = [
        Place(i, releases[i], one.source_id, things[one.source_id], one.disc, one.position, one.title)
        for i, some in read.items() for one in some
    ]  # fmt: skip
    first = [place for place in places if place.source_id not in was_read]
    again = find_again(connection, sight, first, listed)
    return changes + write_appearances(
        connection, sight, {i: releases[i] for i in read}, places, was_read
    ) + again  # fmt: skip


def _tell_recordings(
    connection: Connection, sight: Sight, recordings: Sequence[SeenRecording]
) -> tuple[list[Change], dict[str, int]]:
    """What had changed of recordings, and the number of each by its source's id."""
    told = {one.source_id: _tell_recording(one) for one in recordings}
    known = read_entries(connection, t.RECORDING, sight.provenance, told)
    things = _settle(connection, sight, t.RECORDING, told, known)
    return write_entries(connection, sight, t.RECORDING, told, known, things), things


def _settle(
    connection: Connection,
    sight: Sight,
    kind: str,
    told: Mapping[str, Told],
    known: Mapping[str, Row[Any]],
) -> dict[str, int]:
    """Which things are meant; those that nothing is said of any more leave."""
    things = settle_things(connection, kind, told, known, now=sight.now, created_by=sight.run_id)
    left = {int(row.thing_no) for i, row in known.items() if row.thing_no != things[i]}
    if left:
        remove_empty_things(connection, kind, left)
    return things


def _by_id(releases: Sequence[SeenRelease]) -> dict[str, SeenRelease]:
    """Each release once: a list that moves while it is read tells some twice. Details count for more than none."""
    found: dict[str, SeenRelease] = {}
    for one in releases:
        if one.recordings is not None or one.source_id not in found:
            found[one.source_id] = one
    return found


def _tell_release(one: SeenRelease, known: Row[Any] | None, now: int) -> dict[str, Any]:
    values: dict[str, Any] = {
        "title": one.title, "form": one.form, "released": one.released, "tracks": one.tracks,
        "upc": tidy_upc(one.upc) if one.upc else None, "credits": _tell_credits(one.credits),
        "detail_at": now if one.recordings is not None else None,
    }  # fmt: skip
    told = {name: value for name, value in values.items() if value is not None}
    if one.artists:
        told["artist_no"] = one.artists[0]
    if one.recordings is None and known is not None and one.tracks not in (None, known.tracks):
        told["detail_at"] = None  # another number of tracks: which ones is to be read
    return told


def _tell_recording(one: SeenRecording) -> dict[str, Any]:
    values = {
        "title": one.title, "isrc": tidy_isrc(one.isrc) if one.isrc else None, "duration_ms": one.duration_ms,
        "explicit": one.explicit, "credits": _tell_credits(one.credits),
        "artist_no": one.artists[0] if one.artists else None,
    }  # fmt: skip
    return {name: value for name, value in values.items() if value is not None}


def _tell_credits(names: Sequence[str]) -> str | None:
    return json.dumps(list(names), ensure_ascii=False) if names else None


def _touch_along(connection: Connection, sight: Sight, releases: Sequence[int]) -> None:
    """Recordings of releases that were listed as before were seen again with them."""
    query = text(_ALONG).bindparams(bindparam("some", expanding=True))
    stale: set[int] = set()
    for part in chunk(releases):
        rows = connection.execute(query, {"some": list(part), "provenance": sight.provenance.value})
        stale |= {row.no for row in rows if sight.is_stale(row)}
    touch_entries(connection, sight, sorted(stale))


def _keep_changes(
    connection: Connection, sight: Sight, changes: Sequence[Change], owners: Mapping[str, int] | None = None
) -> None:
    """`owners`: the artist of each id of the source, where it is not the one that was looked at."""
    if not changes:
        return
    rows = [
        {
            "kind": one.kind, "thing_no": one.thing_no, "artist_no": (owners or {}).get(one.source_id, sight.artist_no),
            "provenance": sight.provenance.value, "source_id": one.source_id, "field": one.field,
            "old": one.old, "new": one.new, "seen_at": sight.now, "run_id": sight.run_id,
        }
        for one in changes
    ]  # fmt: skip
    connection.execute(t.change.insert(), rows)
