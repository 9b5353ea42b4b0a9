"""Which releases a source lists for an artist and which recordings on a release, compared and written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, Row, bindparam, select, text

from backline.storage import catalogue_tables as t
from backline.storage.bulk import chunk, insert_columns, make_texts, repeat
from backline.storage.catalogue_entries import Sight
from backline.storage.catalogue_seen import Change
from backline.storage.clock import from_micros

_LIST = """
UPDATE backline_discography SET seen_at = :now, expires_at = :until, gone_at = NULL
WHERE artist_no = :artist AND provenance = :provenance AND source_id IN :some
"""
_UNLIST = """
UPDATE backline_discography SET gone_at = :now
WHERE artist_no = :artist AND provenance = :provenance AND source_id IN :some
"""
_UNLISTED = """
UPDATE backline_entry SET gone_at = :now WHERE kind = 'release' AND provenance = :provenance AND source_id IN :some
    AND NOT EXISTS (SELECT 1 FROM backline_discography AS d WHERE d.release_no = backline_entry.thing_no
        AND d.provenance = backline_entry.provenance AND d.source_id = backline_entry.source_id AND d.gone_at IS NULL)
"""
# CROSS JOIN keeps SQLite to this order; it would begin with all recordings of the source.
_APPEARANCES = """
SELECT a.release_no, a.source_id, a.recording_source, a.recording_no, a.disc, a.position, a.gone_at, e.title, e.seen_at
FROM backline_appearance AS a CROSS JOIN backline_entry AS e
WHERE a.release_no IN :some AND a.provenance = :provenance AND e.kind = 'recording'
    AND e.provenance = a.provenance AND e.source_id = a.recording_source AND e.thing_no = a.recording_no
"""
_READ = "SELECT DISTINCT source_id FROM backline_appearance WHERE release_no IN :some AND provenance = :provenance"
_PLACE = """
UPDATE backline_appearance SET disc = :disc, position = :position, gone_at = :gone_at
WHERE provenance = :provenance AND release_no = :release_no AND source_id = :source_id
    AND recording_source = :recording_source
"""
_ABSENT = """
UPDATE backline_entry SET gone_at = :now WHERE kind = 'recording' AND provenance = :provenance AND source_id IN :some
    AND NOT EXISTS (SELECT 1 FROM backline_appearance AS a WHERE a.recording_no = backline_entry.thing_no
        AND a.provenance = backline_entry.provenance AND a.recording_source = backline_entry.source_id
        AND a.gone_at IS NULL)
