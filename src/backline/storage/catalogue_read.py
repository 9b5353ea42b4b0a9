"""The catalogue for reading: of each thing what every source says, best first, and its history.

A value that the team typed in goes before one of a report, and content of the Spotify Web API comes last; of one
kind of source the value that was seen last goes first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, select, text

from backline.errors import UnknownName
from backline.music import TRUST, Fact, Provenance
from backline.storage import catalogue_tables as t
from backline.storage import fact_tables as f
from backline.storage.bulk import chunk

FIELDS: Final[tuple[str, ...]] = (
    "title", "credits", "isrc", "upc", "released", "form", "tracks", "duration_ms", "explicit",
)  # fmt: skip
_TABLES: Final = {t.ARTIST: f.artist, t.RELEASE: t.release, t.RECORDING: t.recording}
_JOINED = """SELECT j.recording_no, k.title, k.isrc, k.released, k.provenance, k.created_by, k.created_at
FROM backline_track_join AS j JOIN backline_track AS k ON k.no = j.track_no
WHERE j.state = 'joined' AND j.recording_no IN :some"""
_RELEASES = """SELECT DISTINCT no FROM (
    SELECT release_no AS no FROM backline_discography WHERE artist_no = :artist AND gone_at IS NULL
    UNION SELECT thing_no FROM backline_entry WHERE artist_no = :artist AND kind = 'release' AND gone_at IS NULL
        AND provenance <> 'spotify_api') AS n ORDER BY no"""
_RECORDINGS = """SELECT thing_no AS no, gone_at IS NOT NULL AS is_gone, folded FROM backline_entry
WHERE artist_no = :artist AND kind = 'recording'
UNION SELECT e.thing_no, e.gone_at IS NOT NULL, e.folded FROM backline_performer AS p CROSS JOIN backline_entry AS e
WHERE p.artist_no = :artist AND e.kind = 'recording' AND e.thing_no = p.recording_no ORDER BY is_gone, folded, no"""
_HISTORY = """SELECT * FROM backline_catalogue_change WHERE artist_no = :artist OR (field <> 'listed' AND kind = 'release'
    AND thing_no IN (SELECT release_no FROM backline_discography WHERE artist_no = :artist))
    OR (kind = 'recording' AND thing_no IN (SELECT recording_no FROM backline_performer WHERE artist_no = :artist))
