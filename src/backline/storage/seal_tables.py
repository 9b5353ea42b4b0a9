"""Tables of the audit's seal: the chain, its epochs, epochs taken out, and when each anchor target was last served."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from backline.storage.run_tables import metadata

epoch = Table(
    "backline_seal_epoch",
    metadata,
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("foot", LargeBinary, nullable=False),  # the last hash of the epoch before
    Column("hash", LargeBinary, nullable=False),  # of this row on its foot: what the first seal stands on
    Column("rows_before", BigInteger, nullable=False),  # seals of all epochs before
    Column("began_at", BigInteger, nullable=False),
    Column("why", Text, nullable=False),
    Column("anchor", Text),  # the anchor that a restore goes back to
    Column("xid_floor", BigInteger, nullable=False),  # transactions from here on are this server's own
    Column("audit_id", BigInteger),  # the row that tells of the beginning; those up to it were caught up with
)

seal = Table(
    "backline_seal",
    metadata,
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),  # from 1 in each epoch
    Column("audit_id", BigInteger, nullable=False),
    Column("prev", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
Index("ux_backline_seal_audit", seal.c.audit_id, unique=True)

drop = Table(
    "backline_seal_drop",
    metadata,
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("last_hash", LargeBinary, nullable=False),
    Column("first_at", BigInteger),
    Column("last_at", BigInteger),
    Column("export_sha", Text, nullable=False),
    Column("dropped_at", BigInteger, nullable=False),
    Column("dropped_by", Text, nullable=False),
)

anchor = Table(
    "backline_seal_anchor",
    metadata,
    Column("target", Text, primary_key=True),
    Column("epoch", Integer),
    Column("seq", BigInteger),
    Column("anchored_at", BigInteger),
    Column("tried_at", BigInteger, nullable=False),
    Column("error", Text),  # of the last try, where it failed
)
