"""The sealer: chains audit rows in the order in which nothing can come in behind the head any more.

On PostgreSQL a row may become visible long after rows with a higher id. Only transactions that are older
than every running one (`xid < pg_snapshot_xmin`) can add nothing more, so rows are sealed in the order of
(transaction, id) up to there. On SQLite writers are serial, and the id is the order. One sealer works at a
time: on PostgreSQL whoever gets the advisory lock, on SQLite whoever holds the write lock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, text

from backline.errors import NeedsHuman
from backline.storage import seal_tables as t
from backline.storage.clock import now_sql, read_now
from backline.storage.locks import Lock, try_lock
from backline.storage.seal_rows import make_epoch, read_hash, select_raw, take_any_text
from backline.storage.seals_chain import GENESIS, ROW_FIELDS, Epoch, Head, chain_rows, hash_epoch

BATCH = 2000
RECENT = 5000  # newest rows among which the lag is looked for
_FIELDS = ", ".join(f"a.{name}" for name in ROW_FIELDS)
_UNSEALED = "NOT EXISTS (SELECT 1 FROM backline_seal s WHERE s.audit_id = a.id)"
_HEAD = text("SELECT seq, hash FROM backline_seal WHERE epoch = :epoch ORDER BY seq DESC LIMIT 1")
# The last row that was sealed in its turn, not caught up with when the epoch began (those may be another server's).
_CURSOR = text("""
SELECT CAST(CAST(a.xid AS TEXT) AS BIGINT) AS xid, a.id FROM backline_seal s JOIN backline_audit a ON a.id = s.audit_id
WHERE s.epoch = :epoch AND s.seq > coalesce((SELECT c.seq FROM backline_seal c WHERE c.audit_id = :caught), 0)
ORDER BY s.seq DESC LIMIT 1
""")
_PENDING = {
    "postgresql": text(f"""
SELECT {_FIELDS} FROM backline_audit a
WHERE (a.xid, a.id) > (CAST(CAST(:xid AS TEXT) AS xid8), :id) AND a.xid < pg_snapshot_xmin(pg_current_snapshot())
    AND {_UNSEALED} ORDER BY a.xid, a.id LIMIT :most
"""),
    "sqlite": text(f"""
SELECT {_FIELDS} FROM backline_audit a WHERE a.id > (SELECT coalesce(max(audit_id), 0) FROM backline_seal)
ORDER BY a.id LIMIT :most
"""),
}
_IS_FOREIGN = text("SELECT CAST(CAST(:xid AS TEXT) AS xid8) >= pg_snapshot_xmax(pg_current_snapshot())")
# The hashes of a batch go as one value, 32 bytes each: arrays of them cost the driver twice the time.
_INSERT_MANY = text("""
INSERT INTO backline_seal (epoch, seq, audit_id, prev, hash)
SELECT :epoch, :seq + n.no, n.id,
    CASE WHEN n.no = 1 THEN CAST(:prev AS BYTEA)
        ELSE substring(CAST(:hashes AS BYTEA) FROM CAST(n.no AS INTEGER) * 32 - 63 FOR 32) END,
    substring(CAST(:hashes AS BYTEA) FROM CAST(n.no AS INTEGER) * 32 - 31 FOR 32)
FROM unnest(CAST(:ids AS BIGINT[])) WITH ORDINALITY AS n (id, no)
""")
_LAG = """
SELECT ({now}) - min(at) AS oldest, count(*) AS waiting
FROM (SELECT id, at FROM backline_audit ORDER BY id DESC LIMIT :recent) a WHERE {unsealed}
"""
FOREIGN = "Audit rows carry transactions that this server has not had yet: they come from another one."
BEGIN = "Run `backline audit epoch --why …` to begin a new epoch."


def seal_batch(connection: Connection, most: int = BATCH, *, least_age: float = 0.0) -> int:
    """Seal up to `most` rows in the caller's writing transaction; how many. 0 where another sealer is at work.

    With `least_age` (seconds) nothing is done while the oldest row that waits is younger, which keeps
    many processes to one batch in that time. Raises `NeedsHuman` where rows come from another server.
    """
    if not try_lock(connection, Lock.SEALS):
        return 0
    epoch = read_epoch(connection) or _open_first(connection)
    rows = _read_pending(connection, epoch, 1 if least_age else most)
    if least_age and rows:
        if _is_young(connection, rows[0]["at"], least_age):
            return 0
        rows = _read_pending(connection, epoch, most)
    write_seals(connection, epoch, rows)
    return len(rows)


def is_anything_pending(connection: Connection) -> bool:
    """Whether a row could be sealed now: a look that takes no lock."""
    epoch = read_epoch(connection)
    if epoch is None:
        return connection.execute(text("SELECT 1 FROM backline_audit LIMIT 1")).first() is not None
    return bool(_read_pending(connection, epoch, 1))


def write_seals(connection: Connection, epoch: Epoch, rows: Sequence[Mapping[str, Any]]) -> None:
    """Chain these rows, in this order, onto the head of the epoch. The caller holds the sealer's lock."""
    if not rows:
        return
    seq, prev = _read_last(connection, epoch)
    links = list(chain_rows(prev, rows))
    if connection.dialect.name == "postgresql":  # one statement: a quarter of the time of many
        ids, _, hashes = zip(*links, strict=True)
        values = {
            "epoch": epoch.epoch,
            "seq": seq,
            "prev": prev,
            "ids": list(ids),
            "hashes": b"".join(hashes),
        }
        connection.execute(_INSERT_MANY, values)
        return
    connection.execute(
        insert(t.seal),
        [
            {"epoch": epoch.epoch, "seq": seq + number, "audit_id": audit_id, "prev": before, "hash": own}
            for number, (audit_id, before, own) in enumerate(links, 1)
        ],
    )