"""
LISTED: Final = "listed"


@dataclass(frozen=True, slots=True)
class Place:
    """A recording at its place on a release of the same source, with the number of each."""

    source_id: str  # of the release
    release_no: int
    recording_source: str
    recording_no: int
    disc: int | None
    position: int | None
    title: str

    @property
    def key(self) -> tuple[str, str]:
        """Which appearance it is, to its source."""
        return self.source_id, self.recording_source


def show_day(moment: int) -> str:
    """The day of a moment (µs since 1970) in UTC, ISO 8601."""
    return from_micros(moment).date().isoformat()


def read_discography(connection: Connection, sight: Sight) -> dict[str, Row[Any]]:
    """Every release that the source ever listed for the artist, by its id there."""
    c = t.discography.c
    query = select(t.discography).where(
        c.artist_no == sight.artist_no, c.provenance == sight.provenance.value
    )
    return {row.source_id: row for row in connection.execute(query)}


def write_discography(
    connection: Connection,
    sight: Sight,
    releases: Mapping[str, int],
    titles: Mapping[str, str],
    gone: Collection[str],
    *,
    is_walked: bool,
) -> list[Change]:
    """Note which releases are listed and which are gone.

    `is_walked`: the whole list was known before, so that what is new has appeared; else it was only not read yet.
    """
    known = read_discography(connection, sight)
    fresh = [i for i in releases if i not in known]
    back = [i for i in releases if i in known and known[i].gone_at is not None]
    stale = [i for i in releases if i in known and i not in back and sight.is_stale(known[i])]
    left = [i for i in gone if i in known and known[i].gone_at is None and i not in releases]
    _insert_listed(connection, sight, [(i, releases[i]) for i in fresh])
    _update(connection, sight, _LIST, back + stale)
    _update(connection, sight, _UNLIST, left)
    _update(connection, sight, _UNLISTED, left)
    today = show_day(sight.now)
    return [
        *(_change_listed(i, releases[i], titles[i], None, today) for i in releases if i in back),
        *(_change_listed(i, releases[i], titles[i], None, today) for i in fresh if is_walked),
        *(
            _change_listed(i, known[i].release_no, titles.get(i, ""), show_day(known[i].seen_at), None)
            for i in left
        ),
    ]


def find_read(connection: Connection, sight: Sight, releases: Mapping[str, int]) -> set[str]:
    """Which of these releases have recordings that were told before."""
    query, found = text(_READ).bindparams(bindparam("some", expanding=True)), set[str]()
    for part in chunk(sorted(set(releases.values()))):
        found |= set(
            connection.execute(query, {"some": list(part), "provenance": sight.provenance.value}).scalars()
        )
    return found & set(releases)


def write_appearances(
    connection: Connection,
    sight: Sight,
    releases: Mapping[str, int],
    places: Sequence[Place],
    read_before: Collection[str],
) -> list[Change]:
    """Note which recordings are on the releases whose details were read: all these places, and no others.

    `read_before`: which of the releases had been read before. On the others nothing has appeared: it was only
    not read yet.
    """
    known = _read_appearances(connection, sight, releases)
    wanted = {place.key: place for place in places}
    fresh = [place for key, place in wanted.items() if key not in known]
    back = [place for key, place in wanted.items() if key in known and known[key].gone_at is not None]
    moved = [place for key, place in wanted.items() if key in known and _is_elsewhere(place, known[key])]
    left = [row for key, row in known.items() if key not in wanted and row.gone_at is None]
    _insert_places(connection, sight, fresh)
    changed = [_say_place(sight, one, None) for one in moved] + [
        _say_place(sight, one, sight.now) for one in left
    ]
    if changed:
        connection.execute(text(_PLACE), changed)
    _update(connection, sight, _ABSENT, [row.recording_source for row in left])
    today = show_day(sight.now)
    appeared = [*back, *(place for place in fresh if place.source_id in read_before)]
    return [
        *(_change_place(one, None, today) for one in appeared),
        *(_change_place(one, show_day(one.seen_at), None) for one in left),
    ]


def _insert_listed(connection: Connection, sight: Sight, releases: Sequence[tuple[str, int]]) -> None:
    if not releases:
        return
    count = len(releases)
    columns = {
        "artist_no": np.full(count, sight.artist_no, dtype=np.int64),
        "release_no": np.array([number for _, number in releases], dtype=np.int64),
        "provenance": repeat(sight.provenance.value, count),
        "source_id": make_texts([source_id for source_id, _ in releases]),
        "seen_at": np.full(count, sight.now, dtype=np.int64),
    }
    if sight.keep_until is not None:
        columns["expires_at"] = np.full(count, sight.keep_until, dtype=np.int64)
    insert_columns(connection, t.discography, columns)


def _update(connection: Connection, sight: Sight, statement: str, source_ids: Sequence[str]) -> None:
    query = text(statement).bindparams(bindparam("some", expanding=True))
    values: dict[str, Any] = {
        "now": sight.now,
        "artist": sight.artist_no,
        "provenance": sight.provenance.value,
    }
    if ":until" in statement:
        values["until"] = sight.keep_until
    for part in chunk(source_ids):
        connection.execute(query, {**values, "some": list(part)})


def _read_appearances(
    connection: Connection, sight: Sight, releases: Mapping[str, int]
) -> dict[tuple[str, str], Row[Any]]:
    query = text(_APPEARANCES).bindparams(bindparam("some", expanding=True))
    found: dict[tuple[str, str], Row[Any]] = {}
    for part in chunk(sorted(set(releases.values()))):
        rows = connection.execute(query, {"some": list(part), "provenance": sight.provenance.value})
        found |= {(row.source_id, row.recording_source): row for row in rows if row.source_id in releases}
    return found


def _is_elsewhere(place: Place, row: Row[Any]) -> bool:
    """Whether a known appearance is back, or at another place."""
    return row.gone_at is not None or (place.disc, place.position) != (row.disc, row.position)


def _insert_places(connection: Connection, sight: Sight, places: Sequence[Place]) -> None:
    if not places:
        return
    columns = {
        "release_no": np.array([place.release_no for place in places], dtype=np.int64),
        "recording_no": np.array([place.recording_no for place in places], dtype=np.int64),
        "provenance": repeat(sight.provenance.value, len(places)),
        **{
            name: make_texts([getattr(place, name) for place in places])
            for name in ("source_id", "recording_source", "disc", "position")
        },
    }
    insert_columns(connection, t.appearance, columns)


def _say_place(sight: Sight, one: Place | Row[Any], gone_at: int | None) -> dict[str, Any]:
    names = ("release_no", "source_id", "recording_source", "disc", "position")
    values = {name: getattr(one, name) for name in names}
    return {**values, "provenance": sight.provenance.value, "gone_at": gone_at}


def _change_place(one: Place | Row[Any], old: str | None, new: str | None) -> Change:
    return Change(t.RECORDING, int(one.recording_no), one.recording_source, one.title, LISTED, old, new)


def _change_listed(source_id: str, number: int, title: str, old: str | None, new: str | None) -> Change:
    return Change(t.RELEASE, int(number), source_id, title, LISTED, old, new)
