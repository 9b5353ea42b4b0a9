"""Which recording of the catalogue a track of the reports is: by ISRC, by UPC and title, else a choice by title.

A code joins by itself, a title never does: recordings of the same title by the same artist are proposed, and a
person confirms one or refuses. What a person decided stands; everything else here follows from what tracks and
entries say, so that it does not matter which of the two came first. A recording that has another ISRC than the
track is never meant by its title.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, text

from backline.storage import catalogue_tables as t
from backline.storage.bulk import bind_numbers
from backline.storage.catalogue import JOINT
from backline.storage.locks import Lock, take_lock

JOINED, PROPOSED, REFUSED = "joined", "proposed", "refused"
RUNGS: Final = ("isrc", "upc", "title")  # the surest first; the first two join by themselves
_HAS_RECORDINGS = "SELECT 1 FROM backline_recording LIMIT 1"
# Shared credits of charts ("A, B") count for each artist of the catalogue that is a part of them.
_SHARED = """
SELECT p.artist_no AS credit, a.no AS artist_no FROM backline_artist AS a
JOIN backline_credit_part AS p ON p.part = a.folded
"""
# CROSS JOIN keeps SQLite to this order, from few rows to their keys; it keeps no statistics to find it by itself.
_WANTED = """WITH wanted AS (
    SELECT no, artist_no, folded, isrc, upc FROM backline_track WHERE no IN ({numbers}))"""
_FREE = """(w.isrc IS NULL OR NOT EXISTS (
    SELECT 1 FROM backline_entry AS o WHERE o.kind = 'recording' AND o.thing_no = e.thing_no AND o.isrc IS NOT NULL))"""
_PAIRS = f"""{_WANTED}
SELECT w.no AS track, e.thing_no AS recording, 0 AS rung FROM wanted AS w CROSS JOIN backline_entry AS e
WHERE e.isrc = w.isrc AND e.kind = 'recording'
UNION
SELECT w.no, e.thing_no, 1 FROM wanted AS w CROSS JOIN backline_entry AS r
CROSS JOIN backline_appearance AS a CROSS JOIN backline_entry AS e
WHERE r.upc = w.upc AND r.kind = 'release' AND a.release_no = r.thing_no
    AND e.kind = 'recording' AND e.thing_no = a.recording_no AND e.folded = w.folded AND {_FREE}
UNION
SELECT w.no, e.thing_no, 2 FROM wanted AS w CROSS JOIN backline_entry AS e
WHERE e.artist_no = w.artist_no AND e.kind = 'recording' AND e.folded = w.folded AND {_FREE}
UNION
SELECT w.no, e.thing_no, 2 FROM wanted AS w CROSS JOIN backline_performer AS p CROSS JOIN backline_entry AS e
WHERE p.artist_no = w.artist_no AND e.kind = 'recording' AND e.thing_no = p.recording_no AND e.folded = w.folded
    AND {_FREE}
"""
_HAS_SHARED = f"""{_WANTED}
SELECT 1 FROM wanted AS w CROSS JOIN backline_artist AS a WHERE a.no = w.artist_no AND a.name LIKE '%{JOINT}%' LIMIT 1"""
_SHARED_PAIRS = f"""{_WANTED},
shared AS (
    {_SHARED} WHERE a.no IN (SELECT artist_no FROM backline_entry UNION SELECT artist_no FROM backline_performer))
SELECT w.no AS track, e.thing_no AS recording, 2 AS rung FROM shared AS s CROSS JOIN wanted AS w
CROSS JOIN backline_entry AS e
WHERE w.artist_no = s.credit AND e.artist_no = s.artist_no AND e.kind = 'recording' AND e.folded = w.folded AND {_FREE}
UNION
SELECT w.no, e.thing_no, 2 FROM shared AS s CROSS JOIN wanted AS w CROSS JOIN backline_performer AS p
CROSS JOIN backline_entry AS e
WHERE w.artist_no = s.credit AND p.artist_no = s.artist_no AND e.kind = 'recording' AND e.thing_no = p.recording_no
    AND e.folded = w.folded AND {_FREE}
