"""The chain out of the database: its seals streamed with their rows, and the rows that no seal holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, text

from backline.errors import NeedsHuman
from backline.moments import show_moment
from backline.storage.clock import now_sql
from backline.storage.seal_rows import read_hash, read_number, take_any_text
from backline.storage.seals import read_cursor, read_epoch
from backline.storage.seals_chain import ROW_FIELDS, Seal
from backline.storage.seals_verify import Finding

LAST_ID = (1 << 63) - 1  # behind it SQLite gives ids by chance
LATE = 60.0  # seconds after which a row ought to be sealed
_CHUNK = 1000
_COLUMNS = ", ".join(f"a.{name}" for name in ROW_FIELDS)
_WALK = f"""
SELECT s.epoch, s.seq, s.audit_id, s.prev, s.hash, {_COLUMNS}
FROM backline_seal s LEFT JOIN backline_audit a ON a.id = s.audit_id {{where}} ORDER BY s.epoch, s.seq
"""
_UNSEALED = f"SELECT {_COLUMNS} FROM backline_audit a WHERE NOT EXISTS (SELECT 1 FROM backline_seal s WHERE s.audit_id = a.id) {{where}} ORDER BY a.id"
_IS_BEHIND = {
    "postgresql": "(a.xid, a.id) < (CAST(CAST(:xid AS TEXT) AS xid8), :id)",
    "sqlite": "a.id < (SELECT max(audit_id) FROM backline_seal)",
}
_STATE = {
    "postgresql": "WHEN a.xid >= pg_snapshot_xmax(pg_current_snapshot()) THEN 'foreign' "
    "WHEN a.xid >= pg_snapshot_xmin(pg_current_snapshot()) THEN 'waiting'",
    "sqlite": "",
}
_COUNT_UNSEALED = """
SELECT state, count(*) AS late, min(id) AS first, min(at) AS since FROM (
    SELECT a.id, a.at, CASE WHEN {behind} THEN 'inserted'
        WHEN a.at BETWEEN {now} - :late AND {now} + :late THEN 'young' {states} ELSE 'unsealed' END AS state
    FROM backline_audit a WHERE NOT EXISTS (SELECT 1 FROM backline_seal s WHERE s.audit_id = a.id)
) u WHERE state <> 'young' GROUP BY state ORDER BY state
"""
_COUNT_FUTURE = (
    "SELECT count(*) AS many, min(id) AS first, max(at) AS until FROM backline_audit WHERE at > {now} + :late"
)
_WORDS = {
    "inserted": (
        "inserted_row",
        True,
        "{were} put in behind rows that are sealed: no process of Backline does that",
    ),
    "unsealed": ("unsealed", True, "{are} not sealed: start a process, or run `backline audit anchor`"),
    "foreign": ("unsealed", True, "came from another server: run `backline audit epoch --why …`"),
    "stranded": (
        "unsealed",
        True,
        "came when the ids were used up and cannot be sealed",
    ),
    "waiting": ("waiting", False, "{are} waiting for a transaction that is still open"),
}
Range = tuple[tuple[int, int], tuple[int, int]]  # first and last (epoch, seq)


def walk_seals(connection: Connection, between: Range | None = None) -> Iterator[Seal]:
    """Every seal in the order of the chain, with its row, streamed."""
    where, values = "", {}
    if between is not None:
        where = "WHERE (s.epoch, s.seq) >= (:e1, :s1) AND (s.epoch, s.seq) <= (:e2, :s2)"
        (e1, s1), (e2, s2) = between
        values = {"e1": e1, "s1": s1, "e2": e2, "s2": s2}
    query = text(_WALK.format(where=where))
    with take_any_text(connection):
        result = connection.execute(query, values, execution_options={"yield_per": _CHUNK})
        for epoch, seq, audit_id, prev, own, *fields in result:
            row = None if fields[0] is None else dict(zip(ROW_FIELDS, fields, strict=True))
            place = (read_number(epoch), read_number(seq), read_number(audit_id))
            yield Seal(*place, read_hash(prev), read_hash(own), row)


def walk_unsealed(connection: Connection, since: int | None, until: int | None) -> Iterator[dict[str, Any]]:
    """Every row without a seal, by id, streamed; times in microseconds since 1970 UTC."""
    where = "AND a.at >= :since AND a.at < :until" if since is not None or until is not None else ""
    values = {"since": since or 0, "until": until if until is not None else 1 << 62}
    query = text(_UNSEALED.format(where=where))
    with take_any_text(connection):
        result = connection.execute(query, values if where else {}, execution_options={"yield_per": _CHUNK})
        for row in result.mappings():
            yield dict(row)


def find_range(connection: Connection, since: int | None, until: int | None) -> Range | None:
    """The stretch of the chain in which the rows of that time lie; None where there are none."""
    query = """
        SELECT s.epoch, s.seq FROM backline_seal s JOIN backline_audit a ON a.id = s.audit_id
        WHERE a.at >= :since AND a.at < :until ORDER BY s.epoch {way}, s.seq {way} LIMIT 1"""
    values = {"since": since or 0, "until": until if until is not None else 1 << 62}
    first = connection.execute(text(query.format(way="ASC")), values).first()
    last = connection.execute(text(query.format(way="DESC")), values).first()
    return None if first is None or last is None else ((first.epoch, first.seq), (last.epoch, last.seq))


def check_unsealed(connection: Connection) -> Iterator[Finding]:
    """Rows that ought to be sealed by now, rows that can never be, and rows of the future."""
    dialect = connection.dialect.name
    now, values = now_sql(dialect), {"late": int(LATE * 1_000_000)}
    query = _COUNT_UNSEALED.format(behind=_IS_BEHIND[dialect], now=now, states=_STATE[dialect])
    place = _find_place(connection) if dialect == "postgresql" else {}
    with take_any_text(connection):
        found = connection.execute(text(query), values | place).all()
        future = connection.execute(text(_COUNT_FUTURE.format(now=now)), values).one()
    is_used_up = dialect == "sqlite" and _is_used_up(connection)
    if is_used_up:
        says = (
            f"Audit row {LAST_ID} has the last id there is, which no process of Backline gave it: nothing can be sealed "
            "any more. Restore the newest backup from before."
        )
        yield Finding("last_id", says, audit_id=LAST_ID)
    for row in found:
        state = "stranded" if is_used_up and row.state == "inserted" else row.state
        kind, fault, words = _WORDS[state]
        since, is_one = show_moment(row.since), row.late == 1
        subject = (
            f"Audit row {row.first} of {since}"
            if is_one
            else f"{row.late:,} audit rows, the first {row.first} of {since},"
        )
        says = f"{subject} {words.format(are='is', were='was') if is_one else words.format(are='are', were='were')}."
        yield Finding(kind, says, fault=fault, audit_id=row.first)
    if future.many:
        until = show_moment(future.until)
        subject = (
            f"Audit row {future.first} lies in the future, at {until}"
            if future.many == 1
            else f"{future.many:,} audit rows, the first {future.first}, lie in the future, up to {until}"
        )
        says = f"{subject}: the clock was set back, or another time was told."
        yield Finding("future_row", says, fault=False, audit_id=future.first)


def _is_used_up(connection: Connection) -> bool:
    query = text("SELECT 1 FROM backline_audit WHERE id = :last")
    return connection.execute(query, {"last": LAST_ID}).first() is not None


def _find_place(connection: Connection) -> dict[str, int]:
    """Behind which place on PostgreSQL nothing can come any more; the beginning where nobody can say."""
    epoch = read_epoch(connection)
    try:
        xid, number = (0, 0) if epoch is None else read_cursor(connection, epoch)
    except NeedsHuman:  # of another server: told by the rows that nobody seals
        xid, number = 0, 0
    return {"xid": xid, "id": number}
