"""Re-releases: recordings that were known before the release appeared on which they are now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, select, text

from backline.storage import catalogue_tables as t
from backline.storage.bulk import chunk
from backline.storage.catalogue_entries import Sight
from backline.storage.catalogue_lists import LISTED, Place
from backline.storage.catalogue_seen import Change

AGAIN: Final = "again"
_OLDER = """
SELECT a.recording_no, e.title, r.created_at
FROM backline_appearance AS a CROSS JOIN backline_recording AS r CROSS JOIN backline_entry AS e
WHERE a.recording_no IN :some AND a.provenance = :provenance AND r.no = a.recording_no AND e.kind = 'release'
    AND e.thing_no = a.release_no AND e.provenance = a.provenance AND e.source_id = a.source_id
ORDER BY coalesce(e.released, '9'), e.no
"""


def find_again(
    connection: Connection, sight: Sight, places: Sequence[Place], listed: Sequence[Change]
) -> list[Change]:
    """Of recordings on releases that are read for the first time, those that were known when the release appeared.

    To be called before the places are written. `listed`: what the same look saw appear. Of releases that were
    there when the list was read first, nothing is a re-release; and which of two new ones is read first does
    not matter.
    """
    since = {one.source_id: sight.now for one in listed if one.field == LISTED and one.new is not None}
    since = _read_appeared(connection, sight, [place.source_id for place in places]) | since
    some = [place for place in places if place.source_id in since]
    older = _read_older(connection, sight, sorted({place.recording_no for place in some}))
    titles = _read_titles(connection, sight, sorted({place.source_id for place in some}))
    found = []
    for place in some:
        title, known_at = older.get(place.recording_no, ("", sight.now))
        if known_at < since[place.source_id]:
            new = titles[place.source_id]
            found.append(
                Change(
                    t.RECORDING, place.recording_no, place.recording_source, place.title, AGAIN, title, new
                )
            )
    return found


def _read_appeared(connection: Connection, sight: Sight, source_ids: Sequence[str]) -> dict[str, int]:
    """When releases appeared that an earlier look found without reading them."""
    c, found = t.change.c, dict[str, int]()
    for part in chunk(sorted(set(source_ids))):
        query = select(c.source_id, c.seen_at).where(
            c.artist_no == sight.artist_no, c.provenance == sight.provenance.value, c.kind == t.RELEASE,
            c.field == LISTED, c.old.is_(None), c.source_id.in_(part),
        )  # fmt: skip
        found |= {row.source_id: int(row.seen_at) for row in connection.execute(query.order_by(c.no))}
    return found


def _read_older(connection: Connection, sight: Sight, numbers: Sequence[int]) -> dict[int, tuple[str, int]]:
    """The oldest release that a recording is on so far, and since when the recording is known."""
    query = text(_OLDER).bindparams(bindparam("some", expanding=True))
    found: dict[int, tuple[str, int]] = {}
    for part in chunk(numbers):
        for row in connection.execute(query, {"some": list(part), "provenance": sight.provenance.value}):
            found.setdefault(int(row.recording_no), (row.title, int(row.created_at)))
    return found


def _read_titles(connection: Connection, sight: Sight, source_ids: Sequence[str]) -> dict[str, str]:
    c, found = t.entry.c, dict[str, str]()
    for part in chunk(source_ids):
        query = select(c.source_id, c.title).where(
            c.kind == t.RELEASE, c.provenance == sight.provenance.value, c.source_id.in_(part)
        )
        found |= {row.source_id: row.title for row in connection.execute(query)}
    return found