"""
_KNOWN = """
SELECT track_no, recording_no, how, state, decided_at FROM backline_track_join WHERE track_no IN ({numbers})
"""
# Whatever may be joined with a recording of these artists, and whatever was.
_CONCERNED = f"""
WITH known AS (
    SELECT thing_no, artist_no, folded, isrc FROM backline_entry
    WHERE kind = 'recording' AND artist_no IN ({{numbers}})
    UNION
    SELECT e.thing_no, p.artist_no, e.folded, e.isrc FROM backline_performer AS p CROSS JOIN backline_entry AS e
    WHERE p.artist_no IN ({{numbers}}) AND e.kind = 'recording' AND e.thing_no = p.recording_no)
SELECT k.no FROM known AS e CROSS JOIN backline_track AS k WHERE k.isrc = e.isrc
UNION
SELECT k.no FROM known AS e CROSS JOIN backline_appearance AS a CROSS JOIN backline_entry AS r
CROSS JOIN backline_track AS k
WHERE a.recording_no = e.thing_no AND r.kind = 'release' AND r.thing_no = a.release_no AND k.upc = r.upc
    AND k.folded = e.folded
UNION
SELECT k.no FROM known AS e CROSS JOIN backline_track AS k WHERE k.artist_no = e.artist_no AND k.folded = e.folded
UNION
SELECT k.no FROM ({_SHARED} WHERE a.no IN ({{numbers}})) AS s CROSS JOIN known AS e CROSS JOIN backline_track AS k
WHERE e.artist_no = s.artist_no AND k.artist_no = s.credit AND k.folded = e.folded
UNION
SELECT j.track_no FROM known AS e CROSS JOIN backline_track_join AS j WHERE j.recording_no = e.thing_no
"""
_BROUGHT = """
SELECT j.track_no FROM backline_track_join AS j WHERE j.decided_at IS NULL AND j.track_no IN (
    SELECT f.track_no FROM backline_fact AS f WHERE f.claim_id IN (
        SELECT id FROM backline_claim WHERE import_no = :import_no
        UNION ALL SELECT claim_id FROM backline_claim_echo WHERE import_no = :import_no))
