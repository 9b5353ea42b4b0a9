"""The audit's seal: transaction ids, the chain, its epochs, and how whole epochs may leave.

Revision ID: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

AUDIT_WORDS = "audit rows are never changed or deleted"
WORDS = "the audit's seal is never changed or deleted"
OPEN_WORDS = "the open epoch cannot be taken out"
INSERT_ONLY = ("backline_seal_epoch", "backline_seal", "backline_seal_drop")
# A row leaves only when its whole epoch was declared as taken out; see storage/seals_retention.py.
GONE_ROW = (
    "EXISTS (SELECT 1 FROM backline_seal s JOIN backline_seal_drop d ON d.epoch = s.epoch "
    "WHERE s.audit_id = OLD.id)"
)
GONE_SEAL = "EXISTS (SELECT 1 FROM backline_seal_drop d WHERE d.epoch = OLD.epoch)"
NO_LATER = "NOT EXISTS (SELECT 1 FROM backline_seal_epoch e WHERE e.epoch > NEW.epoch)"


def upgrade() -> None:
    """Make the tables, and the triggers that guard them."""
    _make_tables()
    if op.get_bind().dialect.name == "sqlite":
        op.add_column("backline_audit", sa.Column("xid", sa.BigInteger(), nullable=True))
        op.execute("CREATE INDEX ix_backline_audit_xid ON backline_audit (xid, id) WHERE xid IS NOT NULL")
        _guard_sqlite()
        return
    # The default is stable, so that the rows that stand get this transaction's id without being rewritten.
    op.execute("ALTER TABLE backline_audit ADD COLUMN xid xid8 DEFAULT pg_current_xact_id()")
    op.execute("CREATE INDEX ix_backline_audit_xid ON backline_audit (xid, id)")
    _guard_postgresql()


def _make_tables() -> None:
    op.create_table(
        "backline_seal_epoch",
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("foot", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("rows_before", sa.BigInteger(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("anchor", sa.Text(), nullable=True),
        sa.Column("xid_floor", sa.BigInteger(), nullable=False),
        sa.Column("audit_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("epoch", name=op.f("pk_backline_seal_epoch")),
    )
    op.create_table(
        "backline_seal",
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("audit_id", sa.BigInteger(), nullable=False),
        sa.Column("prev", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("epoch", "seq", name=op.f("pk_backline_seal")),
    )
    op.create_index("ux_backline_seal_audit", "backline_seal", ["audit_id"], unique=True)
    op.create_table(
        "backline_seal_drop",
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_hash", sa.LargeBinary(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=True),
        sa.Column("last_at", sa.BigInteger(), nullable=True),
        sa.Column("export_sha", sa.Text(), nullable=False),
        sa.Column("dropped_at", sa.BigInteger(), nullable=False),
        sa.Column("dropped_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("epoch", name=op.f("pk_backline_seal_drop")),
    )
    op.create_table(
        "backline_seal_anchor",
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("anchored_at", sa.BigInteger(), nullable=True),
        sa.Column("tried_at", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("target", name=op.f("pk_backline_seal_anchor")),
    )


def _guard_sqlite() -> None:
    op.execute("DROP TRIGGER backline_audit_no_delete")
    _forbid_sqlite(
        "backline_audit_no_delete", "BEFORE DELETE ON backline_audit", f"NOT {GONE_ROW}", AUDIT_WORDS
    )
    for table in INSERT_ONLY:
        same = "epoch = NEW.epoch"
        if table == "backline_seal":
            same = f"({same} AND seq = NEW.seq) OR audit_id = NEW.audit_id"
        _forbid_sqlite(f"{table}_no_update", f"BEFORE UPDATE ON {table}", "1", WORDS)
        gone = f"NOT {GONE_SEAL}" if table == "backline_seal" else "1"
        _forbid_sqlite(f"{table}_no_delete", f"BEFORE DELETE ON {table}", gone, WORDS)
        replaced = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"
        _forbid_sqlite(f"{table}_no_replace", f"BEFORE INSERT ON {table}", replaced, WORDS)
    _forbid_sqlite("backline_seal_drop_closed", "BEFORE INSERT ON backline_seal_drop", NO_LATER, OPEN_WORDS)


def _forbid_sqlite(name: str, event: str, when: str, words: str) -> None:
    quoted = words.replace("'", "''")
    op.execute(f"CREATE TRIGGER {name} {event} WHEN {when} BEGIN SELECT RAISE(ABORT, '{quoted}'); END")


def _guard_postgresql() -> None:
    op.execute("DROP TRIGGER backline_audit_no_change ON backline_audit")
    op.execute(
        "CREATE TRIGGER backline_audit_no_change BEFORE UPDATE ON backline_audit "
        "FOR EACH ROW EXECUTE FUNCTION backline_refuse_change()"
    )
    _make_function("backline_refuse_audit_delete", f"NOT {GONE_ROW}", AUDIT_WORDS, "OLD")
    _make_function("backline_refuse_seal_delete", f"NOT {GONE_SEAL}", WORDS, "OLD")
    _make_function("backline_refuse_seal_change", "true", WORDS, "OLD")
    _make_function("backline_refuse_open_epoch", NO_LATER, OPEN_WORDS, "NEW")
    _guard("backline_audit", "no_delete", "DELETE", "backline_refuse_audit_delete")
    for table in INSERT_ONLY:
        verbs = "UPDATE" if table == "backline_seal" else "UPDATE OR DELETE"
        _guard(table, "no_change", verbs, "backline_refuse_seal_change")
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION backline_refuse_seal_change()"
        )
    _guard("backline_seal", "no_delete", "DELETE", "backline_refuse_seal_delete")
    _guard("backline_seal_drop", "closed", "INSERT", "backline_refuse_open_epoch")


def _make_function(name: str, when: str, words: str, answer: str) -> None:
    quoted = words.replace("'", "''")
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {when} THEN RAISE EXCEPTION '{quoted}'; END IF; RETURN {answer}; END $$"
    )


def _guard(table: str, name: str, verbs: str, function: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_{name} BEFORE {verbs} ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()"
    )
