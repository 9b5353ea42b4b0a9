"""Claims: which import speaks for a report, scope and day, and how that changes.

Alive is a claim whose import, or another import that brought the same content again (an echo), is not
taken back; the newest of these gives its rank. Of the alive claims on one report, scope and day the one
with the highest rank is current.

The scope of a statement is spoken for whole: of a month that an earlier issue told and this one does not, this
one claims that there is nothing. A month of which this one has but rejected rows stands as it was told before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, bindparam, select, text

from backline.storage import fact_tables as t
from backline.storage.bulk import (
    Numbers,
    chunk,
    insert_columns,
    make_texts,
    merge_columns,
    repeat,
    reserve_numbers,
    update_flag,
)
from backline.storage.claim_sums import Sums, make_keys, read_days, read_scopes, sort_distinct

SLICE = 100_000  # claims that are compared and written at a time

_HEIRS = """
SELECT a.id AS old_id, a.kind AS kind, a.scope AS scope, a.day AS day, (
    SELECT alive.id FROM (
        SELECT c.id AS id, c.import_no AS import_no
        FROM backline_claim AS c JOIN backline_import AS i ON i.no = c.import_no
        WHERE c.report = a.report AND c.scope = a.scope AND c.day = a.day
            AND i.undone_at IS NULL AND i.no <> :import_no
        UNION ALL
        SELECT c.id, e.import_no
        FROM backline_claim AS c JOIN backline_claim_echo AS e ON e.claim_id = c.id
        JOIN backline_import AS i ON i.no = e.import_no
        WHERE c.report = a.report AND c.scope = a.scope AND c.day = a.day
            AND i.undone_at IS NULL AND i.no <> :import_no
    ) AS alive ORDER BY alive.import_no DESC LIMIT 1) AS new_id
FROM backline_claim AS a
WHERE a.current AND a.id IN (
    SELECT id FROM backline_claim WHERE import_no = :import_no
    UNION SELECT claim_id FROM backline_claim_echo WHERE import_no = :import_no)