"""
_STILL_TOLD = """
SELECT DISTINCT f.track_no FROM backline_fact AS f JOIN backline_claim AS c ON c.id = f.claim_id AND c.current
WHERE f.artist_no IN (SELECT artist_no FROM backline_track WHERE no IN ({numbers})) AND f.track_no IN ({numbers})
"""
_DELETE = "DELETE FROM backline_track_join WHERE track_no = :track AND recording_no = :recording"
_FORGET = "DELETE FROM backline_track_join WHERE decided_at IS NULL AND track_no IN ({numbers})"
Pair = tuple[int, int]  # numbers of a track and a recording


@dataclass(frozen=True)
class JoinCounts:
    """How many tracks were joined by themselves now, and of how many a person has to say which recording they are."""

    joined: int = 0
    proposed: int = 0


def join_tracks(connection: Connection, moment: int, tracks: Iterable[int]) -> JoinCounts:
    """Join these tracks (their `no`), in the caller's transaction. Costs a lock and a look where the catalogue is empty.

    `moment`: microseconds since 1970 UTC. What was joined or proposed before and is no more so is undone.
    """
    take_lock(connection, Lock.CATALOGUE)  # before the look: the first recording may be on its way
    if connection.execute(text(_HAS_RECORDINGS)).first() is None:
        return JoinCounts()
    wanted = sorted({int(track) for track in tracks if track})
    if not wanted:
        return JoinCounts()
    known = {(int(row.track_no), int(row.recording_no)): row for row in _ask(connection, _KNOWN, wanted)}
    found = _choose(_find_pairs(connection, wanted), known)
    machine = {pair: (row.how, row.state) for pair, row in known.items() if row.decided_at is None}
    fresh = {pair: told for pair, told in found.items() if machine.get(pair) != told}
    stale = [pair for pair, told in machine.items() if found.get(pair) != told]
    if stale:
        connection.execute(text(_DELETE), [{"track": track, "recording": no} for track, no in stale])
    if fresh:
        connection.execute(t.track_join.insert(), list(_describe(connection, moment, fresh)))
    is_new = {
        state: len({pair[0] for pair, told in fresh.items() if told[1] == state})
        for state in (JOINED, PROPOSED)
    }
    return JoinCounts(is_new[JOINED], is_new[PROPOSED])


def join_artists(connection: Connection, moment: int, artists: Sequence[int]) -> JoinCounts:
    """Join what reports named earlier with the recordings of these artists (their `no`), of which more is known now."""
    tracks = [row[0] for row in _ask(connection, _CONCERNED, sorted(set(artists)))]
    return join_tracks(connection, moment, tracks)


def forget_import(connection: Connection, import_no: int) -> None:
    """An import is taken back, and its claims handed over: tracks that count nowhere any more lose what nobody decided.

    The same file, imported again, joins them again.
    """
    take_lock(connection, Lock.CATALOGUE)
    if connection.execute(text(_HAS_RECORDINGS)).first() is None:
        return
    brought = {int(no) for no in connection.execute(text(_BROUGHT), {"import_no": import_no}).scalars()}
    if brought:
        left = brought - {int(row[0]) for row in _ask(connection, _STILL_TOLD, sorted(brought))}
        _ask(connection, _FORGET, sorted(left))


def _ask(connection: Connection, query: str, numbers: Sequence[int]) -> Any:
    listed, value = bind_numbers(connection, numbers)
    return connection.execute(text(query.format(numbers=listed)), {"numbers": value})


def _find_pairs(connection: Connection, tracks: Sequence[int]) -> dict[int, list[set[int]]]:
    """For each track the recordings that it may be, rung by rung."""
    pairs: dict[int, list[set[int]]] = defaultdict(lambda: [set() for _ in RUNGS])
    queries = [_PAIRS]
    if _ask(connection, _HAS_SHARED, tracks).first() is not None:
        queries.append(_SHARED_PAIRS)
    for query in queries:
        for track, recording, rung in _ask(connection, query, tracks):
            pairs[int(track)][int(rung)].add(int(recording))
    return pairs


def _choose(pairs: dict[int, list[set[int]]], known: dict[Pair, Any]) -> dict[Pair, tuple[str, str]]:
    """What follows by itself: of each track that nobody has joined the recordings of its surest rung."""
    by_person = {pair[0] for pair, row in known.items() if row.state == JOINED and row.decided_at is not None}
    refused = {pair for pair, row in known.items() if row.state == REFUSED}
    chosen: dict[Pair, tuple[str, str]] = {}
    for track, rungs in pairs.items():
        if track in by_person:
            continue
        for how, recordings in zip(RUNGS, rungs, strict=True):
            left = [no for no in recordings if (track, no) not in refused]
            if left:
                state = JOINED if len(left) == 1 and how != "title" else PROPOSED
                chosen |= {(track, no): (how, state) for no in left}
                break
    return chosen


def _describe(
    connection: Connection, moment: int, fresh: dict[Pair, tuple[str, str]]
) -> Iterable[dict[str, Any]]:
    """Rows; the reasons repeat only what the report itself says."""
    query = "SELECT no, title, isrc, upc FROM backline_track WHERE no IN ({numbers})"
    told = {row.no: row for row in _ask(connection, query, sorted({track for track, _ in fresh}))}
    choices: dict[int, int] = defaultdict(int)
    for track, _ in fresh:
        choices[track] += 1
    for (track, recording), (how, state) in fresh.items():
        row = told[track]
        reasons: dict[str, Any] = {"isrc": row.isrc} if how == "isrc" else {"title": row.title}
        if how == "upc":
            reasons["upc"] = row.upc
        if choices[track] > 1:
            reasons["choice"] = choices[track]
        yield {
            "track_no": track, "recording_no": recording, "how": how, "state": state,
            "reasons": json.dumps(reasons, ensure_ascii=False), "made_at": moment,
        }  # fmt: skip
