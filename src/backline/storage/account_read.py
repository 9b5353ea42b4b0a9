"""What is known of an account: its playlists with their rows and their history, what it keeps, what it played."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select

from backline.errors import BadInput, UnknownName
from backline.storage import account_tables as t
from backline.storage.account_rows import KnownList, ListHead, PartSync, Place, Slot, unpack_slots

_HEAD = tuple(ListHead.__dataclass_fields__)


def read_lists(connection: Connection, account_id: str) -> dict[str, KnownList]:
    """Every playlist that is known, by its id on the platform, in its order there; those that are gone too."""
    p, s = t.playlist.c, t.playlist_state.c
    other = t.playlist_state.alias()
    latest = select(func.max(other.c.no)).where(other.c.playlist_no == p.no).scalar_subquery()
    query = (
        select(t.playlist, s.snapshot)
        .join_from(t.playlist, t.playlist_state, s.no == latest, isouter=True)
        .where(p.account_id == account_id)
        .order_by(p.gone_at.is_not(None), p.place, p.no)
    )
    return {row.playlist_id: _read_known(row) for row in connection.execute(query)}


def _read_known(row: Row[Any]) -> KnownList:
    head = ListHead(**{name: getattr(row, name) for name in _HEAD})
    return KnownList(
        row.no, head, row.snapshot, row.reading_snapshot, row.reading_since, row.seen_at, row.gone_at
    )


def find_list(connection: Connection, account_id: str, name: str) -> KnownList:
    """The playlist of an id, URI or name. Raises `UnknownName`, `BadInput` where several have the name."""
    lists = read_lists(connection, account_id)
    ident = name.rpartition(":")[2].rpartition("/")[2].partition("?")[0]
    if ident in lists:
        return lists[ident]
    found = [one for one in lists.values() if one.head.name == name]
    found = [one for one in found if one.gone_at is None] or found
    if not found:
        raise UnknownName(f"No playlist {name!r}.", remedy="`backline playlists list ACCOUNT` shows them.")
    if len(found) > 1:
        ids = ", ".join(one.head.playlist_id for one in found)
        raise BadInput(f"{len(found)} playlists are named {name!r}: {ids}.", remedy="Give the id.")
    return found[0]


def read_slots(connection: Connection, playlist_no: int, state_no: int | None = None) -> list[Slot] | None:
    """The rows of a playlist as they are, or as an earlier state had them; None where they were never read."""
    c = t.playlist_state.c
    query = select(c.rows).where(c.playlist_no == playlist_no).order_by(c.no.desc()).limit(1)
    if state_no is not None:
        query = query.where(c.no == state_no)
    value = connection.execute(query).scalar_one_or_none()
    return None if value is None else unpack_slots(value)


def list_states(connection: Connection, playlist_no: int) -> list[dict[str, Any]]:
    """The states of a playlist, the latest first, without their rows."""
    c = t.playlist_state.c
    columns = (c.no.label("state"), c.snapshot, c.total, c.seen_at, c.expires_at, c.run_id)
    query = select(*columns).where(c.playlist_no == playlist_no).order_by(c.no.desc())
    return [dict(row) for row in connection.execute(query).mappings()]


def list_changes(
    connection: Connection, account_id: str, thing: str | None = None, thing_id: str | None = None,
    limit: int | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """How an account changed, or one thing of it; the latest first."""
    c = t.account_change.c
    query = select(t.account_change).where(c.account_id == account_id).order_by(c.no.desc()).limit(limit)
    if thing is not None:
        query = query.where(c.thing == thing)
    if thing_id is not None:
        query = query.where(c.thing_id == thing_id)
    return [dict(row) for row in connection.execute(query).mappings()]


def read_kept(connection: Connection, account_id: str, kind: str) -> dict[str, int | None]:
    """What an account keeps of a kind (track, release, artist): the URIs and when each was added."""
    c = t.kept.c
    query = select(c.uri, c.added_at).where(c.account_id == account_id, c.kind == kind)
    return {row.uri: row.added_at for row in connection.execute(query)}


def name_kept(connection: Connection, account_id: str, kind: str, uris: Sequence[str]) -> dict[str, str]:
    """The titles of some of it, by URI."""
    c, found = t.kept.c, dict[str, str]()
    for at in range(0, len(uris), 500):
        some = c.uri.in_(uris[at : at + 500])
        query = select(c.uri, c.title).where(c.account_id == account_id, c.kind == kind, some)
        found |= {row.uri: row.title for row in connection.execute(query)}
    return found


def list_kept(
    connection: Connection, account_id: str, kind: str, limit: int | None = None
) -> list[dict[str, Any]]:
    """The same with titles, the latest first."""
    c = t.kept.c
    query = select(t.kept).where(c.account_id == account_id, c.kind == kind).limit(limit)
    rows = connection.execute(query.order_by(c.added_at.desc(), c.title, c.uri)).mappings()
    return [_read_credits(dict(row)) for row in rows]


def read_part(connection: Connection, account_id: str, part: str) -> PartSync:
    """How far a part was read; all zero before the first time."""
    c = t.account_sync.c
    query = select(c.seen_at, c.whole_at, c.blanks, c.newest, c.reading_since)
    row = connection.execute(query.where(c.account_id == account_id, c.part == part)).first()
    return PartSync() if row is None else PartSync(*row)


def read_latest_look(connection: Connection, account_id: str) -> int:
    """When the latest look at an account began that has ended; 0 before the first."""
    c = t.account_sync.c
    latest = connection.execute(select(func.max(c.seen_at)).where(c.account_id == account_id)).scalar_one()
    return int(latest or 0)


def list_parts(connection: Connection, account_id: str) -> dict[str, PartSync]:
    """How far each part was read that was read at all."""
    c = t.account_sync.c
    query = select(c.part, c.seen_at, c.whole_at, c.blanks, c.newest, c.reading_since).where(
        c.account_id == account_id
    )
    return {row[0]: PartSync(*row[1:]) for row in connection.execute(query.order_by(c.part))}


def read_plays(connection: Connection, account_id: str, since: int) -> set[Place]:
    """When and what was played from a moment on."""
    c = t.account_play.c
    query = select(c.played_at, c.uri).where(c.account_id == account_id, c.played_at >= since)
    return {(row.played_at, row.uri) for row in connection.execute(query)}


def list_plays(connection: Connection, account_id: str, limit: int | None = None) -> list[dict[str, Any]]:
    """What was played, the latest first."""
    c = t.account_play.c
    query = select(t.account_play).where(c.account_id == account_id).limit(limit)
    rows = connection.execute(query.order_by(c.played_at.desc(), c.uri)).mappings()
    return [_read_credits(dict(row)) for row in rows]


def list_gaps(connection: Connection, account_id: str) -> list[dict[str, Any]]:
    """Between which moments plays may be missing, the latest first."""
    c = t.play_gap.c
    query = select(c.after, c.before, c.seen_at).where(c.account_id == account_id).order_by(c.after.desc())
    return [dict(row) for row in connection.execute(query).mappings()]


def _read_credits(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"credits": json.loads(row["credits"])}
