"""Facts of one import into the database: who is who, which claims are new, and their facts in bulk.

Everything happens in the caller's transaction; what is read here stays true, because imports follow
one another (the concurrency key of their tasks).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from backline.storage import fact_tables as t
from backline.storage.bulk import Numbers, insert_columns, is_sqlite, make_texts
from backline.storage.catalogue import add_credit_parts, resolve_artists
from backline.storage.claim_sums import Sums, make_keys, read_days, read_scopes, sort_distinct
from backline.storage.claims import Placed, Source, find_left_out, list_fact_days, mark_days, place_claims
from backline.storage.joins import join_tracks
from backline.storage.spool import TEXTS, Block, Spool
from backline.storage.tracks import resolve_tracks

_WIDE_CACHE, _USUAL_CACHE = -65_536, -2_000  # KiB of pages, negative by SQLite's convention


@dataclass(frozen=True)
class _Names:
    """Numbers of the database for the spool's numbers."""

    artists: Numbers
    tracks: Numbers
    scopes: list[str]
    scope_places: npt.NDArray[np.int32]  # scope of the spool -> place in `scopes`


def write_facts(
    connection: Connection, spool: Spool, source: Source, *, region: str | None, import_id: str
) -> None:
    """Resolve names, place claims, insert the facts of the new ones, mark the days that changed, join the tracks."""
    with _widen_cache(connection):
        names = _resolve(connection, source.moment, spool, region, import_id)
        sums = spool.sums().move(names.scope_places)
        left_out = np.zeros(0, dtype=np.int64)
        if source.kind == "statement":
            left_out = find_left_out(connection, source.report, names.scopes, sums)
            left_out = np.setdiff1d(left_out, _list_doubted(spool, names))
            sums = sums.fill(left_out)
        placed = place_claims(connection, source, names.scopes, sums, _count_rejected(spool, names, sums))
        touched = _insert(connection, spool, names, placed)
        if source.kind == "chart":
            touched = np.append(touched, list_fact_days(connection, placed.replaced.tolist()))
        owners = np.array([int(names.scopes[scope].partition("/")[0]) for scope in read_scopes(left_out)])
        touched = np.append(touched, make_keys(owners, read_days(left_out)))
        mark_days(connection, touched, source.moment)
        join_tracks(connection, source.moment, names.tracks)


@contextmanager
def _widen_cache(connection: Connection) -> Iterator[None]:
    """More of SQLite's pages in memory while much is written."""
    if not is_sqlite(connection):
        yield
        return
    connection.exec_driver_sql(f"PRAGMA cache_size={_WIDE_CACHE}")
    try:
        yield
    finally:
        with suppress(SQLAlchemyError):  # it must not hide what went wrong inside
            connection.exec_driver_sql(f"PRAGMA cache_size={_USUAL_CACHE}")


def _resolve(connection: Connection, moment: int, spool: Spool, region: str | None, import_id: str) -> _Names:
    credited = spool.artists.texts
    known = resolve_artists(connection, moment, credited, created_by=import_id)
    if spool.kind == "chart":
        add_credit_parts(connection, known)
    artists = np.array([known[name] for name in credited], dtype=np.int64)
    told = spool.tracks.columns()
    wanted = replace(told, artists=artists[told.artists])
    tracks = np.append([0], resolve_tracks(connection, moment, wanted, created_by=import_id))
    if spool.kind == "chart":
        named = [country.lower() or region or "" for country in spool.texts["country"].texts]
    elif spool.kind == "track":
        owners = [0, *wanted.artists.tolist()]
        named = [f"{owner}/{number}" for owner, number in zip(owners, tracks.tolist(), strict=True)]
    elif spool.kind == "statement":
        statements = spool.statements.texts
        named = [f"{artists[owner]}/{statements[statement]}" for owner, statement in spool.pairs]
    else:
        named = [str(number) for number in artists.tolist()]
    # In the order of the index on claims: rows that are inserted in its order cost a third less.
    scopes = {scope: place for place, scope in enumerate(sorted(set(named)))}
    return _Names(artists, tracks, list(scopes), np.array([scopes[name] for name in named], dtype=np.int32))


def _list_doubted(spool: Spool, names: _Names) -> Numbers:
    """Keys of which a rejected row may be: the file tells of them, and what it tells cannot be read."""
    scopes, days = np.array(list(spool.doubted), dtype=np.int64).reshape(-1, 2).T
    return make_keys(names.scope_places[scopes], days)


def _count_rejected(spool: Spool, names: _Names, sums: Sums) -> Numbers:
    """Rejected rows beside each claim. Rows of a scope and day without any good row belong to no claim: what an
    earlier file told of them stands, in a statement too.
    """
    counts = np.zeros(len(sums), dtype=np.int64)
    if not spool.rejected or not len(sums):
        return counts
    scopes, days = np.array(list(spool.rejected)).T
    keys = make_keys(names.scope_places[scopes], days)
    at = np.minimum(np.searchsorted(sums.keys, keys), len(sums) - 1)
    is_ours = sums.keys[at] == keys
    np.add.at(counts, at[is_ours], np.array(list(spool.rejected.values()))[is_ours])
    return counts


def _insert(connection: Connection, spool: Spool, names: _Names, placed: Placed) -> Numbers:
    """Insert the facts of new claims. Returns whose days they are (`make_keys`)."""
    touched = [make_keys(np.zeros(0), np.zeros(0))]
    if not placed.written:
        return touched[0]
    texts = {name: make_texts(spool.texts[name].texts) for name in TEXTS}
    for block in spool.blocks():
        claims = placed.find_ids(names.scope_places[spool.scopes(block)], block["day"])
        columns = _make_columns(block, claims, names, texts)
        insert_columns(connection, t.fact, columns)
        touched.append(sort_distinct(make_keys(columns["artist_no"], columns["day"])))
    return np.concatenate(touched)


def _make_columns(
    block: Block, claims: Numbers, names: _Names, texts: dict[str, npt.NDArray[Any]]
) -> dict[str, npt.NDArray[Any]]:
    rows = np.flatnonzero(claims)
    rows = rows[np.argsort(claims[rows], kind="stable")]
    return {
        "claim_id": claims[rows],
        "artist_no": names.artists[block["artist"][rows]],
        "day": block["day"][rows],
        "track_no": names.tracks[block["track"][rows]],
        **{name: values[block[name][rows]] for name, values in texts.items()},
        "value": block["value"][rows],
        "scale": block["scale"][rows],
    }
