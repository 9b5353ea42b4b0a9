"""Artists whom a platform alone had named: what becomes of them where nothing of it is left.

An artist with numbers, or one that a person vouched for, stays; the name is then a report's or the team's too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, text

AT_ONCE = 1000  # values in one IN (…)
_BARE = """SELECT no FROM backline_artist AS a WHERE no IN :some AND provenance = 'spotify_api'
    AND NOT EXISTS (SELECT 1 FROM backline_entry AS e
        WHERE e.kind = 'artist' AND e.thing_no = a.no AND e.provenance = a.provenance)
    AND NOT EXISTS (SELECT 1 FROM backline_discography AS d WHERE d.artist_no = a.no AND d.provenance = a.provenance)"""
_LISTED = """backline_discography AS d WHERE d.provenance = backline_entry.provenance AND d.release_no = backline_entry.thing_no
        AND d.source_id = backline_entry.source_id"""
_ON_LISTED = """backline_appearance AS a JOIN backline_discography AS d
        ON d.release_no = a.release_no AND d.provenance = a.provenance AND d.source_id = a.source_id
    WHERE a.provenance = backline_entry.provenance AND a.recording_no = backline_entry.thing_no
        AND a.recording_source = backline_entry.source_id"""
_HAND_OVER = """UPDATE backline_entry SET artist_no = (SELECT min(d.artist_no) FROM {others})
WHERE artist_no IN :some AND kind = '{kind}' AND EXISTS (SELECT 1 FROM {others})"""
_HAND_OVERS = (
    _HAND_OVER.format(kind="release", others=_LISTED),
    _HAND_OVER.format(kind="recording", others=_ON_LISTED),
)
_HAS_NUMBERS = """EXISTS (SELECT 1 FROM backline_track AS k WHERE k.artist_no = backline_artist.no)
    OR EXISTS (SELECT 1 FROM backline_fact AS f WHERE f.artist_no = backline_artist.no)"""
_KEEP = f"""UPDATE backline_artist SET provenance = CASE WHEN NOT confirmed AND ({_HAS_NUMBERS}) THEN 'report' ELSE 'own' END
WHERE no IN :some AND (confirmed OR {_HAS_NUMBERS}
    OR EXISTS (SELECT 1 FROM backline_entry AS e WHERE e.artist_no = backline_artist.no)
    OR EXISTS (SELECT 1 FROM backline_performer AS p WHERE p.artist_no = backline_artist.no)
    OR EXISTS (SELECT 1 FROM backline_discography AS d WHERE d.artist_no = backline_artist.no AND d.provenance = 'own')
    OR EXISTS (SELECT 1 FROM backline_entry AS e WHERE e.kind = 'artist' AND e.thing_no = backline_artist.no))"""
_GO = "DELETE FROM backline_artist WHERE no IN :some AND provenance = 'spotify_api' RETURNING no"
_WITH_ARTIST = ("artist_link", "credit_part", "catalogue_change", "discography")
# How far a list was read says nothing where nothing of the list is left.
_END_SYNC = """DELETE FROM backline_artist_sync WHERE artist_no IN :some
    AND NOT EXISTS (SELECT 1 FROM backline_discography AS d WHERE d.artist_no = backline_artist_sync.artist_no
        AND d.provenance = 'spotify_api')
    AND NOT EXISTS (SELECT 1 FROM backline_entry AS e WHERE e.kind = 'artist' AND e.provenance = 'spotify_api'
        AND e.thing_no = backline_artist_sync.artist_no)"""


def let_artists_go(connection: Connection, numbers: Iterable[int]) -> int:
    """Of these artists (`no`) let those leave whom nothing but a platform had named; how many left."""
    some = sorted(set(numbers))
    change_some(connection, _END_SYNC, some)
    bare = [int(row.no) for row in change_some(connection, _BARE, some)]
    hand_over_entries(connection, bare)
    change_some(connection, _KEEP, bare)
    gone = [int(row.no) for row in change_some(connection, _GO, bare)]
    for table in _WITH_ARTIST:
        change_some(connection, f"DELETE FROM backline_{table} WHERE artist_no IN :some", gone)
    return len(gone)


def hand_over_entries(connection: Connection, numbers: Sequence[int]) -> None:
    """Entries of these artists that are in the discography of another one become that one's."""
    for statement in _HAND_OVERS:
        change_some(connection, statement, numbers)


def change_some(
    connection: Connection, statement: str, numbers: Iterable[int], sources: Sequence[str] | None = None
) -> list[Row[Any]]:
    """A statement with `:some` numbers, and `:sources` where it has them, some at a time; the rows it returns."""
    query = text(statement).bindparams(bindparam("some", expanding=True))
    values: dict[str, Any] = {}
    if sources is not None:
        query = query.bindparams(bindparam("sources", expanding=True))
        values["sources"] = list(sources)
    rows: list[Row[Any]] = []
    wanted = sorted(set(numbers))
    for first in range(0, len(wanted), AT_ONCE):
        result = connection.execute(query, {**values, "some": wanted[first : first + AT_ONCE]})
        if result.returns_rows:
            rows.extend(result.all())
    return rows