def read_head(connection: Connection) -> Head | None:
    """Where the chain stands now, by the database's clock; None before the first seal."""
    epoch = read_epoch(connection)
    if epoch is None:
        return None
    seq, own = _read_last(connection, epoch)
    now = read_now(connection)
    return Head(epoch.epoch, seq, own, epoch.rows_before + seq, now)


def read_epoch(connection: Connection) -> Epoch | None:
    """The open epoch; None before the first."""
    query = select_raw(t.epoch).order_by(t.epoch.c.epoch.desc()).limit(1)
    with take_any_text(connection):
        row = connection.execute(query).mappings().first()
    return None if row is None else make_epoch(row)


def read_cursor(connection: Connection, epoch: Epoch) -> tuple[int, int]:
    """(transaction, id) up to which everything is sealed. PostgreSQL only.

    Raises `NeedsHuman` where that is another server's.
    """
    last = connection.execute(_CURSOR, {"epoch": epoch.epoch, "caught": epoch.audit_id}).first()
    if last is None:
        return epoch.xid_floor, 0
    if connection.execute(_IS_FOREIGN, {"xid": last.xid}).scalar_one():
        raise NeedsHuman(FOREIGN, remedy=BEGIN)
    return last.xid, last.id


def read_lag(connection: Connection) -> tuple[float, int]:
    """Age in seconds of the oldest row that is not sealed, among the newest `RECENT`, and how many there are."""
    query = text(_LAG.format(now=now_sql(connection.dialect.name), unsealed=_UNSEALED))
    row = connection.execute(query, {"recent": RECENT}).one()
    return (row.oldest or 0) / 1_000_000, row.waiting


def write_epoch(connection: Connection, values: Mapping[str, Any]) -> Epoch:
    """Insert the row of an epoch, with its hash."""
    full = {**values, "hash": hash_epoch(values["foot"], values)}
    connection.execute(insert(t.epoch), full)
    return Epoch(**full)


def _open_first(connection: Connection) -> Epoch:
    now = read_now(connection)
    return write_epoch(
        connection,
        {
            "epoch": 1, "foot": GENESIS, "rows_before": 0, "began_at": now, "why": "first", "anchor": None,
            "xid_floor": 0, "audit_id": None,
        },
    )  # fmt: skip


def _read_last(connection: Connection, epoch: Epoch) -> tuple[int, bytes]:
    last = connection.execute(_HEAD, {"epoch": epoch.epoch}).first()
    return (0, epoch.hash) if last is None else (last.seq, read_hash(last.hash))


def _read_pending(connection: Connection, epoch: Epoch, most: int) -> list[Mapping[str, Any]]:
    """The next rows of which no earlier one can come any more, in their order."""
    values: dict[str, Any] = {"most": most}
    if connection.dialect.name == "postgresql":
        xid, number = read_cursor(connection, epoch)
        values |= {"xid": xid, "id": number}
    with take_any_text(connection):
        found = connection.execute(_PENDING[connection.dialect.name], values)
        return [dict(zip(ROW_FIELDS, row, strict=True)) for row in found]


def _is_young(connection: Connection, at: object, least_age: float) -> bool:
    """Whether more rows may be waited for. One that lies in the future, or in no time at all, is not young."""
    now = read_now(connection)
    return isinstance(at, int) and 0 <= now - at < least_age * 1_000_000
