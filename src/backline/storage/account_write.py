"""What a look at an account came to, written in the finish of its run.

Nothing is written for an account that was disconnected meanwhile. What is seen again stays longer, but is written
only when that is more than a day, so that a look at which nothing had changed writes next to nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Table, func, select

from backline.storage import account_tables as t
from backline.storage.account_rows import (
    AccountChange,
    KeptThing,
    ListHead,
    PartSync,
    Played,
    Slot,
    pack_slots,
)
from backline.storage.spotify_tables import account

DAY = 86_400_000_000  # µs
BATCH = 500
Changes = Sequence[AccountChange]


@dataclass(frozen=True, slots=True)
class Look:
    """Whose look it was, when it began (µs), until when what it saw may stay, and which run it belongs to."""

    account_id: str
    now: int
    keep_until: int
    run_id: str

    @property
    def seen(self) -> dict[str, Any]:
        """What each row says of it."""
        return {"account_id": self.account_id, "seen_at": self.now, "expires_at": self.keep_until}


def is_connected(connection: Connection, account_id: str) -> bool:
    """Whether the account is still there; until the transaction ends it is, and nobody else writes of it."""
    query = select(account.c.account_id).where(account.c.account_id == account_id).with_for_update()
    return connection.execute(query).first() is not None


def write_lists(
    connection: Connection, look: Look, new: Sequence[ListHead], changed: Sequence[ListHead],
    same: Sequence[str], gone: Sequence[str],
) -> None:  # fmt: skip
    """The playlists themselves: those that came, that are told otherwise, that are as they were, that went."""
    c = t.playlist.c
    here = c.account_id == look.account_id
    _insert(connection, t.playlist, [asdict(head) | look.seen for head in new])
    for head in changed:
        values = asdict(head) | look.seen | {"gone_at": None}
        connection.execute(
            t.playlist.update().where(here, c.playlist_id == head.playlist_id).values(**values)
        )
    fresh = {"seen_at": look.now, "expires_at": look.keep_until}
    for some in _share(same):
        old = (c.playlist_id.in_(some), c.expires_at < look.keep_until - DAY)
        connection.execute(t.playlist.update().where(here, *old).values(**fresh))
    for some in _share(gone):
        connection.execute(t.playlist.update().where(here, c.playlist_id.in_(some)).values(gone_at=look.now))


def prolong_slots(connection: Connection, look: Look, ids: Sequence[str]) -> None:
    """The rows of these playlists are as they were, so they stay longer."""
    p, s = t.playlist.c, t.playlist_state.c
    for some in _share(ids):
        latest = (
            select(func.max(s.no))
            .join_from(t.playlist, t.playlist_state, s.playlist_no == p.no)
            .where(p.account_id == look.account_id, p.playlist_id.in_(some))
            .group_by(s.playlist_no)
        )
        old = s.expires_at < look.keep_until - DAY
        values = {"expires_at": look.keep_until}
        connection.execute(t.playlist_state.update().where(s.no.in_(latest), old).values(**values))


def write_slots(
    connection: Connection, look: Look, playlist_id: str, snapshot: str | None, slots: Sequence[Slot] | None
) -> None:
    """The rows of a playlist, and only with them its snapshot. `slots` None: they are as they were."""
    p, s = t.playlist.c, t.playlist_state.c
    which = (p.account_id == look.account_id, p.playlist_id == playlist_id)
    number = connection.execute(select(p.no).where(*which)).scalar_one()
    if slots is None:
        latest = select(s.no).where(s.playlist_no == number).order_by(s.no.desc()).limit(1).scalar_subquery()
        connection.execute(
            t.playlist_state.update()
            .where(s.no == latest)
            .values(snapshot=snapshot, expires_at=look.keep_until)
        )
    else:
        values = {
            "playlist_no": number, "snapshot": snapshot, "total": len(slots), "rows": pack_slots(slots),
            "run_id": look.run_id,
        }  # fmt: skip
        connection.execute(t.playlist_state.insert().values(**values, **look.seen))
    done = {"reading_snapshot": None, "reading_since": None}
    connection.execute(t.playlist.update().where(*which).values(**done))


def write_begun(
    connection: Connection, look: Look, playlist_id: str, snapshot: str | None, since: int
) -> None:
    """That the rows of a playlist were read in part: answers since then need not be asked for again."""
    which = (t.playlist.c.account_id == look.account_id, t.playlist.c.playlist_id == playlist_id)
    values = {"reading_snapshot": snapshot, "reading_since": since}
    connection.execute(t.playlist.update().where(*which).values(**values))


def write_kept(
    connection: Connection, look: Look, kind: str, added: Iterable[KeptThing], gone: Sequence[str]
) -> None:
    """What an account keeps of a kind: what came or was added anew, and what went. The rest stays longer."""
    c = t.kept.c
    here = (c.account_id == look.account_id, c.kind == kind)
    rows = [asdict(one) | {"credits": json.dumps(one.credits)} | look.seen for one in added]
    for some in _share([*gone, *(row["uri"] for row in rows)]):
        connection.execute(t.kept.delete().where(*here, c.uri.in_(some)))
    _insert(connection, t.kept, rows)
    fresh = {"seen_at": look.now, "expires_at": look.keep_until}
    connection.execute(t.kept.update().where(*here, c.expires_at < look.keep_until - DAY).values(**fresh))


def write_plays(
    connection: Connection, look: Look, plays: Iterable[Played], gap: tuple[int, int] | None
) -> None:
    """New plays, and between which two of them others may be missing."""
    rows = [asdict(one) | {"credits": json.dumps(one.credits)} | look.seen for one in plays]
    _insert(connection, t.account_play, rows)
    if gap is not None:
        after, before = gap
        values = look.seen | {"after": after, "before": before, "run_id": look.run_id}
        connection.execute(t.play_gap.insert().values(**values))


def write_part(connection: Connection, look: Look, part: str, sync: PartSync) -> None:
    """How far a part was read."""
    c, values = t.account_sync.c, asdict(sync)
    which = (c.account_id == look.account_id, c.part == part)
    if not connection.execute(t.account_sync.update().where(*which).values(**values)).rowcount:
        row = {"account_id": look.account_id, "part": part}
        connection.execute(t.account_sync.insert().values(**row, **values))


def write_changes(connection: Connection, look: Look, changes: Changes) -> None:
    """The history; it leaves with what it tells of."""
    rows = [asdict(change) | look.seen | {"run_id": look.run_id} for change in changes]
    _insert(connection, t.account_change, rows)


def _insert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        connection.execute(table.insert(), list(rows))


def _share(values: Sequence[str]) -> Iterable[Sequence[str]]:
    for at in range(0, len(values), BATCH):
        yield values[at : at + BATCH]
