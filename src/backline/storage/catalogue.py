"""Artists that reports name: found in bulk, or made as unconfirmed ones.

Who is who is a person's decision; here a name only leads to the artist that already has it. A chart's
shared credit is one artist row, and its parts are noted so that its numbers count for each of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from backline.music import Provenance, fold_name
from backline.storage import fact_tables as t
from backline.storage.artists import new_artist_id
from backline.storage.bulk import chunk, insert_columns, make_texts, merge_columns, repeat, reserve_numbers

JOINT = ", "
MOST_NEIGHBOURS = 8  # names in one name ("Crosby, Stills, Nash & Young" has three parts)


def resolve_artists(
    connection: Connection, moment: int, names: Iterable[str], *, created_by: str
) -> dict[str, int]:
    """The `no` of the artist behind each name, or behind its id; unknown ones are made at this moment.

    A moment is microseconds since 1970 UTC, by the database's clock.
    Of several artists with one name a confirmed one is taken before others, then the oldest.
    """
    wanted = list(dict.fromkeys(names))
    known = _find_ids(connection, [name for name in wanted if name.startswith("art_")])
    folded = {name: fold_name(name) for name in wanted if name not in known}
    found = _find_folded(connection, sorted(set(folded.values())))
    missing = {fold: name for name, fold in reversed(folded.items()) if fold not in found}
    found |= _add_artists(connection, moment, dict(reversed(missing.items())), created_by)
    return known | {name: found[fold] for name, fold in folded.items()}


def add_credit_parts(connection: Connection, credits: Mapping[str, int]) -> None:
    """Note the single names, and the runs of neighbouring names, of a chart's shared credits ("A, B").

    A confirmed artist of the whole name is one artist, and gets no parts.
    """
    shared = {name: no for name, no in credits.items() if JOINT in name}
    confirmed: set[int] = set()
    for numbers in chunk(list(shared.values())):
        query = select(t.artist.c.no).where(t.artist.c.no.in_(numbers), t.artist.c.confirmed)
        confirmed |= set(connection.execute(query).scalars())
    pairs = {(part, no) for name, no in shared.items() if no not in confirmed for part in split_credit(name)}
    if pairs:
        parts, numbers = zip(*sorted(pairs), strict=True)
        columns = {"part": make_texts(parts), "artist_no": np.array(numbers, dtype=np.int64)}
        merge_columns(connection, t.credit_part, columns, "DO NOTHING")


def split_credit(name: str) -> set[str]:
    """Folded: each name inside a credit, and each run of up to eight neighbours but the whole."""
    names = [part for part in name.split(JOINT) if part.strip()]
    runs = {
        fold_name(JOINT.join(names[first:last]))
        for first in range(len(names))
        for last in range(first + 1, min(first + MOST_NEIGHBOURS, len(names)) + 1)
    }
    return runs - {fold_name(name)}


def _find_ids(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in chunk(ids):
        query = select(t.artist.c.id, t.artist.c.no).where(t.artist.c.id.in_(part))
        found |= {row.id: row.no for row in connection.execute(query)}
    return found


def _find_folded(connection: Connection, folded: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in chunk(folded):
        query = select(t.artist.c.folded, t.artist.c.no).where(t.artist.c.folded.in_(part))
        for row in connection.execute(query.order_by(t.artist.c.confirmed.desc(), t.artist.c.no)):
            found.setdefault(row.folded, row.no)
    return found


def _add_artists(
    connection: Connection, moment: int, names: Mapping[str, str], created_by: str
) -> dict[str, int]:
    if not names:
        return {}
    numbers = reserve_numbers(connection, t.artist.c.no, len(names))
    columns = {
        "no": numbers,
        "id": make_texts([new_artist_id() for _ in names]),
        "name": make_texts([name.strip() for name in names.values()]),
        "folded": make_texts(list(names)),
        **describe_origin(moment, len(names), created_by),
    }
    insert_columns(connection, t.artist, columns)
    return dict(zip(names, numbers.tolist(), strict=True))


def describe_origin(moment: int, count: int, created_by: str) -> dict[str, Any]:
    """Columns of rows that a report brought and nobody has confirmed."""
    return {
        "confirmed": repeat(False, count),
        "provenance": repeat(Provenance.REPORT.value, count),
        "created_at": np.full(count, moment, dtype=np.int64),
        "created_by": repeat(created_by, count),
    }
