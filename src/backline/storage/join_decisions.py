"""A person's word on which recording a track is: confirmed or refused once, it holds for every later import."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, select, text

from backline.errors import BadInput, UnknownName
from backline.storage import catalogue_tables as t
from backline.storage import fact_tables as f
from backline.storage.joins import JOINED, PROPOSED, REFUSED, join_tracks
from backline.storage.locks import Lock, take_lock

JoinRow = Row[Any]
STATES: Final = (JOINED, PROPOSED, REFUSED)
MOST_NAMED: Final = 10  # recordings that an error names
HAND: Final = "hand"  # how a pair was found that nothing had proposed
_LIST = """
SELECT k.id AS track, k.title, k.isrc, k.upc, a.name AS artist, a.id AS artist_id, r.id AS recording, j.*
FROM backline_track_join AS j JOIN backline_track AS k ON k.no = j.track_no
JOIN backline_artist AS a ON a.no = k.artist_no JOIN backline_recording AS r ON r.no = j.recording_no
WHERE {which} ORDER BY a.folded, k.folded, k.no, r.no LIMIT :most
"""
_ANSWERED = """
DELETE FROM backline_track_join WHERE track_no = :track AND recording_no <> :recording AND decided_at IS NULL
"""
_CONFIRM = """
INSERT INTO backline_track_join (track_no, recording_no, how, state, reasons, made_at, decided_at, decided_by)
VALUES (:track, :recording, :how, 'joined', :reasons, :now, :now, :by)
ON CONFLICT (track_no, recording_no) DO UPDATE SET state = 'joined', decided_at = :now, decided_by = :by
"""
_REFUSE = """
UPDATE backline_track_join SET state = 'refused', decided_at = :now, decided_by = :by
WHERE track_no = :track AND recording_no = :recording
"""


def list_joins(
    connection: Connection,
    *,
    states: Sequence[str] = (),
    artist_no: int | None = None,
    track_no: int | None = None,
    recording_no: int | None = None,
    limit: int = 1000,
) -> list[JoinRow]:
    """Joins with the names of both sides, by artist and title: track, title, artist, recording, how, state, reasons …

    The artist is the track's, as the reports name it.
    """
    told = {"k.artist_no": artist_no, "j.track_no": track_no, "j.recording_no": recording_no}
    values = {f"value{place}": value for place, value in enumerate(told.values()) if value is not None}
    which = [
        f"{name} = :value{place}" for place, (name, value) in enumerate(told.items()) if value is not None
    ]
    if states:
        which.append("j.state IN (" + ", ".join(repr(one) for one in STATES if one in states) + ")")
    query = text(_LIST.format(which=" AND ".join(which) or "true"))
    return list(connection.execute(query, {**values, "most": limit}).all())


def find_track(connection: Connection, track_id: str) -> Row[Any]:
    """A track of the reports by its id, or by a beginning of it that fits only one. Raises `UnknownName`."""
    c, wanted = f.track.c, track_id.strip()
    rows = connection.execute(select(f.track).where(c.id.startswith(wanted, autoescape=True)).limit(2)).all()
    found = [row for row in rows if row.id == wanted] or rows
    if len(found) != 1 or not wanted:
        known = "more than one track starts so" if found else "no track starts so"
        raise UnknownName(f"Track {track_id!r}: {known}.", remedy="`backline catalogue joins` shows them.")
    return found[0]


def confirm_join(
    connection: Connection, now: int, track: Row[Any], recording_no: int | None, *, by: str
) -> JoinRow:
    """A person says that a track is this recording, or, with None, the only one that is proposed.

    Another recording that a person had said before is refused from now on. Raises `BadInput` where there is a
    choice and none is named, or nothing to confirm.
    """
    take_lock(connection, Lock.CATALOGUE)
    rows = _read(connection, track.no)
    if recording_no is None:
        recording_no = _pick(connection, track, [row for row in rows if row.state == PROPOSED])
    for row in rows:
        if row.state == JOINED and row.recording_no != recording_no and row.decided_at is not None:
            _refuse(connection, now, track.no, row.recording_no, by)
    known = next((row for row in rows if row.recording_no == recording_no), None)
    connection.execute(text(_ANSWERED), {"track": track.no, "recording": recording_no})
    values = {
        "track": track.no, "recording": recording_no, "how": known.how if known else HAND,
        "reasons": known.reasons if known else json.dumps({}), "now": now, "by": by,
    }  # fmt: skip
    connection.execute(text(_CONFIRM), values)
    return next(row for row in _read(connection, track.no) if row.recording_no == recording_no)


def refuse_join(
    connection: Connection, now: int, track: Row[Any], recording_no: int | None, *, by: str
) -> list[JoinRow]:
    """A person says that a track is not this recording, or, with None, not the one that it is, or none of those proposed.

    A join is taken back so. What is refused is never proposed again; what else the track may be is. Returns what
    was refused. Raises `BadInput` where there is nothing to refuse.
    """
    take_lock(connection, Lock.CATALOGUE)
    rows = [row for row in _read(connection, track.no) if row.state != REFUSED]
    meant = [row for row in rows if recording_no in (None, row.recording_no)]
    if not meant:
        if rows:
            raise _ask_which(connection, track, rows, "refuse")
        raise BadInput(
            f"{track.title!r} is joined with nothing, and nothing is proposed for it.",
            remedy="`backline catalogue joins` shows what is.",
        )
    for row in meant:
        _refuse(connection, now, track.no, row.recording_no, by)
    join_tracks(connection, now, [track.no])
    return meant


def _refuse(connection: Connection, now: int, track: int, recording: int, by: str) -> None:
    connection.execute(text(_REFUSE), {"track": track, "recording": recording, "now": now, "by": by})


def _read(connection: Connection, track_no: int) -> list[JoinRow]:
    c = t.track_join.c
    return list(connection.execute(select(t.track_join).where(c.track_no == track_no)).all())


def _pick(connection: Connection, track: Row[Any], proposed: Sequence[JoinRow]) -> int:
    if len(proposed) == 1:
        return int(proposed[0].recording_no)
    if proposed:
        raise _ask_which(connection, track, proposed, "confirm")
    raise BadInput(
        f"Nothing is proposed for {track.title!r}.",
        remedy=f"Name the recording: backline catalogue confirm {track.id} RECORDING",
    )


def _ask_which(connection: Connection, track: Row[Any], rows: Sequence[JoinRow], verb: str) -> BadInput:
    """Names the recordings to choose from, by their ids: titles may be what only a platform says."""
    c = t.recording.c
    query = select(c.id).where(c.no.in_([row.recording_no for row in rows[:MOST_NAMED]])).order_by(c.no)
    ids = ", ".join(connection.execute(query).scalars())
    more = f" and {len(rows) - MOST_NAMED} more" if len(rows) > MOST_NAMED else ""
    return BadInput(
        f"{track.title!r} is or may be: {ids}{more}.",
        remedy=f"Name the one: backline catalogue {verb} {track.id} RECORDING",
    )
