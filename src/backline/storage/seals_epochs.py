"""Epochs of the chain: a new one begins in the open, and nothing that was sealed is hashed anew."""

from __future__ import annotations

from sqlalchemy import Connection, select, text

from backline.storage import seal_tables as t
from backline.storage.audits import AuditEntry, tell_audit, write_body
from backline.storage.clock import read_now
from backline.storage.locks import Lock, take_lock
from backline.storage.run_tables import audit
from backline.storage.seal_rows import make_drop, make_epoch, select_raw, take_any_text
from backline.storage.seals import BATCH, read_epoch, read_head, write_epoch, write_seals
from backline.storage.seals_chain import GENESIS, ROW_FIELDS, Drop, Epoch

_XID_FLOOR = text("SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT)")


def begin_epoch(
    connection: Connection, why: str, anchor: str | None = None, *, actor: str = "backline", least: int = 1
) -> int:
    """Begin a new epoch on the head of the last, in the caller's writing transaction; its number.

    For `restore`: call it before any process works on the restored database; `anchor` names what was gone
    back to (for example `epoch 1, seq 4000` of a backup), and verify then knows why later anchors are
    missing from the chain. An audit row `audit.epoch` tells of it. Rows that were written but not sealed
    are sealed first thing in the new epoch, since on another PostgreSQL server their transaction ids say
    nothing. The number is at least `least`: one that anchors of what was lost know already is not taken again.
    """
    take_lock(connection, Lock.SEALS)
    last, head = read_epoch(connection), read_head(connection)
    now = read_now(connection)
    number = max(least, 1 if last is None else last.epoch + 1)
    foot = GENESIS if head is None else head.hash
    # First the floor, then the rows: what is not visible below is of a transaction from the floor on.
    floor = int(connection.execute(_XID_FLOOR).scalar_one()) if connection.dialect.name == "postgresql" else 0
    body = write_body({"anchor": anchor, "foot": foot.hex(), "why": why})
    audit_id = tell_audit(connection, now, AuditEntry(actor, "audit.epoch", f"audit-epoch:{number}", body))
    epoch = write_epoch(
        connection,
        {
            "epoch": number, "foot": foot, "rows_before": 0 if head is None else head.count, "began_at": now,
            "why": why, "anchor": anchor, "xid_floor": floor, "audit_id": audit_id,
        },
    )  # fmt: skip
    _catch_up(connection, epoch)
    return number


def list_epochs(connection: Connection) -> list[Epoch]:
    """Every epoch, oldest first."""
    with take_any_text(connection):
        rows = connection.execute(select_raw(t.epoch).order_by(t.epoch.c.epoch))
        return [make_epoch(row) for row in rows.mappings()]


def list_drops(connection: Connection) -> list[Drop]:
    """Every epoch that was taken out, oldest first."""
    with take_any_text(connection):
        rows = connection.execute(select_raw(t.drop).order_by(t.drop.c.epoch))
        return [make_drop(row) for row in rows.mappings()]


def _catch_up(connection: Connection, epoch: Epoch) -> None:
    """Seal every row that is visible and not sealed, by id, up to the one that tells of the epoch."""
    columns = [audit.c[name] for name in ROW_FIELDS]
    unsealed = ~select(1).where(t.seal.c.audit_id == audit.c.id).exists()
    query = select(*columns).where(unsealed, audit.c.id <= epoch.audit_id).order_by(audit.c.id).limit(BATCH)
    last = 0
    while True:
        with take_any_text(connection):
            rows = [dict(row) for row in connection.execute(query.where(audit.c.id > last)).mappings()]
        write_seals(connection, epoch, rows)
        if len(rows) < BATCH:
            return
        last = rows[-1]["id"]
