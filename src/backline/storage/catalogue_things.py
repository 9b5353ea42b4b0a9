"""Releases and recordings as such: which one a code means, new ones, and entries that turn out to be of another.

A recording is its ISRC and a release its UPC, whichever source tells it; without one it is what one source calls
by one id.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, Row, bindparam, text

from backline.storage import catalogue_tables as t
from backline.storage.bulk import chunk, insert_columns, make_texts, repeat, reserve_numbers

CODES: Final = {t.RELEASE: "upc", t.RECORDING: "isrc"}  # what makes one of them the same everywhere
_TABLES: Final = {t.RELEASE: (t.release, "rel_"), t.RECORDING: (t.recording, "rec_")}
# Only recordings have an ISRC and only releases a UPC. SQLite would go through all of a kind that is asked for.
_FIND = "SELECT {code} AS code, min(thing_no) AS no FROM backline_entry WHERE {code} IN :some GROUP BY {code}"
_SHARED = "SELECT thing_no FROM backline_entry WHERE kind = :kind AND thing_no IN :some GROUP BY thing_no HAVING count(*) > 1"
_MOVE = "UPDATE backline_{table} SET {thing} = :new WHERE {thing} = :old AND provenance = :provenance AND {source} = :source"
_MOVES: Final = {
    t.RELEASE: (
        _MOVE.format(table="appearance", thing="release_no", source="source_id"),
        _MOVE.format(table="discography", thing="release_no", source="source_id"),
    ),
    t.RECORDING: (
        _MOVE.format(table="appearance", thing="recording_no", source="recording_source"),
        _MOVE.format(table="performer", thing="recording_no", source="source_id"),
    ),
}
_MOVE_CHANGES = (
    _MOVE.format(table="catalogue_change", thing="thing_no", source="source_id") + " AND kind = :kind"
)
_MOVE_ENTRY = "UPDATE backline_entry SET thing_no = :new WHERE no = :no"
_IS_EMPTY = "NOT EXISTS (SELECT 1 FROM backline_entry WHERE kind = 'recording' AND thing_no = :old)"
_OTHER = "EXISTS (SELECT 1 FROM backline_track_join AS o WHERE o.track_no = backline_track_join.track_no AND o.recording_no"
# Of two rows of one track the one stays that a person decided, or that is joined.
_MOVE_JOINS = (
    f"""DELETE FROM backline_track_join WHERE recording_no = :new AND decided_at IS NULL AND {_IS_EMPTY}
    AND {_OTHER} = :old AND (o.decided_at IS NOT NULL OR o.state = 'joined'))""",
    f"DELETE FROM backline_track_join WHERE recording_no = :old AND {_IS_EMPTY} AND {_OTHER} = :new)",
    f"UPDATE backline_track_join SET recording_no = :new WHERE recording_no = :old AND {_IS_EMPTY}",
)
Told = Mapping[str, Any]  # columns of an entry; what was not told is not in it


def find_things(connection: Connection, kind: str, codes: Iterable[str]) -> dict[str, int]:
    """The number (`no`) of the release of each known UPC, or of the recording of each known ISRC."""
    query = text(_FIND.format(code=CODES[kind])).bindparams(bindparam("some", expanding=True))
    found: dict[str, int] = {}
    for part in chunk(sorted(set(codes))):
        rows = connection.execute(query, {"some": list(part)})
        found |= {row.code: int(row.no) for row in rows}
    return found


def make_things(connection: Connection, kind: str, count: int, now: int, *, created_by: str) -> list[int]:
    """So many new releases or recordings, about which nothing is known yet: their numbers, ascending."""
    if not count:
        return []
    table, prefix = _TABLES[kind]
    numbers = reserve_numbers(connection, table.c.no, count)
    columns = {
        "no": numbers,
        "id": make_texts([prefix + secrets.token_hex(8) for _ in range(count)]),
        "created_at": np.full(count, now, dtype=np.int64),
        "created_by": repeat(created_by, count),
    }
    insert_columns(connection, table, columns)
    return [int(number) for number in numbers]


def settle_things(
    connection: Connection,
    kind: str,
    wanted: Mapping[str, Told],
    known: Mapping[str, Row[Any]],
    *,
    now: int,
    created_by: str,
) -> dict[str, int]:
    """The number of the thing that each id of a source means; unknown ones are made.

    `known` are the entries of the source so far. One that has got another code goes over to the thing of that
    code, and where there is none, leaves the one that it shared with others.
    """
    code = CODES[kind]
    told = {source_id: values.get(code) for source_id, values in wanted.items()}
    differs = [i for i, said in told.items() if i not in known or (said and said != getattr(known[i], code))]
    found = find_things(connection, kind, [said for i in differs if (said := told[i])])
    shared = _list_shared(connection, kind, [known[i].thing_no for i in differs if i in known])
    things = {i: int(row.thing_no) for i, row in known.items()}
    fresh = 0
    for i in differs:
        number = found.get(told[i] or "")
        if number is None and i in known and not (getattr(known[i], code) and things[i] in shared):
            number = things[i]
        if number is None:
            fresh += 1
            number = -fresh
        things[i] = found[told[i] or f" {i}"] = number
    made = make_things(connection, kind, fresh, now, created_by=created_by)
    things = {i: made[-number - 1] if number < 0 else number for i, number in things.items()}
    _move_entries(connection, kind, [(known[i], things[i]) for i in differs if i in known])
    return things


def _list_shared(connection: Connection, kind: str, numbers: Sequence[int]) -> set[int]:
    query = text(_SHARED).bindparams(bindparam("some", expanding=True))
    shared: set[int] = set()
    for part in chunk(numbers):
        shared |= set(connection.execute(query, {"kind": kind, "some": list(part)}).scalars())
    return shared


def _move_entries(connection: Connection, kind: str, moves: Sequence[tuple[Row[Any], int]]) -> None:
    """Entries to other things, with what hangs on them; what a thing leaves behind goes to its successor."""
    values = [
        {
            "kind": kind, "no": row.no, "old": row.thing_no, "new": new,
            "provenance": row.provenance, "source": row.source_id,
        }
        for row, new in moves if row.thing_no != new
    ]  # fmt: skip
    if not values:
        return
    statements = [*_MOVES[kind], _MOVE_CHANGES, _MOVE_ENTRY]
    if kind == t.RECORDING:
        statements += _MOVE_JOINS
    for statement in statements:
        connection.execute(text(statement), values)