ORDER BY no DESC LIMIT :most"""


@dataclass(frozen=True, slots=True)
class Thing:
    """An artist, a release or a recording. `facts`: of each field what its sources say, best first; never empty.

    Fields are those of an entry that anybody tells: title, credits, isrc, upc, released, form, tracks, duration_ms,
    explicit.
    """

    kind: str
    no: int
    id: str
    facts: Mapping[str, tuple[Fact, ...]] = field(default_factory=dict)

    def tell(self, name: str) -> Fact | None:
        """What the best source says; None where nobody says anything."""
        return next(iter(self.facts.get(name, ())), None)


@dataclass(frozen=True, slots=True)
class Spot:
    """That a recording is on a release, by one source. `gone_at`: since when it is not any more (µs since 1970 UTC)."""

    release_no: int
    recording_no: int
    disc: int | None
    position: int | None
    provenance: Provenance
    source: str
    gone_at: int | None


def find_thing(connection: Connection, thing_id: str) -> Thing:
    """A thing by its id (art_…, rel_…, rec_…), or by a beginning of it that only one has. Raises `UnknownName`."""
    wanted = thing_id.strip()
    rows = [
        (kind, row)
        for kind, table in _TABLES.items()
        for row in connection.execute(
            select(table.c.no, table.c.id).where(table.c.id.startswith(wanted, autoescape=True)).limit(2)
        )
    ]
    exact = [(kind, row) for kind, row in rows if row.id == wanted] or rows
    if len(exact) != 1 or not wanted:
        known = "more than one starts so" if exact else "nothing starts so"
        raise UnknownName(
            f"{thing_id!r} in the catalogue: {known}.", remedy="`backline catalogue list` shows ids."
        )
    kind, row = exact[0]
    return read_things(connection, kind, [int(row.no)])[0]


def read_things(connection: Connection, kind: str, numbers: Sequence[int]) -> list[Thing]:
    """Things by their numbers (`no`), in that order; those that are not there are left out."""
    ids = {
        int(row.no): row.id
        for row in _ask(connection, f"SELECT no, id FROM {_TABLES[kind].name} WHERE no IN :some", numbers)
    }
    said: dict[int, list[tuple[int, bool, str, Fact]]] = {}
    for no, is_gone, name, fact in _list_facts(connection, kind, list(ids)):
        said.setdefault(no, []).append((TRUST.index(fact.provenance), is_gone, name, fact))
    things = []
    for no in dict.fromkeys(number for number in numbers if number in ids):
        facts: dict[str, list[Fact]] = {}
        for _, _, name, fact in sorted(said.get(no, ()), key=lambda one: (one[0], one[1], -one[3].seen_at)):
            facts.setdefault(name, []).append(fact)
        ordered = {name: tuple(facts[name]) for name in FIELDS if name in facts}
        things.append(Thing(kind, no, ids[no], ordered))
    return things


def list_releases(connection: Connection, artist_no: int) -> list[int]:
    """Numbers of the releases that any source lists for an artist."""
    return [int(no) for no in connection.execute(text(_RELEASES), {"artist": artist_no}).scalars()]


def list_recordings(connection: Connection, artist_no: int) -> list[int]:
    """Numbers of the recordings of an artist, by title; those that a source lists no more come last."""
    rows = connection.execute(text(_RECORDINGS), {"artist": artist_no}).all()
    return list(dict.fromkeys(int(row.no) for row in rows))


def list_spots(
    connection: Connection, *, releases: Sequence[int] = (), recordings: Sequence[int] = ()
) -> list[Spot]:
    """What is on these releases and where these recordings are, by every source, in the order of the discs."""
    query = "SELECT * FROM backline_appearance WHERE {} IN :some"
    rows = _ask(connection, query.format("release_no"), releases)
    rows += _ask(connection, query.format("recording_no"), recordings)
    spots = {
        Spot(
            row.release_no, row.recording_no, row.disc, row.position, Provenance(row.provenance), row.source_id, row.gone_at
        )
        for row in rows
    }  # fmt: skip
    return sorted(
        spots,
        key=lambda one: (
            one.release_no,
            one.disc or 0,
            one.position or 0,
            one.recording_no,
            TRUST.index(one.provenance),
        ),
    )


def read_history(connection: Connection, artist_no: int, *, limit: int = 100) -> list[Row[Any]]:
    """What changed in an artist's catalogue, newest first: rows of `catalogue_tables.change`.

    Also what another artist's look saw of a release that both have.
    """
    return list(connection.execute(text(_HISTORY), {"artist": artist_no, "most": limit}).all())


def _list_facts(
    connection: Connection, kind: str, numbers: Sequence[int]
) -> Iterable[tuple[int, bool, str, Fact]]:
    """Every fact: of which thing, whether its source lists it no more, of which field."""
    query = "SELECT * FROM backline_entry WHERE kind = :kind AND thing_no IN :some"
    for row in _ask(connection, query, numbers, kind=kind):
        for name in FIELDS:
            value = _tell_value(name, getattr(row, name))
            if value is not None:
                fact = Fact(value, Provenance(row.provenance), row.source_id, row.seen_at)
                yield row.thing_no, row.gone_at is not None, name, fact
    if kind == t.RECORDING:
        for row in _ask(connection, _JOINED, numbers):
            for name in ("title", "isrc", "released"):
                value = getattr(row, name)
                if value is not None:
                    fact = Fact(value, Provenance(row.provenance), row.created_by, row.created_at)
                    yield row.recording_no, False, name, fact
    elif kind == t.ARTIST:
        for row in _ask(connection, "SELECT * FROM backline_artist WHERE no IN :some", numbers):
            yield (
                row.no,
                False,
                "title",
                Fact(row.name, Provenance(row.provenance), row.created_by, row.created_at),
            )


def _tell_value(name: str, kept: Any) -> Any:
    """A column's value as it is meant; None where nothing is told."""
    if name == "credits":
        return tuple(json.loads(kept)) or None
    if name == "explicit":
        return None if kept is None else bool(kept)
    return kept


def _ask(connection: Connection, sql: str, numbers: Iterable[int], **values: Any) -> list[Row[Any]]:
    query = text(sql).bindparams(bindparam("some", expanding=True))
    rows: list[Row[Any]] = []
    for part in chunk(sorted(set(numbers))):
        rows.extend(connection.execute(query, {**values, "some": list(part)}).all())
    return rows