"""
_ARTISTS = text("SELECT DISTINCT artist_no, day FROM backline_fact WHERE claim_id IN :claims").bindparams(
    bindparam("claims", expanding=True)
)
_CURRENT_DAYS = text(
    "SELECT scope, day FROM backline_claim WHERE report = :report AND scope IN :scopes AND current"
).bindparams(bindparam("scopes", expanding=True))
_MARK = "(artist_no, day) DO UPDATE SET marked_at = excluded.marked_at"


@dataclass(frozen=True)
class Source:
    """What the claims of one import have in common; `moment` in microseconds since 1970 UTC."""

    import_no: int
    report: str
    kind: str
    span: int
    moment: int


@dataclass(frozen=True)
class Placed:
    """The claims of an import beside what was current: ids (0 where nothing is to be written) by ascending key."""

    keys: Numbers
    ids: Numbers
    replaced: Numbers  # ids of claims that are current no more

    @property
    def written(self) -> int:
        """How many claims are new."""
        return int(np.count_nonzero(self.ids))

    def find_ids(self, scopes: npt.NDArray[Any], days: npt.NDArray[Any]) -> Numbers:
        """The claim id of each fact; 0 where its claim is not written."""
        if not len(self.keys):
            return np.zeros(len(days), dtype=np.int64)
        found: Numbers = self.ids[np.searchsorted(self.keys, make_keys(scopes, days))]
        return found


def place_claims(
    connection: Connection, source: Source, scopes: Sequence[str], sums: Sums, rejected: Numbers
) -> Placed:
    """Write the claims whose content differs from the current one, and note the others as echoes.

    `sums` holds numbers of `scopes`; `rejected` has as many rows.
    """
    ids = np.zeros(len(sums), dtype=np.int64)
    replaced = [np.zeros(0, dtype=np.int64)]
    for first in range(0, len(sums), SLICE):
        span = slice(first, first + SLICE)
        part = sums.cut(span)
        contents = part.digests(rejected[span], np.full(len(part), source.span, dtype=np.int64))
        current = _read_current(connection, source.report, scopes, part)
        pairs = zip(contents, current.contents, strict=True)
        is_fresh = np.fromiter((new != old for new, old in pairs), dtype=np.bool_, count=len(part))
        replaced.append(current.ids[is_fresh & (current.ids > 0)])
        update_flag(connection, "backline_claim", "current", "id", replaced[-1], on=False)
        ids[span][is_fresh] = _insert(
            connection, source, scopes, part, rejected[span], make_texts(contents), np.flatnonzero(is_fresh)
        )
        _echo(connection, source, current.ids[~is_fresh])
    return Placed(sums.keys, ids, np.concatenate(replaced))


def find_left_out(connection: Connection, report: str, scopes: Sequence[str], sums: Sums) -> Numbers:
    """Keys of the days on which these statements have a current claim and the sums have none, ascending.

    Rows that do not tell their statement ("<artist no>/") are of no statement that could be whole.
    """
    places = {scopes[place]: place for place in sort_distinct(read_scopes(sums.keys)).tolist()}
    places = {scope: place for scope, place in places.items() if not scope.endswith("/")}
    found = [make_keys(np.zeros(0), np.zeros(0))]
    for part in chunk(list(places)):
        rows = connection.execute(_CURRENT_DAYS, {"report": report, "scopes": part}).all()
        owners = np.array([places[row.scope] for row in rows], dtype=np.int64)
        found.append(make_keys(owners, np.array([row.day for row in rows], dtype=np.int64)))
    return np.setdiff1d(np.concatenate(found), sums.keys)


def _insert(
    connection: Connection,
    source: Source,
    scopes: Sequence[str],
    sums: Sums,
    rejected: Numbers,
    contents: npt.NDArray[Any],
    rows: npt.NDArray[Any],
) -> Numbers:
    """Write these rows of the sums as claims and return their ids."""
    if not len(rows):
        return np.zeros(0, dtype=np.int64)
    ids = reserve_numbers(connection, t.claim.c.id, len(rows))
    columns = {
        "id": ids,
        "import_no": np.full(len(rows), source.import_no),
        "report": repeat(source.report, len(rows)),
        "kind": repeat(source.kind, len(rows)),
        "scope": make_texts(scopes)[read_scopes(sums.keys[rows])],
        "day": read_days(sums.keys[rows]),
        "span": np.full(len(rows), source.span),
        "content": contents[rows],
        "accepted": sums.rows[rows],
        "rejected": rejected[rows],
        "known_at": np.full(len(rows), source.moment),
        "current": repeat(True, len(rows)),
    }
    insert_columns(connection, t.claim, columns)
    return ids


def _echo(connection: Connection, source: Source, claims: Numbers) -> None:
    """Note that this import brought the content of these claims again."""
    if len(claims):
        echoes = {"claim_id": claims, "import_no": np.full(len(claims), source.import_no)}
        insert_columns(connection, t.claim_echo, echoes)


class _Current(NamedTuple):
    """Beside each sum the current claim: its id and content, 0 and None where there is none."""

    ids: Numbers
    contents: list[str | None]


def _read_current(connection: Connection, report: str, scopes: Sequence[str], sums: Sums) -> _Current:
    current = _Current(np.zeros(len(sums), dtype=np.int64), [None] * len(sums))
    days = read_days(sums.keys)
    places = {scopes[place]: place for place in sort_distinct(read_scopes(sums.keys)).tolist()}
    c = t.claim.c
    for part in chunk(list(places)):
        query = select(c.id, c.scope, c.day, c.content).where(
            c.report == report, c.scope.in_(part), c.day.between(int(days.min()), int(days.max()))
        )
        rows = connection.execute(query.where(text("current"))).all()
        if not rows:
            continue
        ids, found, found_days, contents = zip(*rows, strict=True)
        keys = make_keys(np.array([places[scope] for scope in found]), np.array(found_days))
        at = np.minimum(np.searchsorted(sums.keys, keys), len(sums) - 1)
        is_ours = sums.keys[at] == keys
        current.ids[at[is_ours]] = np.array(ids, dtype=np.int64)[is_ours]
        for place, row in zip(at[is_ours].tolist(), np.flatnonzero(is_ours).tolist(), strict=True):
            current.contents[place] = contents[row]
    return current


@dataclass(frozen=True)
class Heir:
    """A current claim of an import that is taken back, and the claim that follows it (None: nothing does)."""

    old_id: int
    new_id: int | None
    kind: str
    scope: str
    day: int


def find_heirs(connection: Connection, import_no: int) -> list[Heir]:
    """What changes where this import is taken back. A claim that lives on by an echo is left out."""
    rows = connection.execute(text(_HEIRS), {"import_no": import_no}).all()
    return [
        Heir(row.old_id, row.new_id, row.kind, row.scope, row.day) for row in rows if row.new_id != row.old_id
    ]


def hand_over(connection: Connection, heirs: Sequence[Heir], moment: int) -> None:
    """Make the heirs current, and mark the days of every artist in the old or the new claim."""
    old = np.array([heir.old_id for heir in heirs], dtype=np.int64)
    new = np.array([heir.new_id for heir in heirs if heir.new_id is not None], dtype=np.int64)
    update_flag(connection, "backline_claim", "current", "id", old, on=False)
    update_flag(connection, "backline_claim", "current", "id", new, on=True)
    charts = [heir for heir in heirs if heir.kind == "chart"]
    claims = [number for heir in charts for number in (heir.old_id, heir.new_id) if number is not None]
    others = [(int(heir.scope.partition("/")[0]), heir.day) for heir in heirs if heir.kind != "chart"]
    artists, days = np.array(others, dtype=np.int64).reshape(-1, 2).T
    mark_days(connection, np.append(list_fact_days(connection, claims), make_keys(artists, days)), moment)


def list_fact_days(connection: Connection, claims: Sequence[int]) -> Numbers:
    """Artist no and day (`make_keys`) of all facts in these claims."""
    found = [make_keys(np.zeros(0), np.zeros(0))]
    for part in chunk(claims):
        rows = connection.execute(_ARTISTS, {"claims": list(part)}).all()
        artists, days = np.array([tuple(row) for row in rows], dtype=np.int64).reshape(-1, 2).T
        found.append(make_keys(artists, days))
    return np.concatenate(found)


def mark_days(connection: Connection, keys: Numbers, moment: int) -> None:
    """The rollups of these artist numbers and days (`make_keys`) no longer tell what the current claims tell."""
    keys = sort_distinct(keys)
    columns = {
        "artist_no": read_scopes(keys),
        "day": read_days(keys),
        "marked_at": np.full(len(keys), moment),
    }
    merge_columns(connection, t.dirty_day, columns, _MARK)
