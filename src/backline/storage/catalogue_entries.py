"""Entries: what one source says of one thing, compared with what it said before, and written where it differs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, Row, bindparam, select, text

from backline.music import Provenance, fold_name
from backline.storage import catalogue_tables as t
from backline.storage.bulk import chunk, insert_columns, make_texts, repeat
from backline.storage.catalogue_seen import Change
from backline.storage.catalogue_things import Told

DAY: Final = 86_400_000_000  # microseconds: what is seen again sooner than that is not written again
_HISTORY: Final = ("title", "form", "released", "tracks", "isrc", "upc")
_OWN_HISTORY: Final = (*_HISTORY, "credits")  # a platform tells them anew with every renamed artist
_TEXTS: Final = ("title", "folded", "credits", "isrc", "upc", "released", "form")
_NUMBERS: Final = ("tracks", "duration_ms", "explicit", "detail_at", "gone_at")
_CHANGEABLE: Final = (*_TEXTS, *_NUMBERS, "seen_at", "expires_at")
_UPDATE = f"UPDATE backline_entry SET {', '.join(f'{name} = :{name}' for name in _CHANGEABLE)} WHERE no = :no"
_TOUCH = "UPDATE backline_entry SET seen_at = :now, expires_at = :until WHERE no IN :some"


@dataclass(frozen=True)
class Sight:
    """When, whose catalogue, by which source, for how long (None: for ever) and in which run something was seen."""

    now: int
    artist_no: int
    provenance: Provenance
    keep_until: int | None
    run_id: str

    def is_stale(self, row: Row[Any]) -> bool:
        """Whether a row has not been told for more than a day that it was seen again."""
        if self.now - row.seen_at > DAY:
            return True
        if self.keep_until is None or row.expires_at is None:
            return bool(self.keep_until != row.expires_at)
        return bool(abs(self.keep_until - row.expires_at) > DAY)


@dataclass
class _Work:
    fresh: list[tuple[str, Told]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    touched: list[int] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


def read_entries(
    connection: Connection, kind: str, provenance: Provenance, source_ids: Iterable[str]
) -> dict[str, Row[Any]]:
    """What a source said so far under each of its ids."""
    c, found = t.entry.c, dict[str, Row[Any]]()
    for part in chunk(list(source_ids)):
        query = select(t.entry).where(c.kind == kind, c.provenance == provenance.value, c.source_id.in_(part))
        found |= {row.source_id: row for row in connection.execute(query)}
    return found


def write_entries(
    connection: Connection,
    sight: Sight,
    kind: str,
    wanted: Mapping[str, Told],
    known: Mapping[str, Row[Any]],
    things: Mapping[str, int],
) -> list[Change]:
    """Write what is new or differs; what had changed. `things`: the number of the thing that each id means.

    What was seen within a day and says the same is not written at all.
    """
    work = _Work()
    for source_id, told in wanted.items():
        row = known.get(source_id)
        if row is None:
            work.fresh.append((source_id, told))
        else:
            _compare(work, sight, row, told, things[source_id])
    _insert(connection, sight, kind, work.fresh, things)
    if work.changed:
        connection.execute(text(_UPDATE), work.changed)
    touch_entries(connection, sight, work.touched)
    return work.changes


def touch_entries(connection: Connection, sight: Sight, numbers: Sequence[int]) -> None:
    """Note that entries (`no`) were seen again."""
    query = text(_TOUCH).bindparams(bindparam("some", expanding=True))
    for part in chunk(numbers):
        connection.execute(query, {"now": sight.now, "until": sight.keep_until, "some": list(part)})


def _compare(work: _Work, sight: Sight, row: Row[Any], told: Told, thing_no: int) -> None:
    """Sort one entry that is known: changed, only seen again, or neither."""
    before = {name: getattr(row, name) for name in _CHANGEABLE}
    values = {name: value for name, value in told.items() if name in before and value != before[name]}
    if told.get("detail_at") and row.detail_at and told["detail_at"] - row.detail_at <= DAY:
        values.pop("detail_at", None)  # the hour at which the same was read does not matter
    if row.gone_at is not None:
        values["gone_at"] = None
    if not values:
        if sight.is_stale(row):
            work.touched.append(row.no)
        return
    if "title" in values:
        values["folded"] = fold_name(values["title"])
    title = str(values.get("title", row.title))
    for name in _HISTORY if sight.provenance != Provenance.OWN else _OWN_HISTORY:
        if name in values and before[name] is not None:
            old, new = _say(name, before[name]), _say(name, values[name])
            work.changes.append(Change(row.kind, thing_no, row.source_id, title, name, old, new))
    changed = {name: values.get(name, before[name]) for name in _CHANGEABLE}
    work.changed.append(changed | {"no": row.no, "seen_at": sight.now, "expires_at": sight.keep_until})


def _say(name: str, value: Any) -> str:
    return ", ".join(json.loads(value)) if name == "credits" else str(value)


def _insert(
    connection: Connection,
    sight: Sight,
    kind: str,
    fresh: Sequence[tuple[str, Told]],
    things: Mapping[str, int],
) -> None:
    if not fresh:
        return
    count = len(fresh)
    told = [{"credits": "[]", **values, "folded": fold_name(values["title"])} for _, values in fresh]
    columns = {
        "kind": repeat(kind, count),
        "thing_no": np.array([things[source_id] for source_id, _ in fresh], dtype=np.int64),
        "provenance": repeat(sight.provenance.value, count),
        "source_id": make_texts([source_id for source_id, _ in fresh]),
        "artist_no": np.array(
            [0 if kind == t.ARTIST else values.get("artist_no", sight.artist_no) for values in told],
            dtype=np.int64,
        ),
        **{name: make_texts([values.get(name) for values in told]) for name in (*_TEXTS, *_NUMBERS)},
        "seen_at": np.full(count, sight.now, dtype=np.int64),
    }
    if sight.keep_until is not None:
        columns["expires_at"] = np.full(count, sight.keep_until, dtype=np.int64)
    insert_columns(connection, t.entry, columns)
